"""Types of a user's columns: those of NumPy, pandas and Arrow, and objects of Python.

A column goes through two steps. `plain` gives it the type of pandas that says what it holds, whatever
held it before; `as_type` puts plain values back into the type that `type_name` has named.
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

from kerasae.preprocessing._base import to_dtype
from kerasae.preprocessing._mixed_objects import mixed_name, mixed_objects

#: What Python's objects of one type are in pandas, by the name that `infer_dtype` has for them.
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
#: What Keras's lookup says of a value that it does not know.
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
    """Convert a column into the pandas type that says what it holds.

    Arrow's numbers, booleans and dates become those of pandas, and its dictionaries become texts. Objects of
    Python become numbers, booleans or dates where all of them are of one type; decimals become float64, and
    times of day seconds since midnight.
    Other columns are returned as they are.
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
    """Whether a type named by `type_name` is one of times of day."""
    return _TIME.fullmatch(name) is not None


def type_name(series: pd.Series) -> str:
    """Return the name of a column's type, from which `as_type` makes it again.

    It is that of pandas, but `object[int]`, `object[mixed int|str]` and `category[int64]` say what objects
    and categories are. Ordered categories are listed: `category[["low", "high"], str]`.
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        inner = pd.Series(dtype.categories)
        # What cannot be read comes back as its text.
        name = type_name(inner) if _is_readable(inner.dtype) else "object"
        order = json.dumps([str(value) for value in dtype.categories])
        return f"category[{order}, {name}]" if dtype.ordered else f"category[{name}]"
    if pd.api.types.is_object_dtype(dtype) and (kind := _objects(series)):
        return f"object[{kind}]"
    return str(dtype)


def in_zone(moments: pd.Series, name: str) -> pd.Series:
    """Put dates in UTC without a zone into the time zone of a type named by `type_name`, if it has one."""
    found = _ZONE.search(name)
    return as_type(moments, f"datetime64[us, {found[1]}]") if found else moments


def as_type(values: pd.Series, name: str) -> pd.Series:
    """Put plain values into a type.

    Args:
        values: floats, dates in UTC without a zone, or texts; NaN, NaT or `None` where one is missing.
            Integers are rounded and kept in the range of their type. With missing ones among them integers
            and booleans of NumPy become those of pandas.
        name: of the type, as `type_name` gives it.

    Raises:
        ValueError: for values that the type cannot hold.
        TypeError: likewise.
    """
    for pattern, write in _WRITERS:
        if found := pattern.fullmatch(name):
            return write(values, *found.groups())
    if found := _ZONED.fullmatch(name):
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
    """What a column of objects holds: one type, or several simple ones; empty for others."""
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
        if len(zones) > 1:
            # Moments in several zones, and days among moments, have no one type.
            return ""
        zone = zones.pop()
        return kind if zone is None else f"datetime64[us, {zone}]"
    if kind == "time" and any(value.tzinfo is not None for value in series.dropna()):
        return ""
    if kind == "date" and not all(type(value) is date for value in series.dropna()):
        return ""
    return kind


def _intervals(present: pd.Series) -> str:
    """The type of intervals that are objects; empty where they have no common one."""
    try:
        return str(pd.arrays.IntervalArray(present.to_list()).dtype)
    except (ValueError, TypeError):
        return ""


def _seconds(moment: time) -> float:
    """A time of day as seconds since midnight."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / 1e6


def _time(seconds: float) -> time:
    """Seconds since midnight as a time of day, to the microsecond."""
    return (pd.Timestamp(0) + pd.Timedelta(microseconds=round(seconds * 1e6))).time()


def _as_objects(values: pd.Series, kind: str) -> pd.Series:
    make: Callable[[Any], Any]
    if found := _DECIMAL.fullmatch(kind):
        places = int(found[1])
        make = lambda value: Decimal(f"{value:.{places}f}")  # noqa: E731
    elif found := _ZONED.fullmatch(kind):
        values, make = values.dt.tz_localize("UTC").dt.tz_convert(found[2]), pd.Timestamp
    else:
        make = {
            "bool": lambda value: bool(value > 0.5),
            "int": lambda value: round(value),
            "float": float,
            "date": lambda value: pd.Timestamp(value).date(),
            "time": _time,
        }.get(kind, pd.Timestamp)
    found_values = [None if pd.isna(value) else make(value) for value in values]
    return pd.Series(found_values, values.index, dtype=object)


# Categories ----------------------------------------------------------------------------------------


def _is_readable(dtype: Any) -> bool:
    """Whether the texts of values of this type can be read."""
    types = pd.api.types
    kinds = (types.is_numeric_dtype, types.is_datetime64_any_dtype, types.is_timedelta64_dtype)
    readable = any(one(dtype) for one in kinds) and not types.is_complex_dtype(dtype)
    return readable or isinstance(dtype, pd.IntervalDtype | pd.StringDtype) or types.is_object_dtype(dtype)


def _as_categories(values: pd.Series, inside: str) -> pd.Series:
    order: list[str] = []
    if inside.startswith("["):
        order, end = json.JSONDecoder().raw_decode(inside)
        inside = inside[end + 2 :]
    # Not every type of categories can hold a missing one, as the column can.
    present = values[values.notna() & (values != _UNKNOWN)]
    found = _read(present if len(present) else present.astype(object), inside)
    if not order:
        return found.astype("category").reindex(values.index)
    kind = pd.CategoricalDtype(_read(pd.Series(order, dtype=object), inside).unique(), ordered=True)
    ordered = found.astype(kind)
    if ordered.isna().any():
        raise ValueError(f"Expected one of the ordered categories {', '.join(order)}, received another.")
    return ordered.reindex(values.index)


def _as_mixed(values: pd.Series, name: str) -> pd.Series:
    return mixed_objects(values.mask(values == _UNKNOWN), name)


def _as_intervals(values: pd.Series, outer: str | None, inner: str, closed: str) -> pd.Series:
    """Texts such as `(0.5, 1.0]` as intervals."""
    texts = values[values.notna() & (values != _UNKNOWN)]
    ends = [text[1:-1].split(", ") for text in texts]
    low, high = (_read(pd.Series([end[side] for end in ends], dtype=object), inner) for side in (0, 1))
    found = pd.Series(pd.arrays.IntervalArray.from_arrays(low, high, closed), texts.index)
    found = found.astype(object) if outer else found
    return found if len(found) == len(values) else found.reindex(values.index)


def _read(texts: pd.Series, name: str) -> pd.Series:
    """Texts, as `str` writes the values of a type, as values of that type; an unknown one is missing."""
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
    # Whole numbers beyond 2**53 are none of the numbers that floats have.
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
    """The type that Arrow writes so."""
    if found := _ARROW_DECIMAL.fullmatch(name):
        return getattr(pa, f"decimal{found[1]}")(int(found[2]), int(found[3]))
    if found := _ARROW_ZONED.fullmatch(name):
        return pa.timestamp(found[1], found[2])
    if found := _ARROW_DICTIONARY.fullmatch(name):
        return pa.dictionary(_arrow_type(found[2]), _arrow_type(found[1]), found[3] == "1")
    return pa.type_for_alias(name)


_WRITERS: tuple[tuple[re.Pattern[str], Callable[..., pd.Series]], ...] = (
    (_MIXED, _as_mixed),
    (_INTERVAL, _as_intervals),
    (_OBJECT, _as_objects),
    (_CATEGORY, _as_categories),
    (_ARROW, _as_arrow),
)
