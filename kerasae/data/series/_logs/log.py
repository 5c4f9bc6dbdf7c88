"""Log: readings of several channels on a regular grid of time."""

import bisect
import dataclasses
from typing import Any

import numpy as np

from kerasae.data.series._logs.readings import Readings
from kerasae.spec import Column, Timing

#: Names of the splits, in the order of the codes in `Log.splits`.
SPLITS = ("train", "validation", "calibration", "test")
#: Units of a time stamp, the coarsest first, and their size in nanoseconds.
_UNITS = (("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1))


@dataclasses.dataclass(frozen=True)
class Stretch:
    """Consecutive rows of a log without a long gap.

    Args:
        recording: Name of the recording: that of its file, of its group, or of both.
        first: Number of the first row in the log, from 0.
        count: Number of rows.
        start: Time of the first row, in nanoseconds. It is UTC if the log has a time zone.
        step: Seconds between two rows, if the clock of the recording drifted by more than half a row.
            Defaults to `None`, for the step of the log.
    """

    recording: str
    first: int
    count: int
    start: np.datetime64
    step: float | None = None


@dataclasses.dataclass(frozen=True)
class Log:
    """Readings of several channels on a regular grid of time. A missing reading is NaN.

    Args:
        channels: Channels in order, numbers or booleans, with the notation of their entries.
        step: Seconds between two rows.
        stretches: Stretches in order, recording by recording. Each row belongs to one of them.
        readings: Readings, `(rows, channels)`.
        label_names: Labels without repetition. Defaults to `None`, for no labels.
        label_codes: Label of each row, `(rows,)`, as a place in `label_names`, because texts would need much
            memory. A filled row has the label of the row before it. Defaults to `None`.
        zone: Name of the time zone of the stamps. If it is known, times are UTC. Defaults to `None`, if it is
            not known.
        dtype: Type of the readings: `"float32"`, or `"float64"` if a channel needs more digits. Defaults to
            `"float32"`.
        splits: Split of each row, `(rows,)`, int8, as a place in `SPLITS`, or -1 for none. Defaults to
            `None`, if the user named no column of splits.
        clock: Columns of the stamps with their notations. Defaults to none, if the rows have no stamps.
        holds: Number of rows for which a reading of each channel holds: 1, or more for a channel that is
            read at a slower rate. Defaults to none, if this is not known.
        longest_gap: Greatest number of missing rows in a stretch. Defaults to 5.
        group: Name of the column that names the machine of each row. Defaults to `None`.
        skipped: Rows that could not be read and were left out, one line each. Defaults to none.
    """

    channels: tuple[Column, ...]
    step: float
    stretches: tuple[Stretch, ...]
    readings: Readings
    label_names: np.ndarray | None = None
    label_codes: np.ndarray | None = None
    zone: str | None = None
    dtype: str = "float32"
    splits: np.ndarray | None = None
    clock: tuple[Column, ...] = ()
    holds: tuple[int, ...] = ()
    longest_gap: int = 5
    group: str | None = None
    skipped: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.readings)

    @property
    def labels(self) -> np.ndarray | None:
        """Labels of all rows, `(rows,)`, or `None`."""
        return self.labels_of(np.arange(len(self)))

    def labels_of(self, rows: np.ndarray) -> np.ndarray | None:
        """Return the label of each row, of the same shape, or `None`."""
        if self.label_names is None or self.label_codes is None:
            return None
        return np.asarray(self.label_names[self.label_codes[rows]])

    @property
    def timing(self) -> Timing:
        """Steps and stamps of the log, as a spec holds them."""
        return Timing(self.step, self.clock, self.holds, self.zone, self.longest_gap, self.group)

    def times(self, first: int, count: int) -> np.ndarray:
        """Return the times of rows, `(count,)`, datetime64[ns].

        Args:
            first: Number of the first row.
            count: Number of rows.
        """
        times = np.empty(count, "datetime64[ns]")
        place = bisect.bisect_right(self.stretches, first, key=lambda one: one.first) - 1
        filled = 0
        while filled < count:
            stretch = self.stretches[place]
            begin = first + filled - stretch.first
            rows = np.arange(begin, min(stretch.count, begin + count - filled))
            step = self.step if stretch.step is None else stretch.step
            offsets = np.round(rows * (step * 1e9)).astype("timedelta64[ns]")
            times[filled : filled + len(rows)] = stretch.start + offsets
            filled += len(rows)
            place += 1
        return times

    def stretch_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the number of the stretch of each row, of the same shape."""
        return np.searchsorted([stretch.first for stretch in self.stretches], rows, side="right") - 1

    def times_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the time of each row, datetime64[ns], of the same shape."""
        which = self.stretch_of(rows)
        first = np.array([stretch.first for stretch in self.stretches])
        start = np.array([stretch.start for stretch in self.stretches], "datetime64[ns]")
        step = np.array([self.step if one.step is None else one.step for one in self.stretches])
        offsets = np.round((rows - first[which]) * (step[which] * 1e9)).astype("timedelta64[ns]")
        return start[which] + offsets

    def recordings_of(self, rows: np.ndarray) -> np.ndarray:
        """Return the name of the recording of each row, of the same shape."""
        names = np.array([stretch.recording for stretch in self.stretches], object)
        return np.asarray(names[self.stretch_of(rows)])

    def stamps_of(self, rows: np.ndarray) -> list[str]:
        """Return the time stamp of each row as a text, with as many digits as the log needs.

        A stamp of a log with a time zone is UTC and ends with Z.
        """
        steps = [self.step, *(one.step for one in self.stretches if one.step is not None)]
        finest = [int(one.start.astype("datetime64[ns]").astype("int64")) for one in self.stretches]
        finest += [round(step * 1e9) for step in steps]
        unit: Any = next(name for name, size in _UNITS if not any(value % size for value in finest))
        texts: list[str] = np.datetime_as_string(self.times_of(rows), unit=unit).tolist()
        end = "" if self.zone is None else "Z"
        return [text.replace("T", " ") + end for text in texts]
