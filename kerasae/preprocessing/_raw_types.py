"""Types of the columns of a user: those of NumPy, pandas and Arrow, and objects of Python.

`plain` converts a column of any of these types to a plain type of pandas. `type_name` names the original
type, and `as_type` converts plain values back to it.
"""

import json
import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.preprocessing._dtypes import to_dtype
from kerasae.preprocessing._mixed_objects import mixed_name, mixed_objects

#: Name of the type of a column of Python objects, by the name that `infer_dtype` of pandas gives it.
_OF_OBJECTS = {
    "boolean": "bool",
    "integer": "int",
    "floating": "float",
    "mixed-integer-float": "float",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "datetime": "datetime64[us]",
    "datetime64": "datetime64[us]",
}
#: Text that a lookup layer of Keras returns for an unknown value.
_UNKNOWN = "[UNK]"
_OBJECT = re.compile(r"object\[(.+)\]")
_MIXED = re.compile(r"object\[mixed (.+)\]", re.DOTALL)
_CATEGORY = re.compile(r"category\[(.+)\]", re.DOTALL)
_INTERVAL = re.compile(r"(object\[)?interval\[(.+), (both|left|right|neither)\]\]?")
_ARROW = re.compile(r"(.+)\[pyarrow\]")
_TIME = re.compile(r"object\[time\]|time(?:32|64)\[\w+\]\[pyarrow\]")
_DECIMAL = re.compile(r"decimal\((\d+)\)")
_ARROW_DECIMAL = re.compile(r"decimal(32|64|128|256)\((\d+), (-?\d+)\)")
_ARROW_ZONED = re.compile(r"timestamp\[(\w+), tz=(.+)\]")
_ARROW_DICTIONARY = re.compile(r"dictionary<values=(.+), indices=(\w+), ordered=([01])>")
_ZONED = re.compile(r"datetime64\[(\w+), (.+)\]")
_ZONE = re.compile(r"(?:datetime64\[\w+, |timestamp\[\w+, tz=)([^\]]+)\]")


def plain(series: pd.Series) -> pd.Series:
    """Convert a column to a plain type of pandas.

    Numbers, booleans and dates of Arrow become those of pandas, and its dictionaries become categories.
    Objects of Python become numbers, booleans or dates if all of them have one type. Decimals become float64,
    and times of day become seconds since midnight. Other columns are returned unchanged.
    """
    if isinstance(series.dtype, pd.ArrowDtype):
        return _plain_arrow(series)
    if series.dtype != object:
        return series
    kind = _objects(series)
    there = series.notna()
    if kind.startswith("datetime64"):
        return pd.to_datetime(series, utc=kind != "datetime64[us]").astype(kind)
    if kind == "date":
        return pd.to_datetime(series).astype("datetime64[us]")
    if kind == "time":
        return series.map(_seconds, na_action="ignore").where(there, np.nan).astype("float64")
    if kind == "bool":
        return series.where(there, None).astype("boolean")
    if kind == "int":
        try:
            return series.where(there, None).astype("Int64")
        except (OverflowError, TypeError):
            kind = "float"
    if kind == "float" or _DECIMAL.fullmatch(kind):
        return series.where(there, np.nan).astype("float64")
    return series


def is_time(name: str) -> bool:
    """Return whether a name of `type_name` stands for times of day."""
    return _TIME.fullmatch(name) is not None


def type_name(series: pd.Series) -> str:
    """Return the name of the type of a column, from which `as_type` restores it.

    The name is that of pandas, with the types of objects and categories added: `object[int]`,
    `object[mixed int|str]`, `category[int64]`. Ordered categories are listed:
    `category[["low", "high"], str]`.
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        inner = pd.Series(dtype.categories)
        # Values that cannot be read from a text are restored as texts.
        name = type_name(inner) if _is_readable(inner.dtype) else "object"
        order = json.dumps([str(value) for value in dtype.categories])
        return f"category[{order}, {name}]" if dtype.ordered else f"category[{name}]"
    if pd.api.types.is_object_dtype(dtype) and (kind := _objects(series)):
        return f"object[{kind}]"
    return str(dtype)


def in_zone(moments: pd.Series, name: str) -> pd.Series:
    """Convert dates in UTC without a zone to the time zone in a name of `type_name`, if it has one."""
    zone = _ZONE.search(name)
    return as_type(moments, f"datetime64[us, {zone[1]}]") if zone else moments


def as_type(values: pd.Series, name: str) -> pd.Series:
    """Convert plain values to a type.

    Args:
        values: Floats, dates in UTC without a zone, or texts. A missing value is NaN, NaT or `None`. For a
            type of integers, floats are rounded and clipped to its range. With missing values, integers and
            booleans of NumPy become those of pandas.
        name: Name of the type, as `type_name` returns it.

    Raises:
        ValueError: If the type cannot hold a value.
        TypeError: If the type cannot hold the type of a value.
    """
    for pattern, write in _WRITERS:
        if match := pattern.fullmatch(name):
            return write(values, *match.groups())
    if _ZONED.fullmatch(name):
        return values.dt.tz_localize("UTC").astype(name)
    missing = values.isna()
    if name.lower().startswith(("int", "uint")):
        whole = to_dtype(values.fillna(0).to_numpy("float64"), name.lower())
        if name.islower() and not missing.any():
            return pd.Series(whole, values.index)
        return pd.Series(pd.array(whole), values.index).mask(missing)
    if name in ("bool", "boolean") and values.dtype != object:
        truth = pd.Series(values > 0.5, dtype="boolean").mask(missing)
        return truth if missing.any() else truth.astype(name)
    return values.astype(name)


# Objects of Python ---------------------------------------------------------------------------------


def _objects(series: pd.Series) -> str:
    """Return the type of the objects in a column, or several simple types; an empty string for others."""
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred == "interval":
        return _intervals(series.dropna())
    if inferred.startswith("mixed") and inferred != "mixed-integer-float":
        mixed = mixed_name(series)
        return f"mixed {mixed}" if mixed else ""
    kind = _OF_OBJECTS.get(inferred, "")
    if kind == "decimal":
        exponents = [value.as_tuple().exponent for value in series.dropna()]
        places = max((-one for one in exponents if isinstance(one, int)), default=0)
        return f"decimal({max(places, 0)})"
    if kind.startswith("datetime64"):
        zones = {value.tzinfo for value in series.dropna()}
        if len(zones) != 1:
            # Moments in several zones, or with days among them, have no common type; missing ones have none.
            return ""
        zone = zones.pop()
        return kind if zone is None else f"datetime64[us, {zone}]"
    if kind == "time" and any(value.tzinfo is not None for value in series.dropna()):
        return ""
    if kind == "date" and not all(type(value) is date for value in series.dropna()):
        return ""
    return kind


def _intervals(present: pd.Series) -> str:
    """Return the type of intervals that are objects; an empty string if they have no common type."""
    try:
        return str(pd.arrays.IntervalArray(present.to_list()).dtype)
    except (ValueError, TypeError):
        return ""


def _seconds(moment: time) -> float:
    """Return a time of day as seconds since midnight."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def _time(seconds: float) -> time:
    """Return seconds since midnight as a time of day, rounded to microseconds."""
    return (pd.Timestamp(0) + pd.Timedelta(microseconds=round(seconds * 1e6))).time()


def _as_objects(values: pd.Series, kind: str) -> pd.Series:
    make: Callable[[Any], Any]
    if decimal := _DECIMAL.fullmatch(kind):
        places = int(decimal[1])
        make = lambda value: Decimal(f"{value:.{places}f}")  # noqa: E731
    elif zoned := _ZONED.fullmatch(kind):
        values, make = values.dt.tz_localize("UTC").dt.tz_convert(zoned[2]), pd.Timestamp
    else:
        make = {
            "bool": lambda value: bool(value > 0.5),
            "int": lambda value: round(value),
            "float": float,
            "date": lambda value: pd.Timestamp(value).date(),
            "time": _time,
        }.get(kind, pd.Timestamp)
    objects = [None if pd.isna(value) else make(value) for value in values]
    return pd.Series(objects, values.index, dtype=object)


# Categories ----------------------------------------------------------------------------------------


def _is_readable(dtype: Any) -> bool:
    """Return whether values of a type can be read from their texts."""
    types = pd.api.types
    kinds = (types.is_numeric_dtype, types.is_datetime64_any_dtype, types.is_timedelta64_dtype)
    readable = any(one(dtype) for one in kinds) and not types.is_complex_dtype(dtype)
    return readable or isinstance(dtype, pd.IntervalDtype | pd.StringDtype) or types.is_object_dtype(dtype)


def _as_categories(values: pd.Series, inside: str) -> pd.Series:
    order: list[str] = []
    if inside.startswith("["):
        order, end = json.JSONDecoder().raw_decode(inside)
        inside = inside[end + 2 :]
    # The column may have missing values, but not every type of categories can hold one.
    present = values[values.notna() & (values != _UNKNOWN)]
    read = _read(present if len(present) else present.astype(object), inside)
    if not order:
        return read.astype("category").reindex(values.index)
    kind = pd.CategoricalDtype(_read(pd.Series(order, dtype=object), inside).unique(), ordered=True)
    ordered = read.astype(kind)
    if ordered.isna().any():
        raise ValueError(f"Expected one of the ordered categories {', '.join(order)}, received another.")
    return ordered.reindex(values.index)


def _as_mixed(values: pd.Series, name: str) -> pd.Series:
    return mixed_objects(values.mask(values == _UNKNOWN), name)


def _as_intervals(values: pd.Series, outer: str | None, inner: str, closed: str) -> pd.Series:
    """Convert texts such as `(0.5, 1.0]` to intervals."""
    texts = values[values.notna() & (values != _UNKNOWN)]
    ends = [text[1:-1].split(", ") for text in texts]
    low, high = (_read(pd.Series([end[side] for end in ends], dtype=object), inner) for side in (0, 1))
    intervals = pd.Series(pd.arrays.IntervalArray.from_arrays(low, high, closed), texts.index)
    intervals = intervals.astype(object) if outer else intervals
    return intervals if len(intervals) == len(values) else intervals.reindex(values.index)


def _read(texts: pd.Series, name: str) -> pd.Series:
    """Convert texts, as `str` writes values of a type, to that type. An unknown value becomes missing."""
    if texts.dtype != object:
        return as_type(texts, name)
    if _MIXED.fullmatch(name) or _INTERVAL.fullmatch(name) or name in ("object", "str"):
        return as_type(texts, name)
    texts = texts.mask(texts == _UNKNOWN)
    if "timedelta" in name:
        return pd.to_timedelta(texts).astype(name)
    if is_time(name):
        return as_type(texts.map(lambda text: _seconds(time.fromisoformat(text)), na_action="ignore"), name)
    if "bool" in name:
        return as_type(texts.map({"True": 1.0, "False": 0.0}), name)
    if "date" in name or "timestamp" in name:
        return as_type(pd.to_datetime(texts, format="ISO8601", utc=True).dt.tz_localize(None), name)
    if "string" in name:
        return as_type(texts, name)
    numbers = pd.to_numeric(texts)
    # Floats cannot hold all whole numbers above 2**53.
    exact = numbers.dtype.kind in "iu" and name == str(np.dtype("int64"))
    return numbers if exact else as_type(numbers.astype("float64"), name)


# Arrow ---------------------------------------------------------------------------------------------


def _plain_arrow(series: pd.Series) -> pd.Series:
    dtype: Any = series.dtype
    kind = dtype.pyarrow_dtype
    if pa.types.is_dictionary(kind):
        return series.astype(object).where(series.notna(), None).astype("category")
    if pa.types.is_boolean(kind):
        return series.astype("boolean")
    if pa.types.is_integer(kind):
        return series.astype("UInt64" if kind == pa.uint64() else "Int64")
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        numbers = series.astype(object).where(series.notna(), np.nan).astype("float64")
        return pd.Series(numbers, name=series.name)
    if pa.types.is_date(kind):
        return series.astype("datetime64[us]")
    if pa.types.is_time(kind):
        return series.map(_seconds, na_action="ignore").astype("float64")
    if pa.types.is_timestamp(kind):
        return series.astype(f"datetime64[us, {kind.tz}]" if kind.tz else "datetime64[us]")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return series.astype(object).where(series.notna(), None)
    return series


def _as_arrow(values: pd.Series, name: str) -> pd.Series:
    kind = _arrow_type(name)
    if pa.types.is_dictionary(kind):
        inner = _read(values, str(pd.ArrowDtype(kind.value_type)))
        array = pa.array(inner.array, kind.value_type).dictionary_encode().cast(kind)
        return pd.Series(array, values.index, dtype=pd.ArrowDtype(kind))
    make: Callable[[Any], Any] = lambda value: value  # noqa: E731
    if pa.types.is_decimal(kind):
        make = lambda value: Decimal(f"{value:.{max(kind.scale, 0)}f}")  # noqa: E731
    elif pa.types.is_integer(kind):
        make = lambda value: int(to_dtype(np.array(value, "float64"), str(kind)))  # noqa: E731
    elif pa.types.is_boolean(kind):
        make = lambda value: bool(value > 0.5)  # noqa: E731
    elif pa.types.is_timestamp(kind) and kind.tz:
        values = values.dt.tz_localize("UTC")
    elif pa.types.is_date(kind):
        make = lambda value: value.date()  # noqa: E731
    elif pa.types.is_time(kind):
        make = _time
    objects = [None if pd.isna(value) else make(value) for value in values]
    return pd.Series(pa.array(objects, kind), values.index, dtype=pd.ArrowDtype(kind))


def _arrow_type(name: str) -> Any:
    """Return the type of Arrow with a name."""
    if decimal := _ARROW_DECIMAL.fullmatch(name):
        return getattr(pa, f"decimal{decimal[1]}")(int(decimal[2]), int(decimal[3]))
    if zoned := _ARROW_ZONED.fullmatch(name):
        return pa.timestamp(zoned[1], zoned[2])
    if dictionary := _ARROW_DICTIONARY.fullmatch(name):
        return pa.dictionary(_arrow_type(dictionary[2]), _arrow_type(dictionary[1]), dictionary[3] == "1")
    return pa.type_for_alias(name)


_WRITERS: tuple[tuple[re.Pattern[str], Callable[..., pd.Series]], ...] = (
    (_MIXED, _as_mixed),
    (_INTERVAL, _as_intervals),
    (_OBJECT, _as_objects),
    (_CATEGORY, _as_categories),
    (_ARROW, _as_arrow),
)
