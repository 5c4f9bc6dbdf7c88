"""Clock: local stamps as UTC, times of day, and the hour that a clock repeats when summer time ends."""

import numpy as np
import pandas as pd

from kerasae.data.series._logs.notes import Notes
from kerasae.data.series._logs.place import Place, shown
from kerasae.data.series._logs.rows import Batches, Rows

_HOUR = 3_600_000_000_000
#: Months and days of the week on which clocks are set back, in either hemisphere.
_MONTHS, _DAYS = (3, 4, 5, 9, 10, 11), (4, 5, 6, 0)
_SKIPPED = (
    "Gaps of an hour on a day when summer time may begin, which is no gap if --zone names the time zone: {}"
)
_REPEATED = (
    "Places at which the stamps go back by an hour, on a day when no clock is set back; the mean of rows "
    "with one stamp is taken: {}"
)


def in_utc(batches: Batches, zone: str, step: float, place: Place) -> Batches:
    """Give rows with local stamps as rows with stamps in UTC.

    The hour that the clock repeats is told from its repetition by the order of the rows: it begins again
    where the stamps go back by about an hour.

    Args:
        batches: Rows in the order of time, apart from a few.
        zone: Time zone.
        step: Usual nanoseconds between two rows.
        place: Where the rows stand, for messages.

    Raises:
        ValueError: for a time that the clock skips when summer time begins.
    """
    before: int | None = None
    for rows in batches:
        local = pd.DatetimeIndex(rows.stamps.view("datetime64[ns]"))
        summer, winter = (
            local.tz_localize(zone, ambiguous=np.full(len(local), dst), nonexistent="NaT")
            for dst in (True, False)
        )
        if summer.hasnans:
            row = int(np.flatnonzero(summer.isna())[0])
            raise ValueError(
                f"Expected times of {zone}, received {shown(rows.stamps[row])} in "
                f"{place.of(rows.numbers[row])}, which the clock skips when summer time begins; give the "
                "zone in which the stamps are written with --zone (UTC if the clock never changes)."
            )
        first, second = (one.as_unit("ns").asi8 for one in (summer, winter))
        stamps = first.copy()
        unclear = np.flatnonzero(first != second)
        for run in np.split(unclear, np.flatnonzero(np.diff(unclear) > 1) + 1) if len(unclear) else ():
            # The first is nearest to the row before. Then each step back by about an hour is a turn of the
            # clock, and each step forward by one undoes it.
            last = int(stamps[run[0] - 1]) if run[0] else before
            level = 0 if last is None else np.clip(round((last + step - first[run[0]]) / _HOUR), 0, 1)
            moves = np.round((np.diff(rows.stamps[run]) - step) / _HOUR).astype(int)
            levels = np.clip(level - np.cumsum(np.concatenate([[0], moves])), 0, 1)
            stamps[run] = np.where(levels > 0, second[run], first[run])
        before = int(stamps[-1]) if len(rows) else before
        yield Rows(rows.numbers, stamps, rows.values, rows.marks)


def over_midnight(batches: Batches) -> Batches:
    """Give rows with times of day as rows with stamps that go on after midnight.

    Args:
        batches: Rows in the order of time, apart from a few.
    """
    before, days = None, 0
    for rows in batches:
        moves = np.diff(rows.stamps, prepend=rows.stamps[0] if before is None else before)
        # A step back by most of a day is midnight, and a step forward by most of one a row out of order.
        passed = days - np.cumsum(np.round(moves / (24 * _HOUR)).astype("int64"))
        before, days = rows.stamps[-1], passed[-1]
        yield Rows(rows.numbers, rows.stamps + passed * (24 * _HOUR), rows.values, rows.marks)


def without_repeated_hour(
    batches: Batches, step: float, longest_gap: int, place: Place, notes: Notes
) -> Batches:
    """Give rows unchanged, and refuse the hour that a clock repeats when summer time ends.

    Args:
        batches: Rows with stamps without a zone, in the order of their file.
        step: Usual nanoseconds between two rows.
        longest_gap: Greatest number of missing rows in a stretch.
        place: Where the rows stand, for messages.
        notes: Notes of what was repaired.

    Raises:
        ValueError: if the stamps go back by an hour on a day when clocks are set back.
    """
    tail = np.empty(0, "int64")
    near = (longest_gap + 1.5) * step
    for rows in batches:
        stamps = np.concatenate([tail, rows.stamps])
        moves = np.diff(stamps)
        back = (moves < 0) & (moves >= 0.5 * step - _HOUR) & (moves <= near - _HOUR)
        for row in np.flatnonzero(back).tolist():
            earlier = moves[row - 1] if row else step
            follows = moves[row + 1] if row + 1 < len(moves) else step
            again = np.abs(stamps[: row + 1] - stamps[row + 1]).min() < 0.5 * step
            if not (again and 0 < earlier <= near and 0 < follows <= near) or row + 1 < len(tail):
                continue
            number = rows.numbers[row + 1 - len(tail)]
            day = pd.Timestamp(int(stamps[row]))
            if day.month in _MONTHS and day.weekday() in _DAYS:
                raise ValueError(
                    f"Expected stamps that rise, received {shown(stamps[row + 1])} after "
                    f"{shown(stamps[row])} in {place.of(number)}, as a clock that is set back by an hour "
                    "when summer time ends; name its time zone, as with --zone Europe/Berlin (--zone UTC "
                    "takes the mean of rows with one stamp)."
                )
            notes.add(_REPEATED, 1, place, int(number))
        ahead = (moves > near) & (np.abs(moves - step - _HOUR) < 0.5 * step)
        for row in np.flatnonzero(ahead).tolist():
            day = pd.Timestamp(int(stamps[row]))
            if row + 1 >= len(tail) and day.month in _MONTHS and day.weekday() in _DAYS:
                notes.add(_SKIPPED, 1, place, int(rows.numbers[row + 1 - len(tail)]))
        tail = stamps[-min(len(stamps), round(2 * _HOUR / step) + 2) :]
        yield rows
