"""Stamps: the columns of time of a log as nanoseconds."""

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.data.series._logs._entries.digits import in_digits
from kerasae.notations import STAND_INS, nulls
from kerasae.spec import Column

#: Nanoseconds of a unit of numbers since 1970, and the smallest size of such numbers in that unit.
_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (0.0, 1_000_000_000))
#: Size from which numbers are seconds since 1970; smaller ones are seconds since the beginning of the log.
_SINCE_1970 = 1e8
#: Greatest number of nanoseconds since 1970 that are read.
_FARTHEST = 9 * 10**18


class Stamps:
    """Reads the columns of time of a file as nanoseconds. Several columns are added: a day and a time of day.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, by their median. Numbers below
    10^8 are seconds since the beginning of the recording. Numbers that are the digits of dates, such as
    2024013108, have the notation of a date.

    Args:
        columns: Columns of time with their notations, as found or as in the training.

    Attributes:
        zone: Time zone that the entries show: `"UTC"`, or `None` until one is seen.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.zone: str | None = None
        #: Nanoseconds of the unit of a column of numbers, and of the last digit that they hold.
        self._units: dict[str, tuple[int, int]] = {}

    def read(self, block: pa.Table) -> tuple[np.ndarray, np.ndarray]:
        """Return the stamps of a block, `(rows,)`, int64, and which of them are missing."""
        stamps, gone = np.zeros(len(block), "int64"), np.zeros(len(block), bool)
        for column in self.columns:
            part, missing = self._part(block[column.name], column)
            stamps, gone = stamps + part, gone | missing
        return stamps, gone

    def _part(self, values: pa.ChunkedArray, column: Column) -> tuple[np.ndarray, np.ndarray]:
        if pa.types.is_integer(values.type) and in_digits(column):
            values = values.cast(pa.string())
        kind = values.type
        if pa.types.is_string(kind):
            texts = nulls(values, (*STAND_INS, *column.notation.missing))
            values = column.notation.parse(texts)
            if getattr(column.notation, "zone", ""):
                self.zone = "UTC"
            kind = values.type
        elif getattr(kind, "tz", None):
            self.zone = "UTC"
        if pa.types.is_time(kind):
            return _nanoseconds(values.cast(pa.time64("ns"), safe=False))
        if pa.types.is_duration(kind):
            return _nanoseconds(values.cast(pa.duration("ns"), safe=False))
        if pa.types.is_timestamp(kind) and kind.unit == "ns":
            return _nanoseconds(values)
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            micro, gone = _nanoseconds(values.cast(pa.timestamp("us"), safe=False))
            return _times(micro, 1000, gone)
        return self._numbers(values, column)

    def _numbers(self, values: pa.ChunkedArray, column: Column) -> tuple[np.ndarray, np.ndarray]:
        if not values.null_count and pa.types.is_integer(values.type):
            numbers = values.cast(pa.int64(), safe=False).to_numpy()
            gone = np.zeros(len(numbers), bool)
        else:
            numbers = values.cast(pa.float64(), safe=False).to_numpy()
            gone = ~np.isfinite(numbers)
            numbers = np.where(gone, 0.0, numbers)
        if column.name not in self._units:
            # The median, because a gross error in one stamp must not change the others.
            size = float(np.median(np.abs(numbers[~gone]))) if not gone.all() else 0.0
            unit = next(unit for least, unit in _UNITS if size >= least)
            # A float since 1970 holds microseconds, but no nanoseconds.
            digits = math.ceil(math.log10(max(min(size * unit, _FARTHEST) * 2.0**-51, 1.0)))
            self._units[column.name] = (unit, 10**digits)
            if size >= _SINCE_1970:
                self.zone = "UTC"
        unit, fine = self._units[column.name]
        if numbers.dtype.kind == "f":
            numbers = np.round(np.clip(numbers * (unit / fine), -_FARTHEST, _FARTHEST)).astype("int64")
            unit = fine
        return _times(numbers, unit, gone)


def is_time_of_day(column: Column) -> bool:
    """Return whether the entries of a column are times of a day."""
    return type(column.notation).__name__ == "TimeOfDay" or column.dtype.startswith("time")


def is_day(column: Column) -> bool:
    """Return whether the entries of a column are days without a time."""
    pattern = getattr(column.notation, "pattern", "")
    return bool(pattern) and "%H" not in pattern and "%I" not in pattern


def _times(numbers: np.ndarray, unit: int, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of a unit in nanoseconds. Those before 1678 and after 2262 count as missing."""
    gone = gone | (np.abs(numbers) > _FARTHEST // unit)
    return np.where(gone, 0, numbers) * unit, gone


def _nanoseconds(values: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    gone = pc.is_null(values).to_numpy(zero_copy_only=False).astype(bool)
    whole = values.cast(pa.int64(), safe=False).fill_null(0).to_numpy()
    return np.asarray(whole, "int64"), gone
