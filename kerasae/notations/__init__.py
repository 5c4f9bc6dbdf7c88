"""Notations: how the entries of a column are written, from strings to values and back."""

from typing import Any

from kerasae.notations._base import Notation, chunked, trim
from kerasae.notations._date_formats import DAY_FIRST
from kerasae.notations.boolean import Boolean, find_boolean
from kerasae.notations.date import Date
from kerasae.notations.date_finder import DateFinder
from kerasae.notations.missing import STAND_INS, nulls
from kerasae.notations.number import Number
from kerasae.notations.number_finder import ENOUGH, OTHERS, NumberFinder, NumberReading
from kerasae.notations.text import Text
from kerasae.notations.time import TimeOfDay, find_time, time_of_day

__all__ = [
    "DAY_FIRST",
    "ENOUGH",
    "OTHERS",
    "STAND_INS",
    "Boolean",
    "Date",
    "DateFinder",
    "Notation",
    "Number",
    "NumberFinder",
    "NumberReading",
    "Text",
    "TimeOfDay",
    "chunked",
    "find_boolean",
    "find_time",
    "from_dict",
    "nulls",
    "plain",
    "time_of_day",
    "trim",
]

_BY_NAME: dict[str, type[Notation]] = {one.__name__: one for one in (Boolean, Date, Number, Text, TimeOfDay)}
_PLAIN: dict[str, Notation] = {
    "boolean": Boolean(),
    "category": Text(),
    "date": Date(),
    "empty": Text(),
    "number": Number(),
}


def plain(kind: str) -> Notation:
    """Return the notation of a column of a kind if its entries have not been seen."""
    return _PLAIN[kind]


def from_dict(values: dict[str, Any]) -> Notation:
    """Return the notation of the values that `Notation.to_dict` returns."""
    made = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return _BY_NAME[values["name"]](**{key: value for key, value in made.items() if key != "name"})
