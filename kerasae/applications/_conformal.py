"""Conformal: intervals widened until they hold a stated share of new values."""

import math
from typing import Self

import numpy as np

#: Calibration rows from which a column has a quantile of its own.
_LEAST = 30
#: What a sum of weights may lack by rounding.
_ROUNDING = 1e-9


class Conformal:
    """Widens (or narrows) given intervals by one number a column, found on calibration rows.

    With one value in each of `n` rows, the widening is the `ceil((n + 1) level)`-th smallest of
    `max(low - x, x - high)`; a fresh value of the same distribution then lies inside with probability
    `level` at least, and `level + 1 / (n + 1)` at most, whatever the model. Given a point as both ends,
    this is the plain split-conformal interval of absolute residuals. Where `(n + 1) level` exceeds `n`,
    no finite interval has that probability, and there is none.

    A row may have several values, as it may have been looked at in several ways. They share its weight,
    since they say no more of new rows than one row does. Columns with values in fewer than 30 rows take
    the quantile of all columns together, which holds for them on the average.

    Args:
        level: the share, in (0, 1).

    Attributes:
        widening_: by column, infinite where there is no interval.

    Reference: Romano, Patterson, Candès 2019, NeurIPS (conformalised quantile regression); Lee, Barber,
    Willett 2023, arXiv:2306.06342 (several values a row).
    """

    def __init__(self, level: float) -> None:
        self.level = level

    def fit(
        self,
        low: np.ndarray,
        high: np.ndarray,
        truth: np.ndarray,
        there: np.ndarray,
        rows: np.ndarray | None = None,
    ) -> Self:
        """Finds the widening of each column.

        Args:
            low: lower ends, `(lines, columns)`.
            high: upper ends.
            truth: the values.
            there: which of them count.
            rows: of which calibration row each line is, `(lines,)`; by default each is one of its own.
        """
        rows = np.arange(len(truth)) if rows is None else rows
        outside = np.maximum(low - truth, truth - high)
        lines, _ = np.nonzero(there)
        pooled, self.rows_ = self._quantile(outside[there], rows[lines])
        self.widening_ = np.full(truth.shape[1], pooled)
        for column in range(truth.shape[1]):
            shown = there[:, column]
            widening, count = self._quantile(outside[shown, column], rows[shown])
            if count >= _LEAST and np.isfinite(widening):
                self.widening_[column] = widening
        return self

    def _quantile(self, values: np.ndarray, rows: np.ndarray) -> tuple[float, int]:
        """The quantile with one share of the weight for each row and one for a new row; how many rows."""
        _, place, counts = np.unique(rows, return_inverse=True, return_counts=True)
        order = np.argsort(values)
        reached = np.cumsum((1 / counts)[place][order])
        enough = np.flatnonzero(reached >= (len(counts) + 1) * self.level - _ROUNDING)
        return float(values[order[enough[0]]]) if len(enough) else math.inf, len(counts)

    @property
    def lack(self) -> str:
        """Why there are no intervals, as a sentence; empty where there are some."""
        if np.isfinite(self.widening_).any():
            return ""
        needed = math.ceil(self.level / (1 - self.level) - _ROUNDING)
        return (
            f"There are no {self.level:.0%} intervals: they need at least {needed} calibration rows, which "
            f"no training saw, and there are {self.rows_}; take a smaller `interval`, or train with more "
            "calibration rows (--set data.calibration=0.2)."
        )

    def apply(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The intervals that hold the stated share, NaN where there are none.

        One that narrowing turns round is its middle.
        """
        widening = np.where(np.isfinite(self.widening_), self.widening_, np.nan)
        low, high = low - widening, high + widening
        middle = (low + high) / 2
        return np.where(low > high, middle, low), np.where(low > high, middle, high)
