"""Preprocessors, one in each file or package: raw examples to numbers and back, inside the model."""

from kerasae import registry
from kerasae.preprocessing._base import Preprocessor, check_rows, slices
from kerasae.preprocessing._column_names import column_keys, named_by_text
from kerasae.preprocessing._columns import as_written, column_values, seconds_since_1970
from kerasae.preprocessing._raw_types import as_type, in_zone, is_time, plain, type_name

globals().update(registry.members("preprocessing"))

__all__ = [
    "Preprocessor",
    "as_type",
    "as_written",
    "column_keys",
    "column_values",
    "check_rows",
    "in_zone",
    "is_time",
    "named_by_text",
    "plain",
    "seconds_since_1970",
    "slices",
    "type_name",
    *registry.members("preprocessing"),
]
