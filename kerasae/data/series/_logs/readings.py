"""Readings: the values of a log, in memory or in a file."""

import dataclasses
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np


class Readings(Protocol):
    """Values of a log, `(rows, channels)`. A missing one is NaN."""

    def __len__(self) -> int:
        """Return the number of rows."""

    @property
    def in_memory(self) -> np.ndarray | None:
        """All values, or `None` if they are in a file."""

    def read(self, first: int, count: int) -> np.ndarray:
        """Return `count` rows from the row `first`, `(count, channels)`."""


@dataclasses.dataclass(frozen=True)
class HeldReadings:
    """Values in memory.

    Args:
        values: Values, `(rows, channels)`.
    """

    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)

    @property
    def in_memory(self) -> np.ndarray | None:
        """All values."""
        return self.values

    def read(self, first: int, count: int) -> np.ndarray:
        """Return `count` rows from the row `first`."""
        return self.values[first : first + count]


@dataclasses.dataclass(frozen=True)
class StoredReadings:
    """Values in a file. Only those that are asked for are read.

    The file is not mapped into memory, because mapped pages count as memory of the process.

    Args:
        path: Path of the file, row after row.
        rows: Number of rows.
        channels: Number of channels.
        dtype: Type of the values.
        home: Temporary folder of the file, which is deleted with this object.
    """

    path: Path
    rows: int
    channels: int
    dtype: str
    home: tempfile.TemporaryDirectory

    def __len__(self) -> int:
        return self.rows

    @property
    def in_memory(self) -> np.ndarray | None:
        """`None`, as the values are in a file."""
        return None

    def read(self, first: int, count: int) -> np.ndarray:
        """Return `count` rows from the row `first`."""
        count = max(min(count, self.rows - first), 0)
        width = self.channels * np.dtype(self.dtype).itemsize
        values = np.fromfile(self.path, self.dtype, count * self.channels, offset=first * width)
        return values.reshape(count, self.channels)
