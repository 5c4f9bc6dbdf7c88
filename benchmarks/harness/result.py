"""The form of a result: rows that are measured, beside published figures and goals."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.harness.place import Place

#: Folders whose files are results.
FOLDERS = ("papers", "speed")


class UnavailableError(Exception):
    """What a row needs is missing on this machine. The message names it."""


@dataclass(frozen=True)
class Measure:
    """A column of figures.

    Args:
        name: Heading, with the unit.
        digits: Number of digits after the decimal point. Defaults to 2.
        less: Whether a smaller figure is better. Defaults to true.
    """

    name: str
    digits: int = 2
    less: bool = True

    def shown(self, value: float) -> str:
        """Return a figure as text."""
        return f"{value:,.{self.digits}f}"


@dataclass(frozen=True)
class Row:
    """A line of a table.

    Args:
        name: What is measured.
        measure: Function of a `Place` and a seed. It returns a figure for each measure by its key, and may
            leave some out. Without a function the row shows published figures only.
        published: Published figures by the key of the measure.
        source: Where the published figures are from. Defaults to the source of the result.
        goal: Goals by the key of the measure.
        seeds: Number of seeds, from 0. Defaults to 1.
    """

    name: str
    measure: Callable[[Place, int], Mapping[str, float]] | None = None
    published: Mapping[str, float] = field(default_factory=dict)
    source: str = ""
    goal: Mapping[str, float] = field(default_factory=dict)
    seeds: int = 1


@dataclass(frozen=True)
class Result:
    """A table.

    Args:
        title: Heading.
        source: Paper with year and venue.
        protocol: Data, split, network and what is counted, in a few sentences.
        measures: Columns by their key.
        rows: Lines.
        notes: Sentences below the table: choices, shortfalls and their reasons.
    """

    title: str
    source: str
    protocol: str
    measures: Mapping[str, Measure]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def row(self, name: str) -> Row:
        """Return the row of a name.

        Raises:
            KeyError: If there is no such row.
        """
        return {row.name: row for row in self.rows}[name]


def names() -> list[str]:
    """Return the names of all results, in the order of their files."""
    home = Path(__file__).parent.parent
    files = [path for folder in FOLDERS for path in sorted((home / folder).glob("*.py"))]
    return [path.stem for path in files if not path.stem.startswith("_")]


def load(name: str) -> Result:
    """Return the result of a name.

    Raises:
        ValueError: If there is no such result.
    """
    home = Path(__file__).parent.parent
    for folder in FOLDERS:
        if (home / folder / f"{name}.py").is_file():
            found: Result = importlib.import_module(f"benchmarks.{folder}.{name}").RESULT
            return found
    raise ValueError(f"Expected the name of a result ({', '.join(names())}), received {name!r}.")
