"""What the columns of a table hold: found from all of their entries."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.preprocessing.table import parse_dates, plain, type_name
from kerasae.spec import Column

KINDS = ("number", "boolean", "date", "category")
_TRUE, _FALSE = ("true", "yes", "y", "t", "1"), ("false", "no", "n", "f", "0")
_WORDS = pa.array(["true", "false"])
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_COMMA_NUMBER = r"^[+-]?[0-9]+(,[0-9]+)?$"
#: Share of numbers from which a column of categories is worth a word.
_NEARLY = 0.9
#: Formats of dates that are no ISO 8601, month first before day first; each with a time, or without.
_MONTH_FIRST, _DAY_FIRST = ("%m/%d/%Y", "%m/%d/%y"), ("%d/%m/%Y", "%d/%m/%y")
_DAYS = (
    *_MONTH_FIRST,
    *_DAY_FIRST,
    "%d.%m.%Y",
    "%d.%m.%y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%d-%b-%Y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
)
_FORMATS = tuple(day + time for time in ("", " %H:%M", " %H:%M:%S") for day in _DAYS)
_ISO = ""


class ColumnType:
    """The kind and the pandas type of one column of strings, seen block by block.

    Args:
        name: of the column.
        kind: where the user has said it, otherwise `None`.
        decimal_comma: whether 3,5 may be a number.
        dayfirst: whether 02/01/2020 is the second of January; `None` finds out.
    """

    def __init__(
        self,
        name: str,
        kind: str | None = None,
        *,
        decimal_comma: bool = False,
        dayfirst: bool | None = None,
    ) -> None:
        self.name, self.kind, self.dayfirst = name, kind, dayfirst
        self.missing = False
        self.unread = 0
        self._open = {"words", "bits", "integer", "number", "date"} | ({"comma"} if decimal_comma else set())
        self._formats = dict.fromkeys((_ISO, *_FORMATS), 0)
        self._rows = self._numbers = 0
        self._odd: str | None = None
        self._codes = self._commas = False

    def see(self, column: pa.ChunkedArray) -> None:
        """Rules out what a block cannot be."""
        self.missing |= column.null_count > 0
        present = column.drop_null()
        if not len(present):
            return
        self._rows += len(present)
        if "words" in self._open and not pc.all(pc.is_in(pc.utf8_lower(present), _WORDS)).as_py():
            self._open.discard("words")
        self._see_numbers(present)
        if "comma" in self._open:
            if pc.all(pc.match_substring_regex(present, _COMMA_NUMBER)).as_py():
                self._commas |= bool(pc.any(pc.match_substring(present, ",")).as_py())
            else:
                self._open.discard("comma")
        if "date" in self._open and not self._open & {"integer", "number"}:
            self._see_dates(present)

    def _see_numbers(self, present: pa.ChunkedArray) -> None:
        # 007 is a code, not a number.
        self._codes |= bool(pc.any(pc.match_substring_regex(present, r"^[+-]?0[0-9]")).as_py())
        numbers = pc.match_substring_regex(present, _NUMBER)
        self._numbers += pc.sum(numbers).as_py() or 0
        if self._odd is None and not pc.all(numbers).as_py():
            self._odd = present.filter(pc.invert(numbers))[0].as_py()
        if not self._open & {"bits", "integer", "number"}:
            return
        if self._codes:
            self._open -= {"bits", "integer", "number"}
            return
        try:
            integers = present.cast(pa.int64())
        except pa.ArrowInvalid:
            self._open -= {"bits", "integer"}
            try:
                present.cast(pa.float64())
            except pa.ArrowInvalid:
                self._open.discard("number")
            return
        if not pc.all(pc.is_in(integers, pa.array([0, 1]))).as_py():
            self._open.discard("bits")

    def _see_dates(self, present: pa.ChunkedArray) -> None:
        # Dates in a number column that turned out to be none at a later block were not counted.
        if sum(self._formats.values()) == 0 and self._rows > len(present) and self.kind is None:
            self._open.discard("date")
            return
        texts = present.to_pandas()
        for form in list(self._formats):
            read = parse_dates(texts, form, coerce=True).notna()
            self._formats[form] += int(read.sum())
            if self.kind is None and not read.all():
                del self._formats[form]
        if not self._formats:
            self._open.discard("date")

    def _format(self) -> str:
        """The format that reads most entries; of month and day first, the one that reads more."""
        if not self._formats or not max(self._formats.values()):
            return _ISO
        most = max(self._formats.values())
        best = [form for form, count in self._formats.items() if count == most]
        first = best[0]
        twins = {
            one + time: other + time
            for one, other in zip(_MONTH_FIRST, _DAY_FIRST, strict=True)
            for time in ("", " %H:%M", " %H:%M:%S")
        }
        if first in twins and twins[first] in best:
            if self.dayfirst is None:
                warnings.warn(
                    f"Dates of column '{self.name}' could be month/day or day/month, and are read as "
                    "month/day; say it with --set data.dayfirst=true or false.",
                    stacklevel=2,
                )
            return twins[first] if self.dayfirst else first
        return first

    def found(self) -> Column:
        """The column, with the type that its entries allow."""
        numbers = self._open & {"integer", "number"}
        comma = "comma" in self._open and self._commas and not numbers and not self._codes
        kind = self.kind or (
            "boolean"
            if self._open & {"words", "bits"}
            else "number"
            if numbers or comma
            else "date"
            if "date" in self._open
            else "category"
        )
        if not self._rows:
            return Column(self.name, self.kind or "number", "float64")
        if kind == "boolean":
            if not self._open & {"words", "bits"}:
                return Column(self.name, kind, "boolean")
            plain = "int64" if "bits" in self._open else "bool"
            nullable = {"int64": "Int64", "bool": "boolean"}[plain]
            return Column(self.name, kind, nullable if self.missing else plain)
        if kind == "number":
            integers = "Int64" if self.missing else "int64"
            return Column(self.name, kind, integers if "integer" in self._open else "float64")
        if kind == "date":
            return Column(self.name, kind, "datetime64[us]", format=self._format())
        if self.kind is None and not self._codes and _NEARLY * self._rows <= self._numbers < self._rows:
            warnings.warn(
                f"Column '{self.name}' is read as a category: {self._numbers} of {self._rows} entries are "
                f"numbers, but '{self._odd}' is none; --set 'data.types={{\"{self.name}\": \"number\"}}' "
                "takes such entries as missing.",
                stacklevel=2,
            )
        return Column(self.name, kind, "str")

    def read(self, column: pa.ChunkedArray, found: Column) -> pd.Series:
        """A block as a Series of the type found; what is not of a kind the user named is missing."""
        if found.kind == "category":
            return column.to_pandas().astype(found.dtype)
        if found.kind == "date":
            texts = column.to_pandas()
            dates = parse_dates(texts, found.format, coerce=True)
            self.unread += int((dates.isna() & texts.notna()).sum())
            return dates.astype(found.dtype)
        if found.dtype in ("bool", "boolean"):
            return self._booleans(column).astype(found.dtype)
        if found.dtype in ("int64", "Int64"):
            return pd.Series(column.cast(pa.int64()).to_pandas(types_mapper=_NULLABLE.get)).astype(
                found.dtype
            )
        if "comma" in self._open and self._commas:
            column = pc.replace_substring(column, ",", ".")
        try:
            return column.cast(pa.float64()).to_pandas()
        except pa.ArrowInvalid:
            texts = column.to_pandas()
            numbers = pd.to_numeric(texts, errors="coerce")
            self.unread += int((numbers.isna() & texts.notna()).sum())
            return numbers.astype("float64")

    def _booleans(self, column: pa.ChunkedArray) -> pd.Series:
        lower = pc.utf8_lower(column)
        known = pc.is_in(lower, pa.array([*_TRUE, *_FALSE]))
        self.unread += int(pc.sum(pc.and_(pc.invert(known), pc.is_valid(column))).as_py() or 0)
        truth = pc.if_else(known, pc.is_in(lower, pa.array(_TRUE)), None)
        return truth.to_pandas(integer_object_nulls=True).astype("boolean")


_NULLABLE = {pa.int64(): pd.Int64Dtype()}


def _holds_nests(series: pd.Series) -> bool:
    """Whether a column of objects holds lists, dicts or durations."""
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    nests = (list, dict, set, np.ndarray)
    return inferred.startswith("timedelta") or (
        inferred.startswith("mixed") and any(isinstance(value, nests) for value in series)
    )


def column_of(series: pd.Series, kind: str | None = None) -> Column:
    """The column of a Series that has a type already.

    Raises:
        ValueError: for a type that is no number, boolean, date or category.
    """
    kept = type_name(series)
    series = plain(series)
    dtype: Any = series.dtype
    name = str(series.name)
    texts = pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)
    if kind == "date" and texts:
        one = ColumnType(name, kind)
        one.see(pa.chunked_array([pa.array(series.dropna().astype(str), pa.string())]))
        return Column(name, kind, kept, format=one.found().format)
    if kind is None:
        if pd.api.types.is_bool_dtype(dtype):
            kind = "boolean"
        elif pd.api.types.is_complex_dtype(dtype) or isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
            kind = None
        elif pd.api.types.is_numeric_dtype(dtype):
            present = series.dropna()
            bits = pd.api.types.is_integer_dtype(dtype) and present.isin([0, 1]).all() and len(present)
            kind = "boolean" if bits else "number"
        elif pd.api.types.is_datetime64_any_dtype(dtype):
            kind = "date"
        elif not (
            pd.api.types.is_timedelta64_dtype(dtype)
            or isinstance(dtype, pd.ArrowDtype)
            or (pd.api.types.is_object_dtype(dtype) and _holds_nests(series))
        ):
            kind = "category"
    if kind is None:
        raise ValueError(
            f"Expected numbers, booleans, dates or categories, received column '{name}' of type {kept}; "
            "convert it to one of them first."
        )
    if kind == "category" and pd.api.types.is_numeric_dtype(dtype):
        # Codes that are numbers come back as texts: an unknown one is no number.
        return Column(name, kind, "str")
    if kind == "number" and pd.api.types.is_bool_dtype(dtype):
        return Column(name, kind, "float64")
    return Column(name, kind, kept)
