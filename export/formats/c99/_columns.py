"""Columns: what the numbers of a sample are, for the header and the guide of a library."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any, Self

from kerasae.export.views import View

from kerasae.spec import Column


def comment(text: str) -> str:
    """Return a text that neither ends a comment of C nor begins another in it."""
    return text.replace("*/", "* /").replace("/*", "/ *")


@dataclasses.dataclass(frozen=True)
class Columns:
    """Columns of a table; none for other kinds of examples.

    Args:
        names: Names of the columns.
        notes: Description of a number of each column.
        codes: Code of each category, by column.
        origins: Number that is subtracted from each number of a column before it is a float.
        gone: Numbers that stand for a missing entry, each with the place of its column, minus its origin.
    """

    names: list[str]
    notes: list[str]
    codes: dict[str, dict[str, int]]
    origins: list[float]
    gone: list[tuple[int, float]]

    @classmethod
    def of(cls, view: View) -> Self:
        """Return the columns of the examples of a view."""
        listed = (view.vocabulary() or {}).get("columns", [])
        notes = []
        for column in listed:
            note = f"{column['kind']} '{column['name']}'"
            if column.get("origin"):
                note += f" minus {column['origin']:.17g}"
            notes.append(comment(note))
        return cls(
            [column["name"] for column in listed],
            notes,
            {column["name"]: column["codes"] for column in listed if "codes" in column},
            [column.get("origin", 0.0) for column in listed],
            gone_numbers(view.spec.features, listed) if listed else [],
        )


def gone_numbers(columns: Sequence[Column], listed: list[dict[str, Any]]) -> list[tuple[int, float]]:
    """Return the numbers that stand for a missing entry, each with the place of its column.

    Args:
        columns: Columns of a table, or channels of a series.
        listed: Their entries in the vocabulary, with the `origin` that is subtracted from each number.
    """
    return [
        (place, number - entry.get("origin", 0.0))
        for place, (column, entry) in enumerate(zip(columns, listed, strict=True))
        for number in column.notation.missing_numbers
        if math.isfinite(number)
    ]
