"""What a user says of columns: their kinds, and what stands for a missing entry."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.registry import did_you_mean

KINDS = ("number", "boolean", "date", "category")
Missing = Sequence[str | float] | Mapping[str, Sequence[str | float]] | None


def declared(missing: Missing, name: str) -> tuple[str, ...]:
    """What stands for a missing entry in a column, as strings.

    Args:
        missing: for all columns, or by the name of a column.
        name: of the column.
    """
    given = missing.get(name, ()) if isinstance(missing, Mapping) else missing or ()
    return tuple(str(int(one)) if isinstance(one, float) and one == int(one) else str(one) for one in given)


def check_types(types: dict[str, Any] | None) -> None:
    """Check the kinds of columns that a user gave.

    Raises:
        ValueError: for a kind that there is not.
    """
    for name, kind in (types or {}).items():
        if kind not in KINDS:
            raise ValueError(
                f"Unknown type {kind!r} of column '{name}'; {did_you_mean(str(kind), list(KINDS))}"
            )
