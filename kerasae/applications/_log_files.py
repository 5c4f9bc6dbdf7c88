"""LogFile: windows that overlap as the rows of one log, in a CSV file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing import as_written
from kerasae.report.sheet import with_keys, write_table
from kerasae.spec import Spec


class LogFile:
    """CSV file of a log, made from windows: a row for each time stamp, which is the mean over its windows.

    Windows are added in their order, and rows are written as soon as no later window holds them.

    Args:
        path: Path of the file.
        split: Windows of a log, in the order of time.
        spec: Spec of the windows.
    """

    def __init__(self, path: Path, split: Any, spec: Spec) -> None:
        self._path, self._split, self._spec = path, split, spec
        self._log, self._firsts = split.log, split.last_rows() - split.steps + 1
        self._added = 0
        self._begun = False
        self._rows = np.empty(0, "int64")
        self._total, self._count, self._filled = (np.empty((0, len(spec.channels))) for _ in range(3))
        self._whole = of_integers(spec)

    def add(self, windows: np.ndarray, filled: np.ndarray | None = None) -> None:
        """Add the next windows, `(rows, steps, channels)`, in raw units. NaN does not count.

        Args:
            windows: Windows.
            filled: Whether an entry was filled, in the shape of the windows. Where it was, the mean of a
                channel of integers is rounded. Defaults to `None`, for none.
        """
        firsts = self._firsts[self._added : self._added + len(windows)]
        self._added += len(windows)
        if not len(firsts):
            return
        self._write(before=int(firsts.min()))
        steps = np.arange(self._split.steps)
        places = (firsts[:, None] + steps).ravel()
        rows, where = np.unique(np.concatenate([self._rows, places]), return_inverse=True)
        values = np.asarray(windows, "float64").reshape(len(places), -1)
        present = ~np.isnan(values)
        total, count, gaps = (np.zeros((len(rows), values.shape[1])) for _ in range(3))
        for sums, before in ((total, self._total), (count, self._count), (gaps, self._filled)):
            sums[where[: len(self._rows)]] = before
        np.add.at(total, where[len(self._rows) :], np.where(present, values, 0.0))
        np.add.at(count, where[len(self._rows) :], present)
        if filled is not None:
            np.add.at(gaps, where[len(self._rows) :], np.asarray(filled).reshape(values.shape))
        self._rows, self._total, self._count, self._filled = rows, total, count, gaps

    def close(self) -> None:
        """Write the last rows."""
        self._write(before=None)

    def _write(self, before: int | None) -> None:
        """Write the rows before a row of the log, or all."""
        done = np.ones(len(self._rows), bool) if before is None else self._rows < before
        if not done.any():
            return
        rows = self._rows[done]
        with np.errstate(invalid="ignore"):
            means = self._total[done] / self._count[done]
        means = np.where(self._whole & (self._filled[done] > 0), np.rint(means), means)
        self._rows, self._total, self._count, self._filled = (
            part[~done] for part in (self._rows, self._total, self._count, self._filled)
        )
        names = [channel.name for channel in self._spec.channels]
        frame = pd.DataFrame(means, columns=names)
        frame = as_written(frame, self._spec.channels)
        keys = {"recording": self._log.recordings_of(rows)} if self._split.several else {}
        frame = with_keys(frame, {**keys, "time": self._log.stamps_of(rows)})
        write_table(frame, self._path, append=self._begun, index=False)
        self._begun = True


def of_integers(spec: Spec) -> np.ndarray:
    """Return whether each channel of a log holds integers, `(channels,)`."""
    return np.array([channel.dtype.lower().startswith(("int", "uint")) for channel in spec.channels], bool)
