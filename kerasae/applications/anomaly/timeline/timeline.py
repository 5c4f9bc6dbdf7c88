"""Timeline: scores and alarms of the windows of a log, with their figures and files."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from kerasae.applications.anomaly._reasons import Reasons
from kerasae.applications.anomaly.timeline.alarms import Interval, flags, intervals
from kerasae.applications.anomaly.timeline.axis import TimeAxis
from kerasae.applications.anomaly.timeline.chart import chart_of
from kerasae.applications.anomaly.timeline.events import event_figures
from kerasae.applications.anomaly.timeline.fold import folded, strongest
from kerasae.applications.anomaly.timeline.settings import AlarmSettings
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.metrics import Metric
from kerasae.report import as_text, sheet
from kerasae.report.page import Listing, Picture

#: What is said of a score of a stamp.
_LATER = "over all windows that hold it, later ones too, which a live stream cannot know."
_FOLDED = {
    "last": "",
    "mean": f" The score of a time stamp is the mean {_LATER}",
    "least": f" The score of a time stamp is the least one {_LATER}",
}
#: Largest number of alarms on the page.
_SHOWN = 200


class Written(NamedTuple):
    """What a timeline adds to a report.

    Attributes:
        timeline: A line for each window: recording, time, score, alarm, and label if there are any.
        alarms: A line for each alarm.
        pictures: Pictures for the page.
        listings: Tables for the page.
        sentences: Sentences, each with whether it is good news.
    """

    timeline: pd.DataFrame
    alarms: pd.DataFrame
    pictures: list[Picture]
    listings: list[Listing]
    sentences: list[tuple[bool, str]]

    def write(self, out: Path) -> None:
        """Write `timeline.csv` and `alarms.csv` into a folder."""
        sheet.write_sheet(self.timeline, out / "timeline.csv")
        sheet.write_sheet(self.alarms, out / "alarms.csv")


@dataclasses.dataclass(frozen=True)
class Timeline:
    """Scores of time stamps, from those of windows, and the alarms in them.

    Args:
        axis: Axis of time of the windows.
        scores: Score of each stamp, `(windows,)`.
        threshold: Threshold of the scores.
        alarms: Alarms in the order of time.
        windows: Number of the window whose reasons stand for each stamp, `(windows,)`, int.
        fold: How the scores of the windows that hold a stamp are folded.
    """

    axis: TimeAxis
    scores: np.ndarray
    threshold: float
    alarms: list[Interval]
    windows: np.ndarray
    fold: str

    @classmethod
    def of(
        cls,
        axis: TimeAxis,
        scores: np.ndarray,
        settings: AlarmSettings,
        threshold: float,
        fold: str = "last",
    ) -> Self:
        """Return the timeline of scores.

        Args:
            axis: Axis of time of the windows.
            scores: Score of each window, `(windows,)`.
            settings: When alarms begin and end.
            threshold: Threshold of the scores of stamps.
            fold: How the scores of the windows that hold a stamp are folded. Defaults to `"last"`.
        """
        stamps = folded(axis, scores, fold)
        found = intervals(axis, stamps, settings.rule(threshold), settings.merge)
        return cls(axis, stamps, threshold, found, strongest(axis, scores, fold), fold)

    def metrics(self, truth: np.ndarray | None, known: np.ndarray | None = None) -> list[Metric]:
        """Return the figures of the alarms.

        Args:
            truth: Whether the last reading of each window is labelled as an anomaly, `(windows,)`; `None` if
                there are no labels.
            known: Whether that reading has a label, `(windows,)`. Defaults to `None`, if all have one.
        """
        found: float | str | None = None
        delay = per_day = None
        if truth is not None and truth.any() and not (truth if known is None else truth[known]).all():
            figures = event_figures(self.axis, truth, self.alarms, known)
            found = f"{figures.found} of {figures.events}"
            delay, per_day = figures.delay, figures.false_alarms_per_day
        return [
            Metric("alarms", "alarms", len(self.alarms)),
            Metric("events_found", "events found", found),
            Metric("delay_seconds", "delay (s)", delay, lower=True),
            Metric("false_alarms_per_day", "false alarms a day", per_day, lower=True),
        ]

    def written(
        self,
        data: Data,
        reasons: Reasons,
        residual: np.ndarray,
        spread: np.ndarray,
        truth: np.ndarray | None,
    ) -> Written:
        """Return files, pictures and sentences.

        Args:
            data: Data whose test split holds the windows.
            reasons: Reasons of each window.
            residual: Residual of the last reading of each channel, `(windows, channels)`, in `x`.
            spread: Spread of these residuals on calibration rows, `(channels,)`, in `x`.
            truth: As for `metrics`.
        """
        split: Any = data.test
        table = self._alarm_table(data, reasons)
        lines = pd.DataFrame({"time": split.log.stamps_of(self.axis.rows), "score": self.scores})
        lines["alarm"] = flags(self.axis, self.alarms).astype(int)
        if split.several:
            lines.insert(0, "recording", split.recordings)
        if split.labels is not None:
            lines["label"] = split.labels
        channels, slopes = kind_of(data.spec).channel_names, np.ones(residual.shape[1])
        if data.preprocessor is not None and data.preprocessor.affine is not None:
            slopes = np.asarray(data.preprocessor.affine[1])
        values = self._last_readings(len(channels))
        expected = values - residual * slopes
        chart = chart_of(self, channels, values, expected, spread * slopes, list(table["channel_1"]), truth)
        return Written(lines, table, [chart], self._listings(table), [self._sentence()])

    def _last_readings(self, channels: int) -> np.ndarray:
        """Return the last reading of each window, `(windows, channels)`, in raw units."""
        values = np.empty((len(self.axis), channels))
        for segment in self.axis.segments:
            rows = self.axis.rows[segment.numbers]
            values[segment.numbers] = self.axis.values(int(rows[0]), int(rows[-1] - rows[0]) + 1)[
                rows - rows[0]
            ]
        return values

    def _alarm_table(self, data: Data, reasons: Reasons) -> pd.DataFrame:
        """Return a line for each alarm: when, how high, and the channels that caused it."""
        split: Any = data.test
        kind = kind_of(data.spec)
        channel_of = dict(zip(kind.feature_names, kind.channel_names * self.axis.steps, strict=True))
        peaks = [alarm.peak for alarm in self.alarms]
        windows: Any = self.windows[peaks] if peaks else []
        columns: dict[str, Any] = {
            "start": split.log.stamps_of(self.axis.rows[[alarm.first for alarm in self.alarms]]),
            "end": split.log.stamps_of(self.axis.rows[[alarm.last for alarm in self.alarms]]),
            "seconds": [alarm.seconds for alarm in self.alarms],
            "score": self.scores[peaks],
        }
        if split.several:
            columns = {"recording": split.recordings[[alarm.first for alarm in self.alarms]], **columns}
        for number in range(reasons.share.shape[1]):
            columns[f"channel_{number + 1}"] = [channel_of[name] for name in reasons.name[windows, number]]
            columns[f"value_{number + 1}"] = reasons.value[windows, number]
            columns[f"expected_{number + 1}"] = reasons.expected[windows, number]
            columns[f"share_{number + 1}"] = np.round(reasons.share[windows, number], 4)
        columns["because"] = [reasons.sentence(window) for window in windows]
        return pd.DataFrame(columns)

    def _listings(self, table: pd.DataFrame) -> list[Listing]:
        highest = table.iloc[np.argsort(-table["score"].to_numpy(), kind="stable")[:_SHOWN]].sort_index()
        names = [
            name for name in ("recording", "start", "end", "score", "channel_1", "because") if name in table
        ]
        headings = [{"channel_1": "channel", "because": "because of"}.get(name, name) for name in names]
        rows = [[as_text(row[name]) for name in names] for _, row in highest.iterrows()]
        caption = (
            "In the order of time. The channel is the one that adds most to the highest score of the alarm; "
            "beside it stand a reading and the one that the model expects. A click on an alarm shows it in "
            "the chart. All alarms are in alarms.csv."
        )
        if self.fold != "last":
            caption += " Its reasons are those of the window with the highest score that holds the peak."
        if not rows:
            return []
        stamps = [
            (alarm.first, alarm.last, alarm.peak)
            for alarm in (self.alarms[number] for number in highest.index)
        ]
        return [Listing("Alarms", caption, headings, rows, filtered=names.index("channel_1"), stamps=stamps)]

    def _sentence(self) -> tuple[bool, str]:
        seconds = sum(
            (segment.numbers.stop - segment.numbers.start) * segment.step for segment in self.axis.segments
        )
        hours = f"{seconds / 3600:.3g} hours" if seconds < 4 * 86400 else f"{seconds / 86400:.3g} days"
        count = len(self.alarms)
        steps = self.axis.steps
        strides = np.diff(self.axis.rows)
        shared = steps - int(strides[strides > 0].min(initial=steps))
        dependent = (
            f" Neighbouring windows share up to {shared} of {steps} readings and are not independent: they "
            "are calibrated in blocks, and promises about shares of windows hold on the average over long "
            "times only."
        )
        found = f"{count} {'alarm' if count == 1 else 'alarms'} in {hours}."
        return True, found + (dependent if shared else "") + _FOLDED[self.fold]
