"""Skipped: rows and files that cannot be read, as an error at once or a list at the end."""

from collections.abc import Sequence
from typing import Literal

import numpy as np


class Skipped:
    """Collects rows and files that cannot be read.

    Args:
        on_error: Action for the first of them. `"raise"` ends the reading; `"skip"` lists it and goes on.
    """

    def __init__(self, on_error: Literal["raise", "skip"]) -> None:
        if on_error not in ("raise", "skip"):
            raise ValueError(f"`on_error` must be 'raise' or 'skip', received {on_error!r}.")
        self.on_error = on_error
        self._lines: list[str] = []

    def add(self, where: str, reason: str, advice: str = "remove it") -> None:
        """Note a row or file that cannot be read.

        Args:
            where: File and line.
            reason: Reason why it cannot be read.
            advice: Remedy, as an imperative. Defaults to "remove it".

        Raises:
            ValueError: if `on_error` is `"raise"`.
        """
        line = f"{where}: {' '.join(reason.split()).rstrip('.')}"
        if self.on_error == "raise":
            raise ValueError(f"{line}; {advice}, or use --on-error skip.")
        self._lines.append(line)

    @property
    def lines(self) -> tuple[str, ...]:
        """The rows and files that were skipped, one line each."""
        return tuple(self._lines)


def row_numbers(start: int, count: int, left_out: Sequence[int]) -> np.ndarray:
    """Return the numbers in the file, from 0, of some successive rows that were read.

    Args:
        start: Position of the first row among those that were read, from 0.
        count: Number of rows.
        left_out: Numbers of the rows that could not be read, in rising order.
    """
    # For each row left out, the number of rows read before it.
    before = np.asarray(left_out, int) - np.arange(len(left_out))
    read = np.arange(start, start + count)
    return read + np.searchsorted(before, read, side="right")
