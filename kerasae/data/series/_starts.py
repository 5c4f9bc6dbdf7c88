"""Starts: the rows at which windows begin, without a number kept for each window."""

import dataclasses
from functools import cached_property

import numpy as np


@dataclasses.dataclass(frozen=True)
class Run:
    """Windows at equal distances.

    Args:
        first: Row at which the first window begins.
        count: Number of windows, from 1.
        stride: Number of rows from one window to the next.
    """

    first: int
    count: int
    stride: int


@dataclasses.dataclass(frozen=True)
class Starts:
    """The rows at which windows begin, run by run. A log may have millions of windows.

    Args:
        runs: Runs of windows, in order. None is empty.
    """

    runs: tuple[Run, ...]

    @cached_property
    def _table(self) -> np.ndarray:
        runs = [(run.first, run.count, run.stride) for run in self.runs]
        return np.array(runs, "int64").reshape(-1, 3)

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum([0, *self._table[:, 1]])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def at(self, numbers: np.ndarray) -> np.ndarray:
        """Return the first rows of windows by their numbers, int64, of the same shape."""
        which = np.searchsorted(self._ends, numbers, side="right") - 1
        first, _, stride = self._table[which].T if len(self) else np.zeros((3, 0), "int64")
        return first + stride * (numbers - self._ends[which])

    def overlapping(self, steps: int) -> int:
        """Return the greatest number of successive windows that share rows with the first of them."""
        return max((min(-(-steps // run.stride), int(run.count)) for run in self.runs), default=1)

    def apart(self, stride: int) -> "Starts":
        """Return windows that begin at least `stride` rows apart, and the last window of each run."""
        runs = []
        for run in self.runs:
            every = -(-stride // run.stride)
            count = -(-run.count // every)
            runs.append(Run(run.first, count, run.stride * every))
            if rest := run.count - 1 - (count - 1) * every:
                last = run.first + (run.count - 1) * run.stride
                runs.append(Run(last, 1, rest * run.stride))
        return Starts(tuple(runs))

    def joined(self, other: "Starts") -> "Starts":
        """Return these windows, followed by others."""
        return Starts((*self.runs, *other.runs))
