"""Sinks: the readings of a log as they are written, row after row."""

import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np

from kerasae.data.series._logs.readings import HeldReadings, Readings, StoredReadings


class Sink(Protocol):
    """Takes readings in order."""

    def write(self, values: np.ndarray) -> None:
        """Add rows, `(rows, channels)`."""

    def readings(self) -> Readings:
        """Return all readings."""


class MemorySink:
    """Readings in memory.

    Args:
        channels: Number of channels.
        dtype: Type of the readings.
    """

    def __init__(self, channels: int, dtype: str) -> None:
        self._parts = [np.empty((0, channels), dtype)]

    def write(self, values: np.ndarray) -> None:
        """Add rows."""
        self._parts.append(values.astype(self._parts[0].dtype))

    def readings(self) -> Readings:
        """Return all readings."""
        return HeldReadings(np.concatenate(self._parts))


class FileSink:
    """Readings in a file.

    Args:
        channels: Number of channels.
        dtype: Type of the readings.
        home: Temporary folder for the file.
    """

    def __init__(self, channels: int, dtype: str, home: tempfile.TemporaryDirectory) -> None:
        self._channels, self._dtype, self._home = channels, dtype, home
        self._path, self._rows = Path(home.name) / "readings", 0
        self._path.touch()

    def write(self, values: np.ndarray) -> None:
        """Add rows."""
        with self._path.open("ab") as file:
            file.write(np.ascontiguousarray(values, self._dtype).tobytes())
        self._rows += len(values)

    def readings(self) -> Readings:
        """Return all readings."""
        return StoredReadings(self._path, self._rows, self._channels, self._dtype, self._home)
