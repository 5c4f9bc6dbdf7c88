"""ArraySources: arrays as the open files of a log, one for each recording."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kerasae.files import read_npy_header

#: Number of rows of a block.
_ROWS = 1 << 15


@dataclasses.dataclass(frozen=True)
class _Recording:
    """One recording of an array as an open file."""

    path: object
    schema: pa.Schema
    index: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return list(self.schema.names)


class ArraySources:
    """Arrays as the sources of a log.

    Args:
        path: Path of the file, or words for an array, for messages.
        name: Name of the recordings, which are numbered if there are several.
        readings: Readings, `(recordings, steps, channels)`: an array, or a `NpyFile`.
        columns: Other values of the rows by name: stamps and labels, `(recordings, steps)` or `(steps,)`, or
            `(recordings,)` for labels.
        channels: Names of the channels, or `None` to number them.

    Attributes:
        files: Recordings.
        names: Names of the recordings.
        size: Size of the readings in bytes.

    Raises:
        ValueError: if shapes do not fit together.
    """

    def __init__(
        self, path: object, name: str, readings: Any, columns: dict[str, Any], channels: Sequence[str] | None
    ) -> None:
        if len(readings.shape) not in (2, 3) or readings.dtype.kind not in "biuf":
            raise ValueError(
                f"Expected numbers of shape (recordings, steps, channels) or (steps, channels) in {path}, "
                f"received {readings.dtype} of shape {readings.shape}."
            )
        self._alone = len(readings.shape) == 2
        self._readings = readings
        count, steps, width = (1, *readings.shape) if self._alone else readings.shape
        self._channels = (
            [f"channel_{number + 1}" for number in range(width)] if channels is None else channels
        )
        if len({*self._channels, *columns}) != width + len(columns):
            raise ValueError(
                f"Expected {width} different names of channels for {path}, received "
                f"{', '.join([*self._channels, *columns][:6]) or 'none'}."
            )
        self._columns = {key: _spread(key, one, (count, steps), path) for key, one in columns.items()}
        self.size = readings.dtype.itemsize * count * steps * width
        digits = len(str(count))
        self.names = [name if count == 1 else f"{name}_{number + 1:0{digits}}" for number in range(count)]
        if not count or not steps or not width:
            raise ValueError(f"Expected readings in {path}, received an array of shape {readings.shape}.")
        schema = self._table(0, 0, 1).schema
        self.files = [_Recording(path, schema) for _ in self.names]
        self._steps = steps

    @property
    def everywhere(self) -> set[str]:
        """Names of the columns."""
        return set(self.files[0].names)

    def passes(self) -> Iterator[pa.Table]:
        """Give the blocks of all recordings."""
        for number in range(len(self.files)):
            yield from self.blocks(number)

    def blocks(self, number: int) -> Iterator[pa.Table]:
        """Give the blocks of one recording."""
        for start in range(0, self._steps, _ROWS):
            yield self._table(number, start, min(start + _ROWS, self._steps))

    def _table(self, number: int, start: int, stop: int) -> pa.Table:
        rows = self._readings[start:stop] if self._alone else self._readings[number, start:stop]
        values = {name: column[number, start:stop] for name, column in self._columns.items()}
        values |= {name: rows[:, place] for place, name in enumerate(self._channels)}
        return pa.table({name: pa.array(np.ascontiguousarray(one)) for name, one in values.items()})


def _spread(name: str, values: Any, shape: tuple[int, int], path: object) -> np.ndarray:
    """Return values of the rows, `(recordings, steps)`."""
    array = np.asarray(values)
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ns]")
    elif array.dtype.kind in "OUS":
        array = array.astype(str).astype(object)
    if array.shape == shape[:1] and shape[0] != shape[1]:
        array = array[:, None]
    if array.shape not in (shape, shape[1:], (shape[0], 1)):
        raise ValueError(
            f"Expected `{name}` of shape {shape} or {shape[1:]} in {path}, received {array.shape}."
        )
    return np.broadcast_to(array, shape)


class NpyFile:
    """An array in a .npy file, of which only the rows that are asked for are read.

    Args:
        path: Path of the file.

    Attributes:
        shape: Shape of the array.
        dtype: Type of its values.
        ordered: Whether its rows lie one after another.

    Raises:
        Exception: if the file is damaged, an error of NumPy or Python's tokenizer.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            self.shape, fortran, self.dtype = read_npy_header(file, path.stat().st_size)
            self._start = file.tell()
        self.ordered = not fortran

    def __getitem__(self, key: Any) -> np.ndarray:
        *number, rows = key if isinstance(key, tuple) else (key,)
        first = rows.start + (number[0] * self.shape[1] if number else 0)
        count, width = rows.stop - rows.start, self.shape[-1]
        place = self._start + first * width * self.dtype.itemsize
        return np.fromfile(self._path, self.dtype, count * width, offset=place).reshape(count, width)
