"""column_of: the column of a Series that has a type already."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae import notations
from kerasae.data._columns.column_finder import ColumnFinder
from kerasae.notations import trim
from kerasae.preprocessing import is_time, plain, type_name
from kerasae.spec import Column


def column_of(series: pd.Series, kind: str | None = None, missing: tuple[str, ...] = ()) -> Column:
    """Return the column of a Series that has a type already.

    Args:
        series: Values of the column.
        kind: Kind that the user gave. Defaults to `None`, which finds it from the type.
        missing: Entries that stand for a missing one, given by the user. Defaults to none.

    Raises:
        ValueError: if the type is no number, boolean, date or category.
    """
    kept = type_name(series)
    series = plain(series)
    dtype: Any = series.dtype
    name = str(series.name)
    texts = pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.StringDtype)
    if texts and not _holds_nests(series):
        return _column_of_texts(series, kept, kind, missing)
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
            or pd.api.types.is_object_dtype(dtype)
        ):
            kind = "category"
    if kind is None:
        durations = "duration" in kept or pd.api.types.infer_dtype(series).startswith("timedelta")
        remedy = "divide it by pd.Timedelta('1s')" if durations else "convert it to one of them"
        shown = "object[timedelta]" if durations and kept == "object" else kept
        raise ValueError(
            f"Expected numbers, booleans, dates or categories, received column '{name}' of type {shown}; "
            f"{remedy} first."
        )
    notation = notations.plain(kind).with_missing(missing)
    if kind == "number" and is_time(kept):
        notation = notations.time_of_day(series.to_numpy("float64")).with_missing(missing)
    if kind == "category" and pd.api.types.is_numeric_dtype(dtype):
        # Codes that are numbers are restored as texts, because an unknown code is no number.
        return Column(name, kind, "str", notation=notation)
    if kind == "number" and pd.api.types.is_bool_dtype(dtype):
        return Column(name, kind, "float64", notation=notation)
    return Column(name, kind, kept, notation=notation)


def _column_of_texts(series: pd.Series, dtype: str, kind: str | None, missing: tuple[str, ...]) -> Column:
    """Return the column of a Series of objects. Its strings are read as in a file if the user gave a kind."""
    strings = series[series.map(lambda value: isinstance(value, str))]
    finder = ColumnFinder(str(series.name), kind, missing)
    texts = trim(pa.chunked_array([pa.array(strings, pa.string())]))
    finder.see(texts)
    finder.look(texts)
    return finder.typed(dtype)


def _holds_nests(series: pd.Series) -> bool:
    """Return whether a column of objects holds lists, dicts or durations."""
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    nests = (list, dict, set, np.ndarray)
    return inferred.startswith("timedelta") or (
        inferred.startswith("mixed") and any(isinstance(value, nests) for value in series)
    )
