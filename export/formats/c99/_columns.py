"""Columns: what the numbers of a sample are, for the header and the guide of a library."""

import dataclasses
from typing import Self

from kerasae.export.views import View


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
    """

    names: list[str]
    notes: list[str]
    codes: dict[str, dict[str, int]]
    origins: list[float]

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
        )
