"""Order: rows sorted by their stamps, in bounded memory."""

import numpy as np

from kerasae.data.series._logs.notes import Notes
from kerasae.data.series._logs.place import Place, shown
from kerasae.data.series._logs.rows import Batches, Rows

#: Greatest number of rows, and of bytes, by which a row may come late in a log that is streamed.
_MOST_ROWS, _MOST_BYTES = 1 << 16, 1 << 25
_SORTED = "Rows out of order, sorted by their stamps: {}"


def ordered(batches: Batches, bounded: bool, place: Place, notes: Notes) -> Batches:
    """Give rows in the order of their stamps. Rows with equal stamps keep their order, and stay together.

    Args:
        batches: Rows in the order of their file.
        bounded: Whether only a part of the rows may be held in memory.
        place: Where the rows stand, for messages.
        notes: Notes of what was repaired.

    Raises:
        ValueError: if `bounded` and a row comes later than the rows that are held.
    """
    held: list[Rows] = []
    count = late = 0
    newest = released = np.iinfo("int64").min
    first_late = 0
    for rows in batches:
        highest = np.maximum.accumulate(np.maximum(rows.stamps, newest))
        before = np.concatenate([[newest], highest[:-1]])
        out = np.flatnonzero(rows.stamps < before)
        if len(out) and not late:
            first_late = int(rows.numbers[out[0]])
        late += len(out)
        newest = highest[-1] if len(rows) else newest
        if len(out) and rows.stamps[out].min() < released:
            number = int(rows.numbers[out[rows.stamps[out] < released][0]])
            stamp = shown(rows.stamps[rows.numbers == number][0])
            raise ValueError(
                f"Expected stamps nearly in order in a log that is streamed, received {stamp} in "
                f"{place.of(number)}, more than {_limit(rows):,} rows late; sort the file by its stamps, or "
                "read it in memory with --set data.stream=false."
            )
        held.append(rows)
        count += len(rows)
        if bounded and count > 2 * _limit(rows):
            together = _sort(held)
            # Rows with one stamp stay together.
            last = np.searchsorted(together.stamps, together.stamps[count - _limit(rows)])
            if last:
                released = together.stamps[last - 1] + 1
                yield together[:last]
            held, count = [together[last:]], count - int(last)
    if count:
        yield _sort(held)
    if late:
        notes.add(_SORTED, late, place, first_late)


def _limit(rows: Rows) -> int:
    """Return the number of rows that are held back."""
    width = 8 * (2 + rows.values.shape[1]) + 4 * rows.marks.shape[1]
    return max(min(_MOST_ROWS, _MOST_BYTES // width), 1)


def _sort(parts: list[Rows]) -> Rows:
    rows = Rows.joined(parts)
    if (np.diff(rows.stamps) >= 0).all():
        return rows
    return rows[np.argsort(rows.stamps, kind="stable")]
