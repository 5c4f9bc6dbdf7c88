"""Ring: the last readings of all channels, as one window without a copy."""

import numpy as np


class Ring:
    """Last rows in the order of time. Each row is stored twice, so that any window is one block of memory.

    Args:
        rows: Number of rows of a window.
        columns: Number of columns.
        dtype: Type of the numbers.
    """

    def __init__(self, rows: int, columns: int, dtype: str) -> None:
        self._rows = np.zeros((2 * rows, columns), dtype)
        self._size, self._next = rows, 0

    def add(self, row: np.ndarray) -> None:
        """Store a row in place of the oldest one."""
        self._rows[self._next] = self._rows[self._next + self._size] = row
        self._next = (self._next + 1) % self._size

    @property
    def window(self) -> np.ndarray:
        """The last rows, the oldest first, as a view `(1, rows, columns)` that the next row changes."""
        return self._rows[None, self._next : self._next + self._size]
