"""Checks of the arguments of an application, with the same words in each.

Each function takes the arguments by name. `None` stands for an argument that was not set, and passes.
"""

import math
from collections.abc import Iterable
from typing import Any


def check_counts(**counts: int | None) -> None:
    """Raise ValueError unless all counts are 1 or more."""
    for name, count in counts.items():
        if count is not None and not count >= 1:
            raise ValueError(f"`{name}` must be positive, received {count}.")


def check_positive(**numbers: float | None) -> None:
    """Raise ValueError unless all numbers are above 0 and finite."""
    for name, number in numbers.items():
        if number is not None and not 0 < number < math.inf:
            raise ValueError(f"`{name}` must be positive, received {number}.")


def check_at_least(least: float, **numbers: float | None) -> None:
    """Raise ValueError unless all numbers are `least` or more."""
    for name, number in numbers.items():
        if number is not None and not number >= least:
            raise ValueError(f"`{name}` must be at least {least}, received {number}.")


def check_between(least: float, greatest: float, **numbers: float | None) -> None:
    """Raise ValueError unless all numbers are from `least` to `greatest`, both included."""
    for name, number in numbers.items():
        if number is not None and not least <= number <= greatest:
            raise ValueError(f"`{name}` must be between {least} and {greatest}, received {number}.")


def check_shares(**shares: float | None) -> None:
    """Raise ValueError unless all shares are in (0, 1), both ends excluded."""
    for name, share in shares.items():
        if share is not None and not 0 < share < 1:
            raise ValueError(f"`{name}` must be in (0, 1), received {share}.")


def check_choices(known: Iterable[Any], **choices: Any) -> None:
    """Raise ValueError unless all choices are among the known ones."""
    known = list(known)
    for name, choice in choices.items():
        if choice is not None and choice not in known:
            raise ValueError(f"`{name}` must be one of {', '.join(map(str, known))}, received {choice!r}.")
