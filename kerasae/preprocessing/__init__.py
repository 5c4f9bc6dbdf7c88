"""Preprocessors, one a file: raw examples to numbers and back, inside the model."""

from kerasae import registry
from kerasae.preprocessing._base import Preprocessor, check_rows, slices
from kerasae.preprocessing._columns import as_written, column_values
from kerasae.preprocessing._raw_types import plain, type_name
from kerasae.spec import Spec

globals().update(registry.members("preprocessing"))

__all__ = [
    "Preprocessor",
    "as_written",
    "column_values",
    "check_rows",
    "default",
    "plain",
    "slices",
    "type_name",
    *registry.members("preprocessing"),
]


def default(spec: Spec) -> str:
    """The preprocessor that suits a kind: a known range or an image is rescaled, the rest standardised."""
    if spec.kind in registry.names("preprocessing"):
        return spec.kind
    return "rescaling" if spec.kind == "image" or spec.low is not None else "standardization"
