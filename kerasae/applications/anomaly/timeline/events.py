"""event_figures: how many labelled events were found, how late, and how many false alarms there are a day."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kerasae.applications.anomaly.timeline.alarms import Interval, runs_of
from kerasae.applications.anomaly.timeline.axis import TimeAxis

#: Seconds of a day.
_DAY = 86400.0


class EventFigures(NamedTuple):
    """Figures of alarms beside labelled events.

    Attributes:
        events: Number of labelled events.
        found: Number of events during which there is an alarm, or in whose last window one begins.
        delay: Median of the seconds from the beginning of an event that was found to its alarm, or `None`.
        false_alarms: Number of alarms that begin outside of all events, in a window with a label.
        days: Days without an event, without windows that have no label.
    """

    events: int
    found: int
    delay: float | None
    false_alarms: int
    days: float

    @property
    def false_alarms_per_day(self) -> float | None:
        """False alarms in a day without an event, or `None` if there is no such time."""
        return self.false_alarms / self.days if self.days > 0 else None


def events_of(axis: TimeAxis, truth: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and the last window of each labelled event.

    Args:
        axis: Axis of time of the windows.
        truth: Whether the last reading of each window is labelled as an anomaly, `(windows,)`, bool.
    """
    return [
        (segment.numbers.start + first, segment.numbers.start + last)
        for segment, part in axis.parts(truth)
        for first, last in runs_of(part, 0)
    ]


def event_figures(
    axis: TimeAxis, truth: np.ndarray, found: Sequence[Interval], known: np.ndarray | None = None
) -> EventFigures:
    """Compare alarms with labelled events.

    An event is found if an alarm overlaps it. An alarm that begins in an event, or that lasts into one, is
    true; it may outlast the event by a window, because a window still contains the odd readings. Any other
    alarm is false, unless it begins in a window without a label. Nothing is adjusted: an alarm at one step
    of an event is one alarm, and not the whole event.

    Args:
        axis: Axis of time of the windows.
        truth: Whether the last reading of each window is labelled as an anomaly, `(windows,)`, bool.
        found: Alarms.
        known: Whether the last reading of each window has a label, `(windows,)`, bool. Defaults to `None`, if
            all have one.
    """
    if known is None:
        known = np.ones(len(truth), bool)
    events = events_of(axis, truth)
    delays = []
    matched = [False] * len(found)
    for first, last in events:
        # A window that ends soon after an event still contains its readings.
        inside = [
            k
            for k, alarm in enumerate(found)
            if alarm.first <= last + axis.reach(alarm.segment) - 1 and alarm.last >= first
        ]
        inside = [
            k for k in inside if found[k].segment.numbers.start <= first < found[k].segment.numbers.stop
        ]
        for k in inside:
            matched[k] = True
        overlapping = [k for k in inside if found[k].first <= last]
        if overlapping:
            alarm = found[overlapping[0]]
            delays.append(max(alarm.first - first, 0) * alarm.segment.step)
    normal = sum(float(part.sum()) * segment.step for segment, part in axis.parts(known & ~truth))
    return EventFigures(
        len(events),
        len(delays),
        float(np.median(delays)) if delays else None,
        sum(not true and bool(known[alarm.first]) for true, alarm in zip(matched, found, strict=True)),
        normal / _DAY,
    )
