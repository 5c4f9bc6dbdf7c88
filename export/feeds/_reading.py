"""ReadingFeed: lines of a log, each one reading of all channels, as numbers."""

import datetime
import sys
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from kerasae.export.feeds._feed import Feed
from kerasae.export.feeds._moments import Moments, nanoseconds

from kerasae.notations import STAND_INS, chunked, nulls
from kerasae.spec import Column, Spec

#: Greatest number of a float; an integer of JSON may be greater.
_GREATEST = sys.float_info.max


class Reading(NamedTuple):
    """One reading of all channels.

    Attributes:
        values: Numbers in raw units, `(channels,)`, float64, NaN for a missing one.
        time: Stamp in nanoseconds, in the clock of the log. `None` if the line has none.
        group: Name of the machine. `None` if the line has none.
    """

    values: np.ndarray
    time: int | None = None
    group: str | None = None


class ReadingFeed(Feed):
    """Lines of a log as readings. A stamp and the name of a machine may stand beside the channels.

    Args:
        spec: Fitted spec of the windows.
    """

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        timing = spec.timing
        self._moments = Moments(() if timing is None else timing.stamps)
        self._group = None if timing is None else timing.group
        self._channels = [channel.name for channel in spec.channels]
        #: Names of the columns that the lines have; none if a line is the list of the channels.
        self._found: list[str] = []

    @property
    def known(self) -> set[str]:
        return {*self._channels, *self._moments.names, *self._beside}

    @property
    def _beside(self) -> list[str]:
        return [] if self._group is None else [self._group]

    def columns(self, names: Sequence[str]) -> Sequence[str]:
        self._found = []
        if not self.known & {*names} and all(_is_number(name) for name in names):
            return ()
        if missing := [name for name in self._channels if name not in names]:
            shown = ", ".join(f"'{name}'" for name in missing[:8])
            more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
            raise ValueError(
                f"Expected the channels of the training, received lines without {shown}{more}; an empty "
                "entry or null stands for a missing reading."
            )
        stamps = [*self._moments.names]
        if {*stamps} - {*names}:
            # Without all of its parts a stamp is not known.
            stamps = []
        beside = [name for name in self._beside if name in names]
        self._found = [*self._channels, *stamps, *beside]
        return self._found

    def reading(self, reading: Any, time: Any = None, group: str | None = None) -> Reading:
        """Return one reading as a program has it.

        Args:
            reading: Number of each channel in order, or a dict of them by name.
            time: Time as a datetime, or as a text or number in the log. Defaults to `None`.
            group: Name of the machine. Defaults to `None`.

        Raises:
            ValueError: If the reading or its time cannot be read.
        """
        entries = [reading.get(name) for name in self._channels] if isinstance(reading, dict) else [*reading]
        if len(entries) != len(self._channels):
            raise ValueError(f"Expected {len(self._channels)} readings, received {len(entries)}.")
        values = [
            numbers([entry], column)[0] for entry, column in zip(entries, self.spec.channels, strict=True)
        ]
        return Reading(np.array(values), None if time is None else self._time(time), group)

    def _time(self, time: Any) -> int:
        if isinstance(time, np.datetime64):
            return int(time.astype("datetime64[ns]").astype("int64"))
        if isinstance(time, datetime.datetime):
            zone = self.spec.timing and self.spec.timing.zone
            if time.tzinfo is not None and zone:
                time = time.astimezone(zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)
            return nanoseconds(time)
        if len(self._moments.names) != 1:
            raise ValueError(f"Expected `time` as a datetime, received {time!r:.40}.")
        return self._moments([[time]])[0]

    def __call__(self, raw: Sequence[Reading]) -> dict[str, np.ndarray]:
        return {"x": np.array([reading.values for reading in raw])}

    def served(self, raw: Any, facts: Mapping[str, Any]) -> dict[str, np.ndarray]:
        return self(raw)

    def of_entries(self, rows: Sequence[Any]) -> list[Reading]:
        return self._readings([dict(zip(self._names(row), row, strict=True)) for row in rows])

    def of_values(self, rows: Sequence[Any]) -> list[Reading]:
        return self._readings(
            [row if isinstance(row, dict) else dict(zip(self._names(row), row, strict=True)) for row in rows]
        )

    def of_array(self, rows: np.ndarray) -> list[Reading]:
        return self.of_values(rows.tolist())

    def _names(self, row: Any) -> list[str]:
        names = self._found or self._channels
        if not isinstance(row, list) or len(row) != len(names):
            count = len(row) if isinstance(row, list) else 1
            raise ValueError(
                f"Expected {len(names)} readings a line ({', '.join(names[:8])}), received {count}."
            )
        return names

    def _readings(self, rows: list[dict[str, Any]]) -> list[Reading]:
        values = np.empty((len(rows), len(self._channels)))
        for number, column in enumerate(self.spec.channels):
            values[:, number] = numbers([row[column.name] for row in rows], column)
        times: Sequence[int | None] = [None] * len(rows)
        if self._moments.names and self._moments.names[0] in self._found:
            times = self._moments([[row[name] for row in rows] for name in self._moments.names])
        groups = [self._named(row) for row in rows]
        return [Reading(*one) for one in zip(values, times, groups, strict=True)]

    def _named(self, row: dict[str, Any]) -> str | None:
        return None if self._group not in self._found else str(row[self._group])


def numbers(entries: Sequence[Any], column: Column) -> list[float]:
    """Return entries of a channel as numbers, NaN for missing ones.

    Args:
        entries: Texts as in the file of the training, numbers, booleans, or `None` for a missing reading.
        column: Channel of the training.

    Raises:
        ValueError: If an entry is no number.
    """
    plain = column.kind == "number" and not column.notation.dressed and not column.notation.missing
    gone = column.notation.missing_numbers
    values = []
    for entry in entries:
        if entry is None:
            value = float("nan")
        elif isinstance(entry, bool | int | float | np.number | np.bool_):
            too_great = isinstance(entry, int) and abs(entry) > _GREATEST
            value = float("nan") if entry in gone or too_great else float(entry)
        elif not isinstance(entry, str):
            raise ValueError(f"Expected a number for the channel '{column.name}', received {entry!r:.40}.")
        else:
            read = _plain(entry) if plain else None
            value = _written(entry, column) if read is None else read
        # An infinite number is no reading.
        values.append(value if abs(value) != np.inf else float("nan"))
    return values


def _plain(text: str) -> float | None:
    """Return a number as most logs have it, which Python reads much faster; `None` for other texts."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _written(text: str, column: Column) -> float:
    known = nulls(chunked([text.strip()]), (*STAND_INS, *column.notation.missing))
    if known.null_count:
        return float("nan")
    value = column.notation.parse(known)[0].as_py()
    if value is None and not _is_missing_number(text, column):
        raise ValueError(f"Expected a {column.kind} for the channel '{column.name}', received '{text[:40]}'.")
    return float("nan") if value is None else _seconds(value)


def _is_missing_number(text: str, column: Column) -> bool:
    """Return whether a text is a number that stands for a missing reading, such as -200.0 for -200."""
    if not column.notation.missing_numbers:
        return False
    value = column.notation.with_none_missing().parse(pa.chunked_array([pa.array([text])]))[0].as_py()
    return value in column.notation.missing_numbers


def _seconds(value: Any) -> float:
    return value.total_seconds() if hasattr(value, "total_seconds") else float(value)


def _is_number(text: str) -> bool:
    return not text.strip() or _plain(text) is not None
