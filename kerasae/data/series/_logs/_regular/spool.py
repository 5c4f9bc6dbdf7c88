"""Spools: the rows of one recording as they were read, in memory or in a file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from kerasae.data.series._logs.rows import Rows


class Spool(Protocol):
    """Rows in the order of their file."""

    def write(self, rows: Rows) -> None:
        """Add rows."""

    def blocks(self, backwards: bool = False) -> Iterator[Rows]:
        """Give the rows in blocks, the last row first if `backwards`."""

    def delete(self) -> None:
        """Free the rows."""


class MemorySpool:
    """Rows in memory."""

    def __init__(self) -> None:
        self._parts: list[Rows] = []

    def write(self, rows: Rows) -> None:
        """Add rows."""
        self._parts.append(rows)

    def blocks(self, backwards: bool = False) -> Iterator[Rows]:
        """Give the rows in blocks, the last row first if `backwards`."""
        for part in reversed(self._parts) if backwards else self._parts:
            yield part[::-1] if backwards else part

    def delete(self) -> None:
        """Free the rows."""
        self._parts = []


class FileSpool:
    """Rows in a file.

    Args:
        path: Path of the file, which does not exist yet.
        channels: Number of channels.
        marks: Number of marks of a row.
    """

    def __init__(self, path: Path, channels: int, marks: int) -> None:
        self._path, self._channels, self._marks = path, channels, marks
        #: Place and number of rows of each block.
        self._index: list[tuple[int, int]] = []

    def write(self, rows: Rows) -> None:
        """Add rows."""
        with self._path.open("ab") as file:
            self._index.append((file.tell(), len(rows)))
            for array in (rows.numbers, rows.stamps, rows.values, rows.marks.astype("int32")):
                file.write(np.ascontiguousarray(array).tobytes())

    def blocks(self, backwards: bool = False) -> Iterator[Rows]:
        """Give the rows in blocks, the last row first if `backwards`."""
        if not self._index:
            return
        with self._path.open("rb") as file:
            for place, count in reversed(self._index) if backwards else self._index:
                file.seek(place)
                numbers, stamps = (np.fromfile(file, "int64", count) for _ in range(2))
                values = np.fromfile(file, "float64", count * self._channels)
                marks = np.fromfile(file, "int32", count * self._marks)
                rows = Rows(
                    numbers,
                    stamps,
                    values.reshape(count, self._channels),
                    marks.reshape(count, self._marks),
                )
                yield rows[::-1] if backwards else rows

    def delete(self) -> None:
        """Delete the file."""
        self._path.unlink(missing_ok=True)
