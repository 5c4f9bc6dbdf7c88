"""Spread: the type that the readings of a log need, and channels that are read at a slower rate."""

from collections import Counter

import numpy as np

#: Greatest share of the standard deviation of a channel that rounding to float32 may reach.
_PRECISION = 1e-3
#: Share of missing readings in a block from which the rate of a channel is measured.
_SPARSE = 1 / 3
#: Share of the intervals of a slow channel that are alike, and number of different ones that are counted.
_ALIKE, _KEPT = 0.8, 1000


class Spread:
    """Mean, deviation and size of the readings of each channel, block by block.

    Args:
        channels: Number of channels.
    """

    def __init__(self, channels: int) -> None:
        self._count, self._mean, self._squares, self._size = (np.zeros(channels) for _ in range(4))

    def see(self, values: np.ndarray) -> None:
        """Take note of readings, `(rows, channels)`, NaN for missing."""
        there = ~np.isnan(values)
        count = there.sum(axis=0)
        known = np.where(there, values, 0.0)
        mean = known.sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(there, values - mean, 0.0) ** 2).sum(axis=0)
        total = np.maximum(self._count + count, 1)
        away = mean - self._mean
        self._squares += squares + away**2 * self._count * count / total
        self._mean += away * count / total
        self._count += count
        self._size = np.maximum(self._size, np.abs(known).max(axis=0, initial=0.0))

    def dtype(self) -> str:
        """Return `"float32"`, or `"float64"` if float32 would round away what a channel shows."""
        deviation = np.sqrt(self._squares / np.maximum(self._count, 1))
        lost = (self._size * 2.0**-24 > _PRECISION * deviation) & (deviation > 0)
        too_large = self._size > np.finfo("float32").max
        return "float64" if (lost | too_large).any() else "float32"


class Rates:
    """Time between the readings of each channel that has few of them.

    Args:
        channels: Number of channels.
    """

    def __init__(self, channels: int) -> None:
        self._intervals: list[Counter[int]] = [Counter() for _ in range(channels)]

    def see(self, stamps: np.ndarray, values: np.ndarray) -> None:
        """Take note of the readings of one recording, in the order of their file."""
        there = ~np.isnan(values)
        for channel in np.flatnonzero(there.mean(axis=0) < 1 - _SPARSE):
            steps = np.abs(np.diff(stamps[there[:, channel]]))
            counted, counts = np.unique(steps[steps > 0], return_counts=True)
            intervals = self._intervals[channel]
            intervals.update(dict(zip(counted.tolist(), counts.tolist(), strict=True)))
            if len(intervals) > 2 * _KEPT:
                self._intervals[channel] = Counter(dict(intervals.most_common(_KEPT)))

    def holds(self, step: float) -> tuple[int, ...]:
        """Return the number of rows for which a reading of each channel holds.

        Args:
            step: Nanoseconds between two rows.
        """
        return tuple(_hold(intervals, step) for intervals in self._intervals)


def _hold(intervals: Counter[int], step: float) -> int:
    rows: Counter[int] = Counter()
    for interval, count in intervals.items():
        rows[max(round(interval / step), 1)] += count
    if not rows:
        return 1
    usual, count = min(rows.items(), key=lambda one: (-one[1], one[0]))
    # A channel whose readings are missing at random has no usual interval.
    return usual if count >= _ALIKE * rows.total() else 1
