"""intervals: alarms as intervals of time."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from kerasae.applications.anomaly.timeline.axis import Segment, TimeAxis
from kerasae.calibration import AlarmRule, alarms


@dataclasses.dataclass(frozen=True)
class Interval:
    """Successive windows with an alarm.

    Args:
        segment: Segment of the axis in which they lie.
        first: Number of the first window.
        last: Number of the last window.
        peak: Number of the window with the highest score.
    """

    segment: Segment
    first: int
    last: int
    peak: int

    @property
    def seconds(self) -> float:
        """Length, from the first stamp to the last, in seconds."""
        return (self.last - self.first) * self.segment.step


def intervals(axis: TimeAxis, scores: np.ndarray, rule: AlarmRule, merge: int = 0) -> list[Interval]:
    """Return the alarms in the order of time.

    Args:
        axis: Axis of time of the windows.
        scores: Score of each window, `(windows,)`.
        rule: When an alarm begins and ends.
        merge: Greatest number of windows between two alarms that become one. Defaults to 0.
    """
    found = []
    for segment, part in axis.parts(scores):
        start = segment.numbers.start
        for first, last in runs_of(alarms(part, rule), merge):
            peak = first + int(np.argmax(part[first : last + 1]))
            found.append(Interval(segment, start + first, start + last, start + peak))
    return found


def flags(axis: TimeAxis, found: Sequence[Interval]) -> np.ndarray:
    """Return whether each window lies in an alarm, `(windows,)`, bool."""
    inside = np.zeros(len(axis), bool)
    for interval in found:
        inside[interval.first : interval.last + 1] = True
    return inside


def runs_of(on: np.ndarray, merge: int) -> list[tuple[int, int]]:
    """Return the first and the last place of each run of True values; near runs are one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on.astype(np.int8), [0]])))
    runs: list[tuple[int, int]] = []
    for first, after in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] - 1 <= merge:
            runs[-1] = (runs[-1][0], after - 1)
        else:
            runs.append((first, after - 1))
    return runs
