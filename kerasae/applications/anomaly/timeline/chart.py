"""chart_of: the chart of a timeline, for the page."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasae.applications.anomaly.timeline.events import events_of
from kerasae.applications.anomaly.timeline.pictures import draw_timeline
from kerasae.report.charts import Chart, Panel, Segment

if TYPE_CHECKING:
    from kerasae.applications.anomaly.timeline.timeline import Timeline

#: Channels that are shown before a reader chooses, and channels on the page.
_SHOWN, _MOST = 6, 60
#: Number of alarms, the highest ones, whose peaks stay in the panels of the channels.
_PEAKS = 200


def chart_of(
    timeline: "Timeline",
    channels: Sequence[str],
    values: np.ndarray,
    expected: np.ndarray,
    spread: np.ndarray,
    blamed: Sequence[str],
    truth: np.ndarray | None,
) -> Chart:
    """Return a chart of channels, of what the model makes of them, and of the score.

    Args:
        timeline: Scores and alarms.
        channels: Names of the channels.
        values: Last reading of each window, `(windows, channels)`, in raw units.
        expected: Reconstructions of the same readings.
        spread: Spread of the residual of each channel, `(channels,)`, in raw units.
        blamed: Strongest channel of each alarm.
        truth: Whether a window is labelled as an anomaly, `(windows,)`, or `None`.
    """
    times_blamed = Counter(blamed)
    order = sorted(range(len(channels)), key=lambda number: (-times_blamed[channels[number]], number))
    peaks = np.array([alarm.peak for alarm in timeline.alarms], int)
    highest = peaks[np.argsort(-timeline.scores[peaks], kind="stable")[:_PEAKS]]
    panels = [
        Panel(
            channels[number],
            values[:, number],
            expected[:, number],
            2 * float(spread[number]),
            always=highest,
            shown=place < _SHOWN,
        )
        for place, number in enumerate(order[:_MOST])
    ]
    chart = Chart(
        "On the axis of time",
        "",
        draw_timeline(timeline, channels, values, expected, blamed, truth),
        _segments(timeline),
        [*panels, Panel("score", timeline.scores, limit=timeline.threshold, always=peaks)],
        timeline.axis.split.log.stamps_of(timeline.axis.rows[:1])[0],
        np.array([(alarm.first, alarm.last, alarm.peak) for alarm in timeline.alarms], int),
        np.array([] if truth is None else events_of(timeline.axis, truth), int),
    )
    return dataclasses.replace(
        chart, caption=_caption(chart, len(channels), bool(spread.any()), truth is not None)
    )


def _segments(timeline: "Timeline") -> list[Segment]:
    times = timeline.axis.split.times.astype("datetime64[ns]").astype("int64")
    found = []
    for segment in timeline.axis.segments:
        begin, end = int(times[segment.numbers.start]), int(times[segment.numbers.stop - 1])
        steps = segment.numbers.stop - segment.numbers.start - 1
        step = (end - begin) / steps if steps else segment.step * 1e9
        found.append(Segment(segment.recording, segment.numbers, begin, step))
    return found


def _caption(chart: Chart, channels: int, has_band: bool, has_labels: bool) -> str:
    """Return what is drawn, in sentences."""
    said = [
        "Last reading of each window (blue) and what the model makes of it (orange), the channels first that "
        "cause most alarms; below them the score with its threshold (dashed), on a scale that is linear near "
        "0 and logarithmic above. Alarms are shaded."
    ]
    if has_band:
        said.append(
            "Band: twice the spread of the residual of the channel on calibration rows, which holds about 95 "
            "% of normal readings if the residual is normally distributed."
        )
    if has_labels:
        said.append("Labelled events are marked in green.")
    if channels > _MOST:
        said.append(f"The page holds {_MOST} of {channels} channels.")
    if chart.column > 1:
        said.append(
            f"The page holds least and greatest values of up to {chart.column:,} time stamps each, and the "
            "peak of every alarm; timeline.csv holds all scores."
        )
    said.append("The numbers of the alarms are in the table below.")
    return " ".join(said)
