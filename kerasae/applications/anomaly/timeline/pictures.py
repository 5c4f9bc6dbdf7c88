"""draw_timeline: channels, scores and alarms over time."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasae.report.canvas import Canvas

if TYPE_CHECKING:
    from kerasae.applications.anomaly.timeline.timeline import Timeline

#: Largest number of channels, and of points of a line.
_CHANNELS, _POINTS = 6, 4000


def draw_timeline(
    timeline: "Timeline",
    channels: Sequence[str],
    values: np.ndarray,
    expected: np.ndarray,
    blamed: Sequence[str],
    truth: np.ndarray | None,
) -> Canvas:
    """Draw the channels that cause most alarms, what the model makes of them, and the score.

    Args:
        timeline: Scores and alarms.
        channels: Names of the channels.
        values: Last reading of each window, `(windows, channels)`, in raw units.
        expected: Reconstructions of the same readings.
        blamed: Strongest channel of each alarm.
        truth: Whether a window is labelled as an anomaly, `(windows,)`, or `None`.
    """
    times_blamed = Counter(blamed)
    order = sorted(range(len(channels)), key=lambda number: (-times_blamed[channels[number]], number))
    shown = sorted(order[:_CHANNELS])
    figure = Canvas(figsize=(10, 1.3 * (len(shown) + 1) + 0.4), dpi=110, layout="constrained")
    axes = figure.subplots(len(shown) + 1, 1, sharex=True, squeeze=False)[:, 0]
    times = timeline.axis.split.times
    for place, number in zip(axes, shown, strict=False):
        for segment in timeline.axis.segments:
            part = np.arange(segment.numbers.start, segment.numbers.stop)
            part = part[:: -(-len(part) // _POINTS)]
            place.plot(times[part], expected[part, number], color="#E69F00", linewidth=0.9)
            place.plot(times[part], values[part, number], color="#0072B2", linewidth=0.8)
        place.set_ylabel(channels[number], rotation=0, ha="right", va="center", fontsize=8)
    last = axes[-1]
    for segment in timeline.axis.segments:
        part = np.arange(segment.numbers.start, segment.numbers.stop)
        # The highest score of each group of windows is drawn, so that no alarm is lost.
        size = -(-len(part) // _POINTS)
        starts = part[::size]
        last.plot(
            times[starts],
            np.maximum.reduceat(
                np.minimum(timeline.scores[part], _ceiling(timeline)), np.arange(0, len(part), size)
            ),
            color="black",
            linewidth=0.8,
        )
    last.axhline(timeline.threshold, color="#D55E00", linewidth=0.9, linestyle="--")
    last.set_ylabel("score", rotation=0, ha="right", va="center", fontsize=8)
    last.set_yscale("symlog", linthresh=max(abs(timeline.threshold), 1e-9))
    for place in axes:
        place.tick_params(labelsize=7)
        for alarm in timeline.alarms:
            place.axvspan(times[alarm.first], times[alarm.last], color="#D55E00", alpha=0.2, linewidth=0.8)
        if truth is not None:
            for segment, part in timeline.axis.parts(truth):
                inside = np.flatnonzero(part) + segment.numbers.start
                place.plot(
                    times[inside],
                    np.zeros(len(inside)),
                    "|",
                    color="#009E73",
                    markersize=4,
                    transform=place.get_xaxis_transform(),
                )
    return figure


def _ceiling(timeline: "Timeline") -> float:
    """Return the highest score that is drawn; one that cannot be judged would flatten all others."""
    judged = timeline.scores[timeline.scores < 1e30]
    return float(2 * judged.max()) if len(judged) else 1.0
