"""Objects of several simple types in one column, such as 1, "a" and True, from their texts."""

import datetime
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd

#: Types of such objects with the readers of their texts, the strictest first.
_READERS: dict[type, Callable[[str], Any]] = {
    bool: {"True": True, "False": False}.__getitem__,
    int: int,
    float: float,
    Decimal: Decimal,
    datetime.date: datetime.date.fromisoformat,
    str: str,
}
_BY_NAME = {kind.__name__: kind for kind in _READERS}


def mixed_name(series: pd.Series) -> str:
    """Name the types of the objects of a column, from which `mixed_objects` makes them again.

    The name lists the types; the first one that reads a text is used: `int|str`. Other texts follow with
    their types: `int|str {"7": "str"}` if `"7"` is a string. If two objects have the same text, such as 7
    and `"7"`, the more frequent object is restored, because a category knows only texts.

    Returns:
        The name, empty if an object is of another type.
    """
    present = series.dropna()
    if not set(map(type, present)) <= set(_READERS):
        return ""
    counts = pd.Series([(type(value), str(value)) for value in present], dtype=object).value_counts()
    by_text: dict[str, type] = {}
    for kind, text in counts.index:
        by_text.setdefault(text, kind)
    kinds = [kind for kind in _READERS if kind in by_text.values()]
    others = {text: kind.__name__ for text, kind in sorted(by_text.items()) if _reads(text, kinds) != kind}
    listed = "|".join(kind.__name__ for kind in kinds)
    return f"{listed} {json.dumps(others)}" if others else listed


def mixed_objects(texts: pd.Series, name: str) -> pd.Series:
    """Read texts as objects of the types that `mixed_name` has named; a missing text becomes `None`."""
    listed, _, others = name.partition(" ")
    kinds = [_BY_NAME[one] for one in listed.split("|")]
    known = {text: _BY_NAME[kind] for text, kind in json.loads(others or "{}").items()}
    objects = [
        None if pd.isna(text) else _READERS[known.get(text) or _reads(text, kinds)](text) for text in texts
    ]
    return pd.Series(objects, texts.index, dtype=object)


def _reads(text: str, kinds: list[type]) -> type:
    """Return the first of some types that writes a value as this text, or `str`."""
    for kind in kinds:
        try:
            if str(_READERS[kind](text)) == text:
                return kind
        except (ValueError, KeyError, ArithmeticError):
            continue
    return str
