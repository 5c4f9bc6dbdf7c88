"""Watching: channels that stop or stick at a value, as a warning. Their readings stay as they are."""

import warnings
from collections.abc import Sequence

import numpy as np

from kerasae.data.series._logs.place import lasting
from kerasae.spec import Column

#: Number of rows, and share of them, from which a channel that stands still sticks.
_ROWS, _SHARE = 100, 0.02
#: Share of the other rows in which a channel that sticks changes.
_LIVELY = 0.5
_SHOWN = 6


class Watch:
    """Watches the rows of a log for channels that stop or stick.

    Args:
        channels: Channels.
    """

    def __init__(self, channels: Sequence[Column]) -> None:
        self._channels = channels
        count = len(channels)
        self._rows = np.zeros(count, "int64")
        self._changes = np.zeros(count, "int64")
        #: Present value, number of readings that have it in a run, and the longest run with its value.
        self._value = np.full(count, np.nan)
        self._run, self._longest = np.zeros(count, "int64"), np.zeros(count, "int64")
        self._stuck = np.full(count, np.nan)
        self._silent = np.zeros(count, "int64")

    def see(self, values: np.ndarray) -> None:
        """Take note of rows in order."""
        for channel, column in enumerate(values.T):
            there = column[~np.isnan(column)]
            if not len(there):
                self._silent[channel] += len(column)
                continue
            self._silent[channel] = len(column) - 1 - np.flatnonzero(~np.isnan(column))[-1]
            self._rows[channel] += len(there)
            changes = np.flatnonzero(np.diff(there, prepend=self._value[channel]) != 0)
            edges = np.concatenate([[0], changes, [len(there)]])
            runs = np.diff(edges)
            runs[0] += self._run[channel]
            self._changes[channel] += len(changes)
            longest = int(np.argmax(runs))
            if runs[longest] > self._longest[channel]:
                self._longest[channel] = runs[longest]
                self._stuck[channel] = there[max(edges[longest + 1] - 1, 0)] if edges[longest + 1] else np.nan
                if np.isnan(self._stuck[channel]):
                    self._stuck[channel] = self._value[channel]
            self._run[channel], self._value[channel] = runs[-1], there[-1]

    def warn(self, step: float, rows: int) -> None:
        """Warn of channels that stop or stick.

        Args:
            step: Seconds between two rows.
            rows: Number of rows of the log.
        """
        others = self._rows - self._longest
        lively = self._changes >= np.maximum(_LIVELY * others, 1)
        long = self._longest >= np.maximum(_ROWS, _SHARE * rows)
        self._tell(
            "Channels that stick at a value for long are kept as they are",
            [
                (number, f"at {self._stuck[number]:g} for {lasting(self._longest[number] * step * 1e9)}")
                for number in np.flatnonzero(long & lively & (others > 0)).tolist()
            ],
        )
        self._tell(
            "Channels that never change say nothing; --set 'data.drop=[...]' leaves them out",
            [
                (number, f"{self._value[number]:g}")
                for number in np.flatnonzero((self._changes <= 1) & (self._rows > 1)).tolist()
            ],
        )
        silent = (self._silent >= np.maximum(_ROWS, _SHARE * rows)) & (self._rows > 0)
        self._tell(
            "Channels that have no readings at the end of the log are missing there",
            [
                (number, f"for the last {lasting(self._silent[number] * step * 1e9)}")
                for number in np.flatnonzero(silent).tolist()
            ],
        )

    def _tell(self, words: str, found: list[tuple[int, str]]) -> None:
        if found:
            shown = ", ".join(f"'{self._channels[number].name}' ({said})" for number, said in found[:_SHOWN])
            more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
            warnings.warn(f"{words}: {shown}{more}.", stacklevel=2)
