"""What a user says of columns: their kinds, and what stands for a missing entry."""

from collections.abc import Mapping, Sequence

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
