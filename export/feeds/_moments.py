"""Moments: the stamps of lines as nanoseconds."""

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.notations import chunked
from kerasae.spec import Column

#: Nanoseconds of a unit of numbers since 1970, and the smallest size of such numbers in that unit.
_UNITS = ((1e17, 1), (1e14, 1_000), (1e11, 1_000_000), (0.0, 1_000_000_000))
_SECOND = 1_000_000_000
#: Nanoseconds from 1970 to the year 2262, where 64 bits end.
_LATEST = 2**63 - 1
_EPOCH = datetime.datetime(1970, 1, 1)


class Moments:
    """Reads stamps by the notation of the training. Several columns are added: a day and a time of day.

    Numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, by their size.

    Args:
        columns: Columns of the stamps.

    Call arguments:
        entries: Entries of each column, texts or numbers.

    Returns:
        Nanoseconds of each line.

    Raises:
        ValueError: If an entry is no stamp.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.names = [column.name for column in columns]
        #: Nanoseconds of the unit of each column of numbers. Its first number shows it, and a later one that
        #: would lie beyond the year 2262.
        self._units: dict[str, int] = {}

    def __call__(self, entries: Sequence[Sequence[Any]]) -> list[int]:
        parts = [
            [self._moment(entry, column) for entry in one]
            for one, column in zip(entries, self.columns, strict=True)
        ]
        return [sum(part) for part in zip(*parts, strict=True)]

    def _moment(self, entry: Any, column: Column) -> int:
        value = entry
        if isinstance(entry, str):
            value = column.notation.parse(chunked([entry]))[0].as_py()
        if isinstance(value, bool) or not isinstance(value, int | float | datetime.datetime | np.number):
            raise ValueError(
                f"Expected a time in '{column.name}' as in the training, received {entry!r:.40}."
            )
        return nanoseconds(value) if isinstance(value, datetime.datetime) else self._number(value, column)

    def _number(self, value: Any, column: Column) -> int:
        if not np.isfinite(value):
            raise ValueError(f"Expected a time in '{column.name}', received {value!r}.")
        own = next(unit for least, unit in _UNITS if abs(value) >= least)
        unit = self._units.setdefault(column.name, own)
        if abs(value) * unit > _LATEST:
            # The first stamp was small, as that of a clock that was not set yet.
            unit = self._units[column.name] = own
        if abs(value) * unit > _LATEST:
            raise ValueError(f"Expected a time since 1970 in '{column.name}', received {value!r:.40}.")
        # A float since 1970 holds microseconds, but no nanoseconds.
        return int(value) * unit if isinstance(value, int) else round(value * unit / 1000) * 1000


def nanoseconds(moment: datetime.datetime) -> int:
    """Return the nanoseconds since 1970 of a moment; one without a time zone is counted as it is."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    since = moment - _EPOCH
    whole = (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds * 1000
    return whole + getattr(moment, "nanosecond", 0)
