"""Conformal calibration: intervals that are widened until they cover a stated share of new values."""

import math
from typing import Any, Self

import numpy as np

#: Smallest number of calibration rows for a separate quantile of a column.
_LEAST = 30
#: Rounding error that a sum of weights may have.
_ROUNDING = 1e-9


class Conformal:
    """Conformal calibration of intervals, which widens or narrows them by one number per column.

    The numbers are computed on calibration rows. If each of `n` rows has one value, the widening is the
    `ceil((n + 1) level)`-th smallest of `max(low - x, x - high)`. A new value of the same distribution then
    lies inside with a probability of at least `level` and at most `level + 1 / (n + 1)`, whatever the model.
    If both ends are the same point, this is the split-conformal interval of absolute residuals. If `(n + 1)
    level` exceeds `n`, no finite interval has that probability, and there is none.

    A row may have several values, if it was looked at in several ways. They share the weight of the row,
    because they carry no more information on new rows than one row does. Columns with values in fewer than 30
    rows use the quantile of all columns together, which is valid for them on average.

    Rows that share readings, as the windows of a log do, go wrong together. If `block` successive rows share
    some, `block` new rows are held against `n`: the widening is the `ceil((n + block) level)`-th smallest. So
    `level` is kept on average over new rows if whole blocks are exchangeable.

    Args:
        level: Share of new values that the intervals cover, in (0, 1).
        block: Number of successive rows that share readings.

    Attributes:
        widening_: Widening of each column, infinite if there is no interval.
        rows_: Number of calibration rows with a value.

    Reference: Romano, Patterson, Candès 2019, NeurIPS (conformalised quantile regression); Lee, Barber,
    Willett 2023, arXiv:2306.06342 (several values a row).
    """

    def __init__(self, level: float, block: int = 1) -> None:
        self.level = level
        self.block = block

    def fit(
        self,
        low: np.ndarray,
        high: np.ndarray,
        truth: np.ndarray,
        counted: np.ndarray,
        rows: np.ndarray | None = None,
    ) -> Self:
        """Fit the widening of each column.

        Args:
            low: Lower ends, `(lines, columns)`.
            high: Upper ends, `(lines, columns)`.
            truth: True values, `(lines, columns)`.
            counted: Whether a value counts, `(lines, columns)`.
            rows: Calibration row of each line, `(lines,)`. Defaults to `None`: each line is a row.
        """
        rows = np.arange(len(truth)) if rows is None else rows
        outside = np.maximum(low - truth, truth - high)
        lines, _ = np.nonzero(counted)
        pooled, self.rows_ = self._quantile(outside[counted], rows[lines])
        self.widening_ = np.full(truth.shape[1], pooled)
        for column in range(truth.shape[1]):
            shown = counted[:, column]
            widening, count = self._quantile(outside[shown, column], rows[shown])
            if count >= _LEAST and np.isfinite(widening):
                self.widening_[column] = widening
        return self

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned."""
        return {"widening": self.widening_, "rows": self.rows_, "block": self.block}

    @classmethod
    def of_state(cls, state: dict[str, Any], level: float) -> Self:
        """Return the object whose `state` this is."""
        conformal = cls(level, state.get("block", 1))
        conformal.widening_, conformal.rows_ = state["widening"], state["rows"]
        return conformal

    def _quantile(self, values: np.ndarray, rows: np.ndarray) -> tuple[float, int]:
        """Return the quantile over all rows and a new block, with equal weights, and the number of rows."""
        _, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
        order = np.argsort(values)
        reached = np.cumsum((1 / counts)[place][order])
        enough = np.flatnonzero(reached >= (len(counts) + self.block) * self.level - _ROUNDING)
        return float(values[order[enough[0]]]) if len(enough) else math.inf, len(counts)

    @property
    def lack(self) -> str:
        """Return why there are no intervals, as a sentence; empty if there are some."""
        if np.isfinite(self.widening_).any():
            return ""
        needed = math.ceil(self.block * self.level / (1 - self.level) - _ROUNDING)
        return (
            f"There are no {self.level:.0%} intervals: they need at least {needed} calibration rows, which "
            f"no training saw, and there are {self.rows_}; take a smaller --interval, or train with more "
            "calibration rows (--set data.calibration=0.2)."
        )

    def apply(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the calibrated ends of the intervals, NaN without an interval.

        If narrowing would swap the two ends, both become the middle.
        """
        widening = np.where(np.isfinite(self.widening_), self.widening_, np.nan)
        low, high = low - widening, high + widening
        middle = (low + high) / 2
        return np.where(low > high, middle, low), np.where(low > high, middle, high)
