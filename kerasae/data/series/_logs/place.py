"""Place: a row of a recording, as a user finds it."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

#: Nanoseconds of the units of time.
_SIZES = {"d": 86_400e9, "h": 3_600e9, "min": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3}
#: Round lengths in each unit.
_ROUND = {
    **dict.fromkeys(("us", "ms"), (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    **dict.fromkeys(("s", "min"), (1, 2, 5, 10, 15, 20, 30)),
    "h": (1, 2, 3, 6, 12),
    "d": (1, 2, 7, 30),
}


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the rows of a recording stand.

    Args:
        source: Open file, or a DataFrame as one.
        recording: Name of the recording.
    """

    source: Any
    recording: str

    def of(self, number: int) -> str:
        """Return the file and the line of a row, by its number from 0."""
        return place_of(self.source, number)


def place_of(source: Any, number: int) -> str:
    """Return the file and the line of a row, by its number in the file from 0."""
    return places_of(source, [number])[0]


def places_of(source: Any, numbers: Sequence[int]) -> list[str]:
    """Return the files and the lines of rows. The file is read once."""
    if not hasattr(source, "lines"):
        return [f"{source.path}, row {number + 1}" for number in numbers]
    rows = [int(number) + 1 + int(source.header) for number in numbers]
    lines = source.lines({*rows}) if rows else {}
    return [f"{source.path}, line {lines[row]}" for row in rows]


def shown(stamp: int | np.integer) -> str:
    """Return a stamp in nanoseconds as a text."""
    return str(pd.Timestamp(int(stamp))).removesuffix(" 00:00:00")


def lasting(step: float) -> str:
    """Return a number of nanoseconds as a text with a unit: `250 ms`, `1 s`, `5 min`."""
    for unit, size in _SIZES.items():
        if step >= size and (step >= 100 * size or abs(step / size - round(step / size, 2)) < 1e-9):
            return f"{step / size:g} {unit}"
    return f"{step / 1e9:.4g} s" if step >= 1e6 else f"{step:g} ns"


def alias(step: float) -> str:
    """Return a round length from a number of nanoseconds on, as `--resample` takes it: `250ms`, `5min`."""
    rounds = [(count, unit) for unit, counts in _ROUND.items() for count in counts]
    lengths = [(count * _SIZES[unit], f"{count}{unit.replace('d', 'D')}") for count, unit in rounds]
    return next((text for length, text in sorted(lengths) if length >= 0.999 * step), "30D")
