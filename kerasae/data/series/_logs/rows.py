"""Rows: readings with their stamps, and how rows at one place become one."""

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows of one recording.

    Args:
        numbers: Numbers of the rows in their file, `(rows,)`, from 0.
        stamps: Stamps in nanoseconds, `(rows,)`, int64.
        values: Readings, `(rows, channels)`, float64, NaN for missing.
        marks: Codes of labels and of splits, `(rows, marks)`, int32.
    """

    numbers: np.ndarray
    stamps: np.ndarray
    values: np.ndarray
    marks: np.ndarray

    def __len__(self) -> int:
        return len(self.stamps)

    def __getitem__(self, index: np.ndarray | slice) -> "Rows":
        return Rows(self.numbers[index], self.stamps[index], self.values[index], self.marks[index])

    @classmethod
    def joined(cls, parts: Sequence["Rows"]) -> "Rows":
        """Return rows one after another."""
        if len(parts) == 1:
            return parts[0]
        names = (field.name for field in dataclasses.fields(cls))
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


Batches = Iterator[Rows]


def combined(rows: Rows, places: np.ndarray, booleans: np.ndarray) -> tuple[Rows, int, int]:
    """Return one row for each place, the number of rows that were averaged, and of equal ones left out.

    Rows at one place that are equal become one. Otherwise a reading is the mean of those that are not
    missing; a boolean is the one that is more frequent, or true. The largest code of a mark counts. The
    order of rows at one place does not matter.

    Args:
        rows: Rows.
        places: Places of the rows, `(rows,)`, in rising order.
        booleans: Whether each channel is a boolean, `(channels,)`.
    """
    first = np.flatnonzero(np.diff(places, prepend=places[:1] - 1))
    if len(first) == len(rows):
        return rows, 0, 0
    marks = np.maximum.reduceat(rows.marks, first, axis=0)
    result = dataclasses.replace(rows[first], marks=marks)
    group = np.repeat(np.arange(len(first)), np.diff(first, append=len(rows)))
    leader = rows.values[first[group]]
    unequal = ~((rows.values == leader) | (np.isnan(rows.values) & np.isnan(leader))).all(axis=1)
    averaged = np.unique(group[unequal])
    if not len(averaged):
        return result, 0, len(rows) - len(result)
    chosen = np.isin(group, averaged)
    members, values = np.searchsorted(averaged, group[chosen]), rows.values[chosen]
    means = np.empty((len(averaged), values.shape[1]))
    for channel, column in enumerate(values.T):
        # Sums in the order of the values do not depend on the order of the rows.
        order = np.lexsort((column, members))
        means[:, channel] = means_of(members[order], column[order], len(averaged))
    means[:, booleans] = rounded(means[:, booleans])
    new = result.values.copy()
    new[averaged] = means
    count = int(chosen.sum())
    return dataclasses.replace(result, values=new), count, len(rows) - len(result) - count + len(averaged)


def means_of(groups: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Return the mean of the values of each group that are not missing, NaN if all are."""
    there = ~np.isnan(values)
    sums = np.bincount(groups[there], values[there], count)
    counts = np.bincount(groups[there], minlength=count)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def rounded(shares: np.ndarray) -> np.ndarray:
    """Return booleans, 0 or 1, for shares of true readings. Half is true; a missing one is kept."""
    return np.where(np.isnan(shares), np.nan, (shares >= 0.5).astype("float64"))
