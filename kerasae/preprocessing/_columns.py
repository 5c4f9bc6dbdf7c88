"""The entries of one column of a table as inputs of a graph, and back."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kerasae.notations import chunked
from kerasae.preprocessing._raw_types import as_type, plain
from kerasae.spec import Column


def column_values(series: Any, column: Column) -> np.ndarray:
    """Return a column as the input of a graph.

    Args:
        series: Values of any type, `(rows,)`. Strings are read by the notation of the column.
        column: Column of the spec.

    Returns:
        Numbers as float64 with NaN for missing; dates as seconds since 1970 in UTC; categories as strings,
        empty for missing.

    Raises:
        ValueError: if an entry is not of the kind of the column.
    """
    series = plain(pd.Series(series))
    if column.kind == "empty":
        return np.full(len(series), np.nan)
    if column.kind == "category":
        return _categories(series, column)
    try:
        values = _dates(series, column) if column.kind == "date" else _numbers(series, column)
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Expected a {column.kind} in every row of column '{column.name}'{_written(column)}, received a "
            f"value that is none: {str(error).splitlines()[0]}."
        ) from None
    if np.isinf(values).any():
        warnings.warn(f"Infinite entries of column '{column.name}' count as missing.", stacklevel=2)
        values = np.where(np.isfinite(values), values, np.nan)
    if column.notation.missing_numbers:
        values = np.where(np.isin(values, column.notation.missing_numbers), np.nan, values)
    if column.kind == "boolean" and len(wrong := values[~np.isnan(values) & ~np.isin(values, (0, 1))]):
        raise ValueError(f"Expected 0, 1, true or false in column '{column.name}', received {wrong[0]:g}.")
    return values


def _written(column: Column) -> str:
    return f", written {words}" if (words := column.notation.words()) else ""


def _categories(series: pd.Series, column: Column) -> np.ndarray:
    texts = series.astype(object)
    if pd.api.types.is_float_dtype(series.dtype):
        # 3.0 was 3 before a missing entry made the column one of floats. It is made from a list, because
        # `map` would return floats again.
        whole = [int(v) if isinstance(v, float) and v.is_integer() else v for v in texts]
        texts = pd.Series(whole, index=series.index, dtype=object)
    # NumPy drops NULs at the end of a string, which fill fixed widths, and so does a lookup.
    entries = texts.where(series.notna(), "").map(lambda value: str(value).rstrip("\0"))
    gone = entries.str.strip().isin([*column.notation.missing])
    return entries.mask(gone, "").to_numpy(object)


def _is_text(series: pd.Series) -> bool:
    return series.dtype == object or isinstance(series.dtype, pd.StringDtype)


def _numbers(series: pd.Series, column: Column) -> np.ndarray:
    if series.dtype.kind in "mM":
        raise TypeError(f"the type {series.dtype}")
    if not _is_text(series):
        return series.to_numpy("float64", na_value=np.nan)
    strings = series.map(lambda value: isinstance(value, str)).to_numpy(bool)
    values = np.full(len(series), np.nan)
    values[~strings] = pd.to_numeric(series[~strings]).to_numpy("float64", na_value=np.nan)
    values[strings] = _parsed(series[strings], column).to_numpy("float64", na_value=np.nan)
    return values


def _dates(series: pd.Series, column: Column) -> np.ndarray:
    if series.isna().all():
        # Without values a column may have any type.
        return np.full(len(series), np.nan)
    if _is_text(series):
        strings = series.map(lambda value: isinstance(value, str)).to_numpy(bool)
        moments = pd.Series(pd.NaT, index=range(len(series)), dtype="datetime64[us]")
        moments[~strings] = _in_utc(pd.to_datetime(series[~strings], utc=True)).to_numpy()
        moments[strings] = _parsed(series[strings], column).to_numpy()
        series = moments
    return seconds_since_1970(series)


def seconds_since_1970(moments: pd.Series) -> np.ndarray:
    """Return dates, with or without a time zone, as seconds since 1970 in UTC, `(rows,)`, NaN for missing.

    Raises:
        TypeError: if `moments` are of another type.
    """
    micro = _in_utc(moments).to_numpy()
    return np.where(np.isnat(micro), np.nan, micro.astype("int64") / 1e6)


def _in_utc(series: pd.Series) -> pd.Series:
    """Return moments in UTC without a zone, in microseconds."""
    if not pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise TypeError(f"the type {series.dtype}")
    if series.dt.tz is not None:
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    return series.astype("datetime64[us]")


def _parsed(texts: pd.Series, column: Column) -> pd.Series:
    """Read strings by the notation of the column."""
    given = chunked(texts)
    values = column.notation.parse(given)
    there = column.notation.without_missing(given)
    unread = (values.is_null().to_numpy() & there.is_valid().to_numpy()).nonzero()[0]
    gone = column.notation.missing_numbers
    for place in unread:
        # A number that stands for a missing entry is read, but is missing.
        if not gone or column.notation.with_none_missing().parse(there.slice(place, 1)).null_count:
            raise ValueError(f"'{there[int(place)].as_py()}'")
    return values.to_pandas()


def restore_column(
    values: np.ndarray | None, rows: int, column: Column, step: float, dtype: str
) -> pd.Series | np.ndarray:
    """Return values of `column_values`, or of a decoder, as a column of a type.

    Args:
        values: Values, `(rows,)`, or `None` for an empty column.
        rows: Number of rows.
        column: Column of the spec.
        step: Step. Numbers and dates are rounded to its multiples, unless it is 0.
        dtype: Wanted type, as `type_name` returns it. If it cannot hold the values, the type of the column is
            used. Strings are written by the notation of the column.
    """
    if values is None:
        dated = "date" in column.dtype or "timestamp" in column.dtype
        return as_type(pd.Series([pd.NaT if dated else np.nan] * rows), column.dtype)
    if dtype == "float64" and not step and column.kind == "number":
        return column.notation.rounded(values)
    found = _plain(values, column, step, dtype)
    try:
        return _typed(found, column, dtype)
    except (TypeError, ValueError, AttributeError):
        if dtype == column.dtype:
            raise
        return _typed(found, column, column.dtype)


def _typed(values: pd.Series, column: Column, dtype: str) -> pd.Series:
    if column.kind != "category" and dtype.startswith(_STRINGS) and "[" not in dtype:
        values = column.notation.format(values)
    return as_type(values, dtype)


#: Beginnings of the names of types of strings. `object[int]` is no such type.
_STRINGS = ("object", "str", "large_string")


#: First and last second of the years 1 to 9999, which Python supports, in microseconds since 1970.
_YEARS = (-62_135_596_800e6, 253_402_300_799e6)
#: The same for pandas dates in nanoseconds.
_NANOSECONDS = tuple(
    end.floor("s").value / 1e3 for end in (pd.Timestamp.min + pd.Timedelta("1s"), pd.Timestamp.max)
)


def _plain(values: np.ndarray, column: Column, step: float, dtype: str) -> pd.Series:
    """Return the values of a column as floats, dates or texts."""
    if column.kind == "category":
        texts = [value.decode() if isinstance(value, bytes) else str(value) for value in values]
        return pd.Series([text or None for text in texts], dtype=object)
    if step:
        values = np.round(values / step) * step
    if column.kind == "date":
        # A decoder may exceed the range of the type a little.
        micro = np.clip(np.round(values * 1e6), *(_NANOSECONDS if "[ns" in column.dtype + dtype else _YEARS))
        stamps = pd.Series(pd.to_datetime(np.nan_to_num(micro).astype("int64"), unit="us"))
        return stamps.mask(np.isnan(micro))
    return pd.Series(np.clip(values, 0, 1) if column.kind == "boolean" else column.notation.rounded(values))


def as_written(frame: Any, columns: Sequence[Column]) -> Any:
    """Return a table whose entries are written as those of the training file were.

    Args:
        frame: Typed table. Columns that are not in `columns` stay unchanged, and so do examples that are no
            table.
        columns: Columns of the spec.
    """
    if not isinstance(frame, pd.DataFrame):
        return frame
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    for column in columns:
        if column.name in frame and column.notation.dressed and not _is_text(frame[column.name]):
            frame[column.name] = column.notation.format(frame[column.name])
    return frame
