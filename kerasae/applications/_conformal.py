"""Conformal: intervals widened until they hold a stated share of held-out values."""

from typing import Self

import numpy as np

#: Held-out values from which a column has a quantile of its own.
_LEAST = 30


class Conformal:
    """Widens (or narrows) given intervals by one number a column, found on held-out rows.

    With `n` held-out values of a column, the widening is the `ceil((n + 1) level)`-th smallest of
    `max(low - x, x - high)`; a fresh value of the same distribution then lies inside with probability
    `level` at least, and `level + 1 / (n + 1)` at most, whatever the model. Given a point as both ends,
    this is the plain split-conformal interval of absolute residuals. Columns with fewer than 30
    values take the quantile of all columns together.

    Args:
        level: the share, in (0, 1).

    Reference: Romano, Patterson, Candès 2019, NeurIPS (conformalised quantile regression).
    """

    def __init__(self, level: float) -> None:
        self.level = level

    def fit(self, low: np.ndarray, high: np.ndarray, truth: np.ndarray, there: np.ndarray) -> Self:
        """Finds the widening of each column.

        Args:
            low: lower ends, `(rows, columns)`.
            high: upper ends.
            truth: the values.
            there: which of them count.
        """
        outside = np.maximum(low - truth, truth - high)
        pooled = self._quantile(outside[there])
        widening = np.full(truth.shape[1], pooled)
        for column in range(truth.shape[1]):
            values = outside[there[:, column], column]
            if len(values) >= _LEAST and (len(values) + 1) * self.level <= len(values):
                widening[column] = self._quantile(values)
        self.widening_ = widening
        return self

    def _quantile(self, values: np.ndarray) -> float:
        if not len(values):
            return float("inf")
        place = min(int(np.ceil((len(values) + 1) * self.level)), len(values))
        return float(np.partition(values, place - 1)[place - 1])

    def apply(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The intervals that hold the stated share; one that narrowing turns round is its middle."""
        low, high = low - self.widening_, high + self.widening_
        middle = (low + high) / 2
        return np.where(low > high, middle, low), np.where(low > high, middle, high)
