"""ArrowFinder: the kind and the type of a column in a file that knows its types."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae import notations
from kerasae.data._columns.column_finder import ColumnFinder
from kerasae.data._columns.column_of import column_of
from kerasae.notations import trim
from kerasae.spec import Column


class ArrowFinder:
    """The kind and the type of one column, seen block by block.

    Args:
        name: Name of the column.
        arrow: Type of its values.
        kind: Kind that the user gave, or `None`.
        missing: Entries that stand for a missing one.
    """

    def __init__(self, name: str, arrow: pa.DataType, kind: str | None, missing: tuple[str, ...]) -> None:
        self._name, self._arrow, self._kind, self._missing = name, arrow, kind, missing
        self._rows = 0
        self._gaps, self._bits = False, True
        #: Times of day, one Series for each block.
        self._times: list[pd.Series] = []
        #: A Series without rows that holds the categories of a dictionary.
        self._empty: pd.Series | None = None
        self._strings = ColumnFinder(name, kind, missing) if is_text(arrow) else None

    def see(self, values: pa.ChunkedArray) -> None:
        """Take note of the values of a block."""
        kind = values.type
        if not self._rows and pa.types.is_dictionary(kind):
            self._empty = values.slice(0, 0).to_pandas()
        self._rows += len(values)
        self._gaps |= bool(values.null_count)
        if pa.types.is_time(kind):
            self._times.append(pd.Series(pc.unique(values).to_pandas(), dtype=object))
        if pa.types.is_integer(kind):
            self._bits &= bool(pc.all(pc.is_in(values.drop_null(), pa.array([0, 1], kind))).as_py())
        if self._strings is not None:
            texts = trim(values.drop_null().cast(pa.string()))
            self._strings.see(texts)
            self._strings.look(texts)

    def found(self) -> Column:
        """Return the column that the values show."""
        if self._strings is not None:
            return self._strings.typed("str")
        if self._times and self._kind in (None, "number"):
            return column_of(pd.concat(self._times).rename(self._name), self._kind, self._missing)
        kind, dtype = self._kind_and_dtype()
        if kind == "category" and not pa.types.is_dictionary(self._arrow):
            # Codes that are numbers are restored as texts, because an unknown code is no number.
            dtype = "str"
        elif kind == "number" and pa.types.is_boolean(self._arrow):
            dtype = "float64"
        return Column(self._name, kind, dtype, notation=notations.plain(kind).with_missing(self._missing))

    def _kind_and_dtype(self) -> tuple[str, str]:
        arrow, kind, gaps = self._arrow, self._kind, self._gaps or bool(self._missing)
        if pa.types.is_integer(arrow):
            shown = str(arrow)
            nullable = shown.capitalize().replace("Uint", "UInt")
            return kind or ("boolean" if self._bits else "number"), nullable if gaps else shown
        if pa.types.is_boolean(arrow):
            return kind or "boolean", "boolean" if gaps else "bool"
        if pa.types.is_date(arrow) or pa.types.is_timestamp(arrow):
            zone = getattr(arrow, "tz", None)
            return kind or "date", f"datetime64[us, {zone}]" if zone else "datetime64[us]"
        if pa.types.is_decimal(arrow):
            return kind or "number", "float64"
        empty = pa.array([], arrow).to_pandas() if self._empty is None else self._empty
        column = column_of(pd.Series(empty, name=self._name), kind)
        return column.kind, column.dtype


def is_text(arrow: pa.DataType) -> bool:
    """Whether values of a type are strings."""
    return bool(pa.types.is_string(arrow) or pa.types.is_large_string(arrow))


def check_type(path: Path, name: str, arrow: pa.DataType) -> None:
    """Refuse a type that is no number, boolean, date or text.

    Raises:
        ValueError: with the option that leaves the column out.
    """
    nested = pa.types.is_nested(arrow)
    if nested or pa.types.is_binary(arrow) or pa.types.is_large_binary(arrow) or pa.types.is_duration(arrow):
        expected = "one value a cell" if nested else "numbers, booleans, dates or texts"
        shown = "lists or structures in column" if nested else "column"
        of = "" if nested else f" of type {arrow}"
        raise ValueError(
            f"Expected {expected} in {path}, received {shown} '{name}'{of}; leave it out with --set "
            f"'data.drop=[\"{name}\"]'."
        )
