"""Preprocessors, one in each file or package: raw examples to numbers and back, inside the model.

Names are loaded when they are first used: what reads the columns of a table needs no TensorFlow.
"""

from kerasae import registry

_HOMES = {
    "Preprocessor": "kerasae.preprocessing._base",
    "array_tensors": "kerasae.preprocessing._arrays",
    "as_frame": "kerasae.preprocessing._arrow_frames",
    "as_known": "kerasae.preprocessing._entries",
    "as_type": "kerasae.preprocessing._raw_types",
    "as_written": "kerasae.preprocessing._columns",
    "check_rows": "kerasae.preprocessing._base",
    "column_keys": "kerasae.preprocessing._column_names",
    "column_values": "kerasae.preprocessing._columns",
    "file_entries": "kerasae.preprocessing._entries",
    "in_zone": "kerasae.preprocessing._raw_types",
    "is_time": "kerasae.preprocessing._raw_types",
    "named_by_text": "kerasae.preprocessing._column_names",
    "plain": "kerasae.preprocessing._raw_types",
    "seconds_since_1970": "kerasae.preprocessing._columns",
    "slices": "kerasae.preprocessing._base",
    "table_tensors": "kerasae.preprocessing._table_tensors",
    "type_name": "kerasae.preprocessing._raw_types",
}

__getattr__ = registry.when_used("preprocessing", _HOMES)
