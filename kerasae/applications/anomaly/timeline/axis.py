"""TimeAxis: the time stamps of the windows of a log, and what lies between two of them."""

import dataclasses
import itertools
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from kerasae.data import Examples


@dataclasses.dataclass(frozen=True)
class Segment:
    """Successive windows of one stretch of a log.

    Args:
        recording: Name of the recording.
        numbers: Numbers of the windows in their split, in the order of time, as a slice.
        step: Seconds from one window to the next.
    """

    recording: str
    numbers: slice
    step: float


class TimeAxis:
    """Time stamps of the windows of a split. The stamp of a window is that of its last reading.

    A score of a window is then known at its stamp, as in a live stream.

    Args:
        split: Windows of a log, in the order of time.
    """

    def __init__(self, split: Any) -> None:
        self.split = split
        self.steps: int = split.steps
        #: Row of the log at each stamp, `(windows,)`.
        self.rows: np.ndarray = split.last_rows()
        self._log, self._stretches = split.log, split.stretches

    @classmethod
    def of(cls, split: Examples) -> "TimeAxis | None":
        """Return the axis of a split, or `None` if its examples do not lie on an axis of time."""
        return cls(split) if hasattr(split, "log") else None

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """Successive windows, segment by segment. A gap, another recording or a left out window ends one."""
        if not len(self):
            return ()
        steps = np.diff(self.rows)
        usual = int(np.median(steps)) if len(steps) else 1
        apart = np.flatnonzero((steps != usual) | (np.diff(self._stretches) != 0)) + 1
        ends = [0, *apart.tolist(), len(self)]
        return tuple(
            Segment(
                self._log.stretches[self._stretches[begin]].recording,
                slice(begin, end),
                usual * self._log.step,
            )
            for begin, end in itertools.pairwise(ends)
        )

    def reach(self, segment: Segment) -> int:
        """Return the number of windows of a segment that hold the last reading of one of them."""
        rows = self.rows[segment.numbers]
        if len(rows) < 2:
            return 1
        return min(-(-self.steps // int(rows[1] - rows[0])), len(rows))

    def values(self, first: int, count: int) -> np.ndarray:
        """Return rows of the log, `(count, channels)`, in raw units."""
        return np.asarray(self._log.readings.read(first, count))

    def parts(self, values: np.ndarray) -> Iterator[tuple[Segment, np.ndarray]]:
        """Give the values of each segment, from values of all windows, `(windows, ...)`."""
        for segment in self.segments:
            yield segment, values[segment.numbers]
