"""as_frame: a table of any library with Arrow columns, as pandas holds it."""

from typing import Any

import pandas as pd
import pyarrow as pa


def as_frame(raw: Any) -> Any:
    """Convert an Arrow table, or a table of a library with Arrow columns such as polars, to a DataFrame.

    Columns keep their Arrow types. Dictionaries become categories. Other objects are returned unchanged.

    Args:
        raw: Table, or anything else.
    """
    # pandas has Arrow's interface, too, and so has a single column of polars.
    if hasattr(raw, "iloc") or not hasattr(raw, "__arrow_c_stream__") or not hasattr(raw, "columns"):
        return raw
    table = pa.table(raw)
    for place, field in enumerate(table.schema):
        if (known := _known(field.type)) is not None:
            table = table.set_column(place, field.name, table.column(place).cast(known))
    return table.to_pandas(
        types_mapper=lambda kind: None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)
    )


def _known(kind: pa.DataType) -> pa.DataType | None:
    """Return the type that pandas has a name for, in place of the string type of polars."""
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type):
        return pa.dictionary(kind.index_type, pa.string())
    return None
