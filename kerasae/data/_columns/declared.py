"""Facts that a user gives about columns: their kinds, and entries that stand for a missing one."""

from collections.abc import Mapping, Sequence
from typing import Any

from kerasae.registry import did_you_mean

#: Kinds that a user may give.
KINDS = ("number", "boolean", "date", "category")
Missing = Sequence[str | float] | Mapping[str, Sequence[str | float]] | None


def declared(missing: Missing, name: str) -> tuple[str, ...]:
    """Return the entries that stand for a missing one in a column, as strings.

    Args:
        missing: Such entries for all columns, or a dict of them by column.
        name: Name of the column.
    """
    given = missing.get(name, ()) if isinstance(missing, Mapping) else missing or ()
    # NaN is missing anyway.
    known = [one for one in given if one == one]
    return tuple(str(int(one)) if isinstance(one, float) and one.is_integer() else str(one) for one in known)


def check_types(types: dict[str, Any] | None) -> None:
    """Check the kinds of columns that a user gave.

    Raises:
        ValueError: if a kind does not exist.
    """
    for name, kind in (types or {}).items():
        if kind not in KINDS:
            raise ValueError(
                f"Unknown type {kind!r} of column '{name}'; {did_you_mean(str(kind), list(KINDS))}"
            )
