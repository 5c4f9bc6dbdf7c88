"""Intervals: the usual time between two rows, found from all stamps."""

import math
from collections import Counter

import numpy as np

#: Number of different intervals that are counted exactly.
_KEPT = 1000
#: Number of steps of a short span that holds no long gap.
_SHORT = 20
#: Steps that are tried, as ratios: near the commonest interval, then nearer.
_NEAR, _NEARER = (0.94, 1.06, 61), (0.996, 1.004, 81)
#: Half the width, as a logarithm, in which intervals are counted to find the commonest, and rounds to find
#: its middle.
_BESIDE, _ROUNDS = 0.1, 5
#: Share of the intervals from which one of them counts as the commonest.
_OFTEN = 0.3
#: Greatest difference from it, as a ratio, of intervals that are the same one.
_ALIKE = 0.25
#: Ratio by which a step may be changed to a round one.
_ROUND, _EXACT = 2e-4, 1e-3


class _Spans:
    """Counts of the times between rows that are a number of rows apart, in bins of a ratio.

    Args:
        lag: Number of rows.
        width: Ratio of a bin, which tells the numbers of steps in a span apart.
    """

    def __init__(self, lag: int, width: float) -> None:
        self.lag, self._width = lag, width
        self.counts: Counter[int] = Counter()
        self.sums: Counter[int] = Counter()

    def see(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Take note of different spans and how often they occur."""
        bins = np.floor(np.log(values) / math.log(self._width)).astype(int)
        for number, value, count in zip(bins.tolist(), values.tolist(), counts.tolist(), strict=True):
            self.counts[number] += count
            self.sums[number] += count * value

    @property
    def _longest(self) -> int:
        """Greatest number of steps in a span that holds no long gap."""
        return 3 * self.lag + _SHORT

    @property
    def means(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean span of each bin and how often it occurs."""
        numbers = sorted(self.counts)
        counts = np.array([self.counts[one] for one in numbers], float)
        return np.array([float(self.sums[one]) for one in numbers]) / counts, counts

    def coherence(self, steps: np.ndarray) -> np.ndarray:
        """Return how well the spans are whole numbers of each step: 1 if all are, 0 if that is by chance."""
        if not self.counts:
            return np.zeros(len(steps))
        means, counts = self.means
        near = means < self._longest * steps.max()
        turns = np.cos(2 * np.pi * means[near] / steps[:, None])
        return turns @ counts[near] / max(counts[near].sum(), 1.0)

    def refined(self, step: float) -> float:
        """Return the step that agrees with the whole number of steps in each span."""
        if not self.counts:
            return step
        means, counts = self.means
        steps = np.round(means / step)
        # Gaps tell nothing of the clock.
        counts[steps > self._longest] = 0.0
        total = (steps * counts).sum()
        return float((means * counts).sum() / total) if total else step


class Intervals:
    """Counts the intervals between stamps, part by part. The memory does not grow with the rows."""

    def __init__(self) -> None:
        self._exact: Counter[int] = Counter()
        self._spans = (_Spans(1, 1.01), _Spans(8, 1.01), _Spans(64, 1.001))
        self.total = 0
        #: Number of intervals that lead backwards, in the order of the file.
        self.back = 0

    def see(self, stamps: np.ndarray) -> None:
        """Take note of stamps in nanoseconds, `(rows,)`, in the order of their file."""
        self.back += int((np.diff(stamps) < 0).sum())
        stamps = np.sort(stamps)
        for spans in self._spans:
            lengths = stamps[spans.lag :] - stamps[: -spans.lag]
            values, counts = np.unique(lengths[lengths > 0], return_counts=True)
            spans.see(values, counts)
            if spans.lag == 1:
                self.total += int(counts.sum())
                self._exact.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        if len(self._exact) > 2 * _KEPT:
            self._exact = Counter(dict(self._exact.most_common(_KEPT)))

    def usual(self) -> float | None:
        """Return the usual interval in nanoseconds, or `None` without any."""
        if not self.total:
            return None
        value, count = min(self._exact.items(), key=lambda one: (-one[1], one[0]))
        if count >= _OFTEN * self.total:
            # Stamps of 33 and 34 ms are those of a clock of 30 rows a second.
            lengths, counts = self._spans[0].means
            near = np.abs(lengths / value - 1.0) < _ALIKE
            mean = float((lengths * counts)[near].sum() / counts[near].sum())
            return float(value) if abs(mean / value - 1.0) < _EXACT else _round(mean)
        step = self._most_frequent()
        for ratios, lags in ((_NEAR, self._spans[:2]), (_NEARER, self._spans[2:])):
            tried = step * np.linspace(*ratios)
            coherence = np.sum([spans.coherence(tried) for spans in lags], axis=0)
            step = float(tried[np.argmax(coherence)]) if coherence.max() > 0 else step
        longest = next(one for one in reversed(self._spans) if one.counts)
        return _round(longest.refined(longest.refined(step)))

    def _most_frequent(self) -> float:
        """Return the interval around which there are most."""
        lengths, counts = self._spans[0].means
        logarithms = np.log(lengths)
        around = [counts[np.abs(logarithms - one) < _BESIDE].sum() for one in logarithms]
        center = float(lengths[np.argmax(around)])
        for _ in range(_ROUNDS):
            # Intervals of rows with jitter lie evenly around the step.
            near = np.abs(lengths / center - 1.0) < 0.5
            share = np.cumsum(counts[near]) / counts[near].sum()
            center = float(lengths[near][np.searchsorted(share, 0.5)])
        return center


def _round(step: float) -> float:
    """Return the roundest interval near one, in seconds or in rows a second."""
    seconds = step / 1e9
    for digits in range(1, 5):
        for one in (float(f"{seconds:.{digits - 1}e}"), 1.0 / float(f"{1.0 / seconds:.{digits - 1}e}")):
            if abs(one / seconds - 1) < _ROUND:
                return one * 1e9
    return step
