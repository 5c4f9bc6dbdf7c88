"""Filling: missing rows between others, and readings that hold until the next one."""

from collections.abc import Sequence

import numpy as np

from kerasae.data.series._logs._regular.grid import Piece


class Filler:
    """Turns the rows of a stretch, piece by piece, into rows without holes.

    Args:
        holds: Number of rows for which a reading of each channel holds, from 1.
    """

    def __init__(self, holds: Sequence[int]) -> None:
        self._holds = np.array(holds)
        self._held = np.empty(0)
        self._age = np.empty(0, "int64")
        self._marks = np.empty(0, "int32")
        self._next = 0

    def fill(self, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
        """Return the readings and the marks of the next rows of the stretch, without holes."""
        rows, places = piece.rows, piece.places
        if places[0] == 0:
            self._next = 0
            self._held = np.full(rows.values.shape[1], np.nan)
            self._age = np.zeros(rows.values.shape[1], "int64")
            self._marks = rows.marks[0]
        count = int(places[-1]) + 1 - self._next
        at = places - self._next
        self._next += count
        if count == len(rows):
            values, marks = rows.values, rows.marks
        else:
            values = np.full((count, rows.values.shape[1]), np.nan)
            values[at] = rows.values
            # A filled row has the labels of the row before it.
            marks = np.empty((count, rows.marks.shape[1]), "int32")
            source = np.zeros(count, "int64")
            source[at] = np.arange(len(rows)) + 1
            source = np.maximum.accumulate(source)
            marks[:] = np.concatenate([self._marks[None], rows.marks])[source]
        self._marks = marks[-1]
        return self._hold(values), marks

    def _hold(self, values: np.ndarray) -> np.ndarray:
        slow = np.flatnonzero(self._holds > 1)
        if not len(slow):
            return values
        values = values.copy()
        for channel in slow:
            column = values[:, channel]
            rows = np.arange(len(column))
            there = ~np.isnan(column)
            last = np.maximum.accumulate(np.where(there, rows, -1 - self._age[channel]))
            kept = np.where(last >= 0, column[np.maximum(last, 0)], self._held[channel])
            values[:, channel] = np.where(rows - last < self._holds[channel], kept, np.nan)
            self._held[channel] = kept[-1]
            self._age[channel] = len(column) - 1 - last[-1]
        return values
