"""Panel and Segment: what a chart over time consists of."""

import base64
import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Segment:
    """Stamps that follow each other at a steady pace.

    Args:
        recording: Name of the recording.
        numbers: Numbers of the stamps, as a slice.
        start: Time of the first stamp, in nanoseconds since 1970, UTC.
        step: Nanoseconds from one stamp to the next.
    """

    recording: str
    numbers: slice
    start: int
    step: float

    def packed(self) -> list[Any]:
        """Return what the script reads. A script has no integers of 64 bits, so that the start is a text."""
        return [self.numbers.start, self.numbers.stop - self.numbers.start, str(self.start), self.step]


@dataclasses.dataclass(frozen=True)
class Panel:
    """A line over time, in a panel of its own.

    Args:
        name: Name of the line.
        values: Value at each stamp, `(stamps,)`; NaN is missing.
        expected: What a model expects there, a second line. Defaults to `None`.
        spread: Half of the width of the band around what is expected. Defaults to 0, no band.
        limit: A value with a dashed line; the scale is then linear below and logarithmic above. A value that
            is not finite has no line. Defaults to `None`.
        always: Numbers of stamps that no thinning leaves out. Defaults to none.
        shown: Whether the panel is shown before a reader chooses. Defaults to `True`.
    """

    name: str
    values: np.ndarray
    expected: np.ndarray | None = None
    spread: float = 0.0
    limit: float | None = None
    always: np.ndarray | None = None
    shown: bool = True

    @property
    def lines(self) -> list[np.ndarray]:
        """Lines whose extremes are kept: the values, and their distances from what is expected."""
        return [self.values] if self.expected is None else [self.values, self.values - self.expected]

    def about(self) -> dict[str, Any]:
        """Return what the script reads, without the values."""
        about: dict[str, Any] = {"name": self.name, "shown": self.shown, "spread": float(self.spread)}
        # A script reads no infinity.
        if self.limit is not None and np.isfinite(self.limit):
            about["limit"] = float(self.limit)
        return about

    def packed(self, kept: np.ndarray) -> dict[str, Any]:
        """Return the values at some stamps, as the script reads them."""
        found: dict[str, Any] = {"at": packed(kept, "<u4"), "value": packed(self.values[kept], "<f4")}
        if self.expected is not None:
            found["expected"] = packed(self.expected[kept], "<f4")
        return found


def packed(values: Any, dtype: str) -> str:
    """Return numbers as base64 text. What is too large for the type becomes its largest number."""
    array = np.asarray(values)
    if dtype.startswith("<f"):
        most = float(np.finfo(dtype).max)
        array = np.clip(array, -most, most)
    return base64.b64encode(array.astype(dtype).tobytes()).decode("ascii")
