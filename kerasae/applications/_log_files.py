"""LogFile: windows that overlap as the rows of one log, in a CSV file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing import as_written
from kerasae.report.sheet import write_table
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
        self._total, self._count = (np.empty((0, len(spec.channels))) for _ in range(2))

    def add(self, windows: np.ndarray) -> None:
        """Add the next windows, `(rows, steps, channels)`, in raw units. NaN does not count."""
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
        total, count = (np.zeros((len(rows), values.shape[1])) for _ in range(2))
        total[where[: len(self._rows)]], count[where[: len(self._rows)]] = self._total, self._count
        np.add.at(total, where[len(self._rows) :], np.where(present, values, 0.0))
        np.add.at(count, where[len(self._rows) :], present)
        self._rows, self._total, self._count = rows, total, count

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
        self._rows, self._total, self._count = self._rows[~done], self._total[~done], self._count[~done]
        names = [channel.name for channel in self._spec.channels]
        frame = pd.DataFrame(means, columns=names)
        frame = as_written(frame, self._spec.channels)
        frame.insert(0, "time", self._log.stamps_of(rows))
        if self._split.several:
            frame.insert(0, "recording", self._log.recordings_of(rows))
        write_table(frame, self._path, append=self._begun, index=False)
        self._begun = True
