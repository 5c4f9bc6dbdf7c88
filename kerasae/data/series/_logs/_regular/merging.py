"""Merging: rows with one stamp become one, and rows of one bin their mean."""

import dataclasses

import numpy as np

from kerasae.data.series._logs.notes import Notes
from kerasae.data.series._logs.place import Place
from kerasae.data.series._logs.rows import Batches, Rows, combined, rounded

_DROPPED = "Rows that repeat the stamp and the readings of another row, left out: {}"
_AVERAGED = "Rows that share their stamp with others and have other readings, of which the mean is taken: {}"


def merged(batches: Batches, booleans: np.ndarray, place: Place, notes: Notes) -> Batches:
    """Give one row for each stamp.

    Args:
        batches: Rows in the order of their stamps. Rows with one stamp are in one batch.
        booleans: Whether each channel is a boolean.
        place: Where the rows stand, for messages.
        notes: Notes of what was repaired.
    """
    for rows in batches:
        result, averaged, dropped = combined(rows, rows.stamps, booleans)
        if averaged or dropped:
            first = int(rows.numbers[np.flatnonzero(np.diff(rows.stamps) == 0)[0] + 1])
            notes.add(_AVERAGED, averaged, place, first)
            notes.add(_DROPPED, dropped, place, first)
        yield result


def binned(batches: Batches, step: int, booleans: np.ndarray) -> Batches:
    """Give the mean of the readings of each bin that has rows, at the beginning of the bin.

    Args:
        batches: Rows in the order of their stamps.
        step: Length of a bin in nanoseconds. Bins begin at multiples of it since 1970.
        booleans: Whether each channel is a boolean.
    """
    waiting: _Bin | None = None
    for rows in batches:
        if not len(rows):
            continue
        places = rows.stamps // step
        first = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
        group = np.repeat(np.arange(len(first)), np.diff(first, append=len(rows)))
        same = waiting is not None and waiting.place == places[0]
        # Sums begin with those of the batch before, so that they do not depend on where a batch ends.
        sums = np.empty((len(first), rows.values.shape[1]))
        counts = np.empty_like(sums)
        for channel, column in enumerate(rows.values.T):
            there = ~np.isnan(column)
            begun = [waiting.sums[channel]] if same and waiting is not None else [0.0]
            weights = np.concatenate([begun, column[there]])
            sums[:, channel] = np.bincount(np.concatenate([[0], group[there]]), weights, len(first))
            counts[:, channel] = np.bincount(group[there], minlength=len(first))
        marks = np.maximum.reduceat(rows.marks, first, axis=0)
        numbers = rows.numbers[first]
        if waiting is not None and same:
            counts[0] += waiting.counts
            marks[0] = np.maximum(marks[0], waiting.marks)
            numbers[0] = waiting.number
        elif waiting is not None:
            yield waiting.rows(step, booleans)
        done = Rows(numbers, places[first] * step, _means(sums, counts, booleans), marks)[:-1]
        if len(done):
            yield done
        waiting = _Bin(int(places[-1]), int(numbers[-1]), sums[-1], counts[-1], marks[-1])
    if waiting is not None:
        yield waiting.rows(step, booleans)


@dataclasses.dataclass(frozen=True)
class _Bin:
    """A bin whose rows may not have ended."""

    place: int
    number: int
    sums: np.ndarray
    counts: np.ndarray
    marks: np.ndarray

    def rows(self, step: int, booleans: np.ndarray) -> Rows:
        means = _means(self.sums[None], self.counts[None], booleans)
        return Rows(np.array([self.number]), np.array([self.place * step]), means, self.marks[None])


def _means(sums: np.ndarray, counts: np.ndarray, booleans: np.ndarray) -> np.ndarray:
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    means[:, booleans] = rounded(means[:, booleans])
    return means
