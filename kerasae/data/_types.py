"""What the columns of a table hold: found from all of their entries."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.preprocessing.table import parse_dates
from kerasae.spec import Column

KINDS = ("number", "boolean", "date", "category")
_WORDS = pa.array(["true", "false"])


class ColumnType:
    """The kind and the pandas type of one column of strings, seen block by block.

    Args:
        name: of the column.
        kind: where the user has said it, otherwise `None`.
    """

    def __init__(self, name: str, kind: str | None = None) -> None:
        self.name, self.kind = name, kind
        self.missing = False
        self.unread = 0
        self._open = {"words", "bits", "integer", "number", "date"}
        self._values = False

    def see(self, column: pa.ChunkedArray) -> None:
        """Rules out what a block cannot be."""
        self.missing |= column.null_count > 0
        present = column.drop_null()
        if not len(present):
            return
        self._values = True
        if "words" in self._open and not pc.all(pc.is_in(pc.utf8_lower(present), _WORDS)).as_py():
            self._open.discard("words")
        if self._open & {"bits", "integer", "number"}:
            self._open -= self._not_numbers(present)
        if "date" in self._open and not _are_dates(present):
            self._open.discard("date")

    @staticmethod
    def _not_numbers(present: pa.ChunkedArray) -> set[str]:
        # 007 is a code, not a number.
        if pc.any(pc.match_substring_regex(present, r"^[+-]?0[0-9]")).as_py():
            return {"bits", "integer", "number"}
        try:
            integers = present.cast(pa.int64())
        except pa.ArrowInvalid:
            try:
                present.cast(pa.float64())
            except pa.ArrowInvalid:
                return {"bits", "integer", "number"}
            return {"bits", "integer"}
        return set() if pc.all(pc.is_in(integers, pa.array([0, 1]))).as_py() else {"bits"}

    def found(self) -> Column:
        """The column, with the type that its entries allow."""
        is_integer = "integer" in self._open
        kind = self.kind or (
            "boolean"
            if self._open & {"words", "bits"}
            else "number"
            if self._open & {"integer", "number"}
            else "date"
            if "date" in self._open
            else "category"
        )
        if not self._values:
            return Column(self.name, self.kind or "number", "float64")
        if kind == "boolean":
            plain = "int64" if "bits" in self._open else "bool"
            return Column(
                self.name, kind, {"int64": "Int64", "bool": "boolean"}[plain] if self.missing else plain
            )
        if kind == "number":
            return Column(
                self.name, kind, ("Int64" if self.missing else "int64") if is_integer else "float64"
            )
        return Column(self.name, kind, "datetime64[us]" if kind == "date" else "str")

    def read(self, column: pa.ChunkedArray, found: Column) -> pd.Series:
        """A block as a Series of the type found; what is not of a kind the user named is missing."""
        if found.kind == "category":
            return column.to_pandas().astype(found.dtype)
        if found.kind == "date":
            texts = column.to_pandas()
            dates = parse_dates(texts, coerce=True)
            self.unread += int((dates.isna() & texts.notna()).sum())
            return dates.astype(found.dtype)
        if found.dtype in ("bool", "boolean"):
            lower = pc.utf8_lower(column)
            column = pc.if_else(pc.is_in(lower, _WORDS), pc.cast(pc.equal(lower, "true"), pa.int8()), None)
            return column.to_pandas(integer_object_nulls=True).astype("boolean").astype(found.dtype)
        if found.dtype in ("int64", "Int64"):
            return pd.Series(column.cast(pa.int64()).to_pandas(types_mapper=_NULLABLE.get)).astype(
                found.dtype
            )
        try:
            return column.cast(pa.float64()).to_pandas()
        except pa.ArrowInvalid:
            texts = column.to_pandas()
            numbers = pd.to_numeric(texts, errors="coerce")
            self.unread += int((numbers.isna() & texts.notna()).sum())
            return numbers.astype("float64")


_NULLABLE = {pa.int64(): pd.Int64Dtype()}


def _are_dates(present: pa.ChunkedArray) -> bool:
    pattern = r"^(\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4})([T ].*)?$"
    if not pc.all(pc.match_substring_regex(present, pattern)).as_py():
        return False
    return bool(parse_dates(present.to_pandas(), coerce=True).notna().all())


def column_of(series: pd.Series, kind: str | None = None) -> Column:
    """The column of a Series that has a type already."""
    dtype = series.dtype
    name = str(series.name)
    if kind is None:
        if pd.api.types.is_bool_dtype(dtype):
            kind = "boolean"
        elif pd.api.types.is_numeric_dtype(dtype):
            present = series.dropna()
            bits = pd.api.types.is_integer_dtype(dtype) and present.isin([0, 1]).all() and len(present)
            kind = "boolean" if bits else "number"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            kind = "date"
        else:
            kind = "category"
    return Column(name, kind, str(dtype))
