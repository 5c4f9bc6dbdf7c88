"""Checks of arguments that every room has, with the same words in each."""

from typing import Any


def check_positive_integer(name: str, value: Any) -> None:
    """Raise a ValueError unless the value is a positive integer; a boolean is none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer, received {value!r}.")
