"""Columns of the types of Arrow."""

from pathlib import Path

import pandas as pd
import pyarrow as pa

from kerasae import notations
from kerasae.data.tables.columns import column_of
from kerasae.spec import Column


def check_type(path: Path, name: str, kind: pa.DataType) -> None:
    """Refuses a type that is no number, boolean, date or text."""
    nested = pa.types.is_nested(kind)
    if nested or pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_duration(kind):
        expected = "one value a cell" if nested else "numbers, booleans, dates or texts"
        shown = "lists or structures in column" if nested else "column"
        of = "" if nested else f" of type {kind}"
        raise ValueError(
            f"Expected {expected} in {path}, received {shown} '{name}'{of}; leave it out with --set "
            f"'data.drop=[\"{name}\"]'."
        )


def typed_column(
    name: str,
    arrow: pa.DataType,
    kind: str | None,
    gaps: bool,
    bits: bool,
    missing: tuple[str, ...],
    empty: pd.Series | None,
) -> Column:
    """The column of a type of Arrow's."""
    gaps = gaps or bool(missing)
    shown = str(arrow)
    if pa.types.is_integer(arrow):
        kind = kind or ("boolean" if bits else "number")
        dtype = shown.capitalize().replace("Uint", "UInt") if gaps else shown
    elif pa.types.is_boolean(arrow):
        kind, dtype = kind or "boolean", "boolean" if gaps else "bool"
    elif pa.types.is_date(arrow) or pa.types.is_timestamp(arrow):
        kind, dtype = (
            kind or "date",
            f"datetime64[us, {arrow.tz}]" if getattr(arrow, "tz", None) else "datetime64[us]",
        )
    elif pa.types.is_decimal(arrow):
        kind, dtype = kind or "number", "float64"
    else:
        empty = pa.array([], arrow).to_pandas() if empty is None else empty
        found = column_of(pd.Series(empty, name=name), kind)
        kind, dtype = found.kind, found.dtype
    if kind == "category" and not pa.types.is_dictionary(arrow):
        # Codes that are numbers come back as texts: an unknown one is no number.
        dtype = "str"
    elif kind == "number" and pa.types.is_boolean(arrow):
        dtype = "float64"
    return Column(name, kind, dtype, notation=notations.plain(kind).with_missing(missing))
