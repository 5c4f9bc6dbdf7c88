"""ColumnStatistics: moments, a sample and counts of one column over the training rows."""

import dataclasses
from collections import Counter

import numpy as np

from kerasae.preprocessing._evidence import unseen_evidence
from kerasae.preprocessing._gross import Bounds, GrossEntries, may_be_gross
from kerasae.spec import Column

#: Size of the sample for robust statistics, if a column has more entries.
_SAMPLE = 100_000
#: Text that a lookup layer of Keras returns for an unknown value, and takes for no other.
_UNKNOWN = "[UNK]"


class ColumnStatistics:
    """Moments, a sample and counts of one column, seen part by part."""

    def __init__(self, column: Column, robust: bool) -> None:
        self.column, self.robust = column, robust
        self.missing = self.gross = 0
        self.center, self.scale, self.step = 0.0, 1.0, 0.0
        self._counts: Counter[str] = Counter()
        self._bounds: Bounds | None = None
        self._start()

    def _start(self) -> None:
        """Forget all numbers."""
        self.rows = 0
        self.low = self.high = 0.0
        self._mean = self._squares = 0.0
        self._keys, self._sample = np.empty(0), np.empty(0)
        self._days = True
        self._draw = np.random.default_rng(0)

    def may_be_gross(self) -> bool:
        """Return whether the column can have gross errors. Most cannot, and are read once."""
        if not self.column.is_numeric or not self.rows:
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(may_be_gross(self.rows, self.low, self.high, self._mean, self._squares))

    def suspect(self) -> GrossEntries:
        """Return a finder of gross errors for a second reading."""
        return GrossEntries(self.rows, self._mean, self._squares)

    def leave_out(self, bounds: Bounds) -> None:
        """Begin again: in the next reading only numbers within the bounds count."""
        self._bounds, self.gross = bounds, bounds.beyond
        self._start()

    def see(self, values: np.ndarray) -> None:
        if self.column.kind == "category":
            present = values[values != ""]
            self._counts.update(present)
            self.rows += len(present)
            self.missing += len(values) - len(present)
            return
        present = values[~np.isnan(values)]
        if self._bounds is None:
            self.missing += len(values) - len(present)
        else:
            present = self._bounds.within(present)
        if not len(present):
            return
        # Chan et al. 1979: moments of two parts make those of the whole.
        with np.errstate(over="ignore", invalid="ignore"):
            mean, rows = present.mean(), self.rows + len(present)
            shift = mean - self._mean
            self._squares += np.square(present - mean).sum() + shift**2 * self.rows * len(present) / rows
        self._mean += shift * len(present) / rows
        self.low = float(min(self.low, present.min()) if self.rows else present.min())
        self.high = float(max(self.high, present.max()) if self.rows else present.max())
        self.rows = rows
        self._days &= bool((present % 86400 == 0).all())
        if self.robust:
            keys = np.concatenate([self._keys, self._draw.random(len(present))])
            sample = np.concatenate([self._sample, present])
            if len(keys) > _SAMPLE:
                kept = np.argpartition(keys, _SAMPLE)[:_SAMPLE]
                keys, sample = keys[kept], sample[kept]
            self._keys, self._sample = keys, sample

    def stand_in(self) -> float | None:
        """Return `x` for a missing entry if no entry was missing in training; otherwise `None`."""
        if self.missing:
            return None
        return {"category": 1.0, "boolean": float(self._mean)}.get(self.column.kind, 0.0)

    def nearly_unique(self, column: Column) -> bool:
        """Return whether a category has different values in most rows."""
        return column.kind == "category" and self.rows > 100 and len(self._counts) > self.rows / 2

    def fitted(self, most: int) -> Column:
        """Return the column with its categories, and set `center`, `scale` and `step`."""
        column = self.column
        if self.rows == 0:
            return dataclasses.replace(column, kind="empty")
        if column.kind == "category":
            # Decoded rows that are trained on hold the text of an unknown value, which is no category.
            counts = {value: count for value, count in self._counts.items() if value != _UNKNOWN}
            if not counts:
                return dataclasses.replace(column, kind="empty")
            known = sorted(counts, key=lambda value: (-counts[value], value))[:most]
            # If some values have no codes, the model learns how probable such values are.
            all_known = len(known) == len(self._counts)
            unseen = unseen_evidence(counts.values()) if all_known else 0.0
            return dataclasses.replace(column, categories=tuple(known), unseen=unseen)
        if column.kind == "boolean":
            self.step = 1.0
            return column
        if self.low == self.high:
            # The moments of a constant column may be off by rounding, and its deviation then above 0.
            self._mean, self._squares = self.low, 0.0
        std = float(np.sqrt(self._squares / self.rows))
        if not np.isfinite(std):
            raise ValueError(
                f"Expected numbers whose squares can be added, received some above 1e150 in column "
                f"'{column.name}'; take their logarithm, or leave the column out with data.drop."
            )
        self.center, self.scale = float(self._mean), std
        if self.robust:
            low, self.center, high = (float(q) for q in np.quantile(self._sample, [0.25, 0.5, 0.75]))
            self.scale = (high - low) / 1.349 or std
        self.scale = self.scale or 1.0
        if column.kind == "date":
            self.step = 86400.0 if self._days else 1.0
        return column
