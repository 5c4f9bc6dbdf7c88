"""Chart: lines over time with alarms and events, which a reader can zoom."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any, ClassVar

import numpy as np
from markupsafe import Markup

from kerasae.report.charts.parts import Panel, Segment, packed
from kerasae.report.charts.thinning import thinned
from kerasae.report.page import Picture, encode, paper, template

#: Characters of the values on a page.
_CHARACTERS = 1_100_000
#: Characters of a stamp: its number, a value, and what is expected, in base64.
_STAMP, _EXPECTED = 11, 5.4
#: Largest number of intervals that are shaded one by one.
_INTERVALS = 5000


@dataclasses.dataclass(frozen=True)
class Chart(Picture):
    """A picture of lines over time. A reader can zoom it and read the values.

    It works without a network. Without scripts, and on paper, the figure stands in its place. Panels have one
    axis of time; recordings are shown one at a time, and nothing is drawn between two segments. A page holds
    about 1 MB of values: beyond that, least and greatest values of columns of stamps are kept.

    Args:
        segments: Segments of all stamps, in order.
        panels: Panels, from the top.
        stamp: Stamp of the first value as a text, which says how many digits stamps have: a part of
            `YYYY-MM-DD HH:MM:SS.fffffffff`, and what follows.
        alarms: Numbers of the first and the last stamp of each shaded interval, and of its peak, `(alarms,
            3)`. The chart opens with the recording of the highest value of the last panel at a peak.
        events: Numbers of the first and the last stamp of each marked interval, `(events, 2)`.
    """

    segments: Sequence[Segment]
    panels: Sequence[Panel]
    stamp: str
    alarms: np.ndarray
    events: np.ndarray

    leads: ClassVar[bool] = True

    @cached_property
    def kept(self) -> list[list[np.ndarray]]:
        """Numbers of the stamps that are on the page, by recording and panel."""
        total = sum(one.numbers.stop - one.numbers.start for one in self.segments)
        cost = sum(
            2 * len(panel.lines) * (_STAMP + _EXPECTED * (len(panel.lines) - 1)) for panel in self.panels
        )
        columns = _CHARACTERS / cost
        found = []
        for segments in self._recordings.values():
            parts = [one.numbers for one in segments]
            share = sum(part.stop - part.start for part in parts) / total
            found.append(
                [
                    thinned(panel.lines, parts, int(columns * share), _within(panel.always, parts))
                    for panel in self.panels
                ]
            )
        return found

    @property
    def column(self) -> int:
        """Number of stamps of which extremes are kept, at most; 1 if all stamps are on the page."""
        total = sum(one.numbers.stop - one.numbers.start for one in self.segments)
        least = min(sum(len(one[number]) for one in self.kept) for number in range(len(self.panels)))
        return 1 if least == total else -(-2 * total // least)

    @cached_property
    def _recordings(self) -> dict[str, list[Segment]]:
        found: dict[str, list[Segment]] = {}
        for segment in self.segments:
            found.setdefault(segment.recording, []).append(segment)
        return found

    def payload(self) -> dict[str, Any]:
        """Return what the script of the page reads, as plain values."""
        end = self.stamp.lstrip("0123456789-: .")
        starts = np.array([one.numbers.start for one in self.segments])
        alarms = _joined(np.asarray(self.alarms, int).reshape(-1, 3), starts, self.panels[-1].values)
        highest = int(np.argmax(self.panels[-1].values[alarms[:, 2]])) if len(alarms) else 0
        return {
            "length": len(self.stamp) - len(end),
            "end": end,
            "panels": [panel.about() for panel in self.panels],
            "alarms": packed(alarms, "<u4"),
            "first": highest,
            "events": packed(_joined(np.asarray(self.events, int).reshape(-1, 2), starts), "<u4"),
            "recordings": [
                {
                    "name": name,
                    "segments": [one.packed() for one in segments],
                    "panels": [
                        panel.packed(numbers) for panel, numbers in zip(self.panels, kept, strict=True)
                    ],
                }
                for (name, segments), kept in zip(self._recordings.items(), self.kept, strict=True)
            ],
        }

    def html(self) -> Markup:
        def source(name: str) -> Markup:
            return Markup(files("kerasae.report.charts").joinpath(name).read_text(encoding="utf-8"))

        return Markup(
            template("chart", "kerasae.report.charts").render(
                title=self.title,
                caption=self.caption,
                data=self.payload(),
                image=encode(self.figure),
                paper=paper(self.figure),
                licence=source("uPlot.LICENSE"),
                library=source("uPlot.iife.min.js"),
                library_css=source("uPlot.min.css"),
                script=source("chart.js"),
            )
        )


def _within(numbers: np.ndarray | None, parts: Sequence[slice]) -> np.ndarray:
    """Return the numbers that lie in one of the parts."""
    if numbers is None:
        return np.zeros(0, int)
    numbers = np.asarray(numbers, int)
    inside = np.zeros(len(numbers), bool)
    for part in parts:
        inside |= (numbers >= part.start) & (numbers < part.stop)
    return numbers[inside]


def _joined(intervals: np.ndarray, starts: np.ndarray, heights: np.ndarray | None = None) -> np.ndarray:
    """Return the intervals; where there are more than `_INTERVALS`, near ones of a segment become one.

    Args:
        intervals: First and last stamp, and the peak if there are heights, `(intervals, 2 or 3)`.
        starts: First stamp of each segment.
        heights: Value at each stamp. The highest peak stays. Defaults to `None`.
    """
    near = 1
    while len(intervals) > _INTERVALS and near < 2**32:
        near *= 2
        segment = np.searchsorted(starts, intervals[:, 0], side="right")
        apart = (intervals[1:, 0] - intervals[:-1, 1] > near) | (np.diff(segment) != 0)
        places = np.concatenate([[0], np.flatnonzero(apart) + 1])
        joined = [intervals[places, 0], np.maximum.reduceat(intervals[:, 1], places)]
        if heights is not None:
            group = np.cumsum(np.concatenate([[0], apart]))
            order = np.lexsort((heights[intervals[:, 2]], group))
            # The last one of each group is the highest.
            joined.append(intervals[order[np.append(places[1:], len(intervals)) - 1], 2])
        intervals = np.stack(joined, axis=1)
    return intervals
