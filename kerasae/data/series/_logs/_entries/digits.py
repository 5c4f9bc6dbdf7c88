"""Stamps written as the digits of a date, such as 2024013108, which look like numbers."""

import dataclasses
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations import STAND_INS, Date, nulls
from kerasae.spec import Column

#: Format of such a stamp, by its number of digits.
_FORMATS = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
#: The years that are read. Seconds since 1970 of today begin with 17.
_DIGITS = "^(?:19[0-9]{2}|20[0-9]{2}|2100)(?:[0-9]{2}){2,5}$"


def as_digits(column: Column, blocks: Callable[[], Iterable[pa.Table]]) -> Column:
    """Return a column of numbers as one of dates if every number is written as the digits of a date.

    All of them must have 8, 10, 12 or 14 digits, a year from 1900 to 2100, and an existing day and time.

    Args:
        column: Column of stamps.
        blocks: Function that passes over the rows of all files.
    """
    if column.kind != "number":
        return column
    notation, length = None, 0
    for block in blocks():
        values = block[column.name]
        if not (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
            return column
        texts = nulls(values.cast(pa.string()), (*STAND_INS, *column.notation.missing)).drop_null()
        if not len(texts):
            continue
        length = length or len(texts[0].as_py())
        if length not in _FORMATS:
            return column
        notation = Date(pattern=_FORMATS[length], missing=column.notation.missing)
        alike = pc.and_(pc.match_substring_regex(texts, _DIGITS), pc.equal(pc.utf8_length(texts), length))
        if not pc.all(alike).as_py() or notation.parse(texts).null_count:
            return column
    if notation is None:
        return column
    return dataclasses.replace(column, kind="date", dtype="datetime64[us]", notation=notation)


def in_digits(column: Column) -> bool:
    """Return whether the entries of a column are written as the digits of a date."""
    return getattr(column.notation, "pattern", "").startswith("%Y%m%d")
