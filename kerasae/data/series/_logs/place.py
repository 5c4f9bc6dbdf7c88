"""Place: a row of a recording, as a user finds it."""

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

#: Nanoseconds of the units of time.
_SIZES = {"d": 86_400e9, "h": 3_600e9, "min": 60e9, "s": 1e9, "ms": 1e6, "us": 1e3}


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
    lines = getattr(source, "lines", None)
    if lines is None:
        return f"{source.path}, row {number + 1}"
    row = int(number) + 1 + int(source.header)
    return f"{source.path}, line {lines({row})[row]}"


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
    """Return a round length near a number of nanoseconds as `--resample` takes it: `250ms`, `5min`."""
    unit, size = next((one for one in _SIZES.items() if step >= 0.999 * one[1]), ("ns", 1.0))
    return f"{max(round(step / size), 1)}{unit.replace('d', 'D')}"
