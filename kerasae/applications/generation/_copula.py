"""Gaussian copula: the simplest generator of table rows, as a baseline."""

from typing import Any, Self

import numpy as np
from scipy.special import ndtr, ndtri


class GaussianCopula:
    """Marginal distribution of each column, and the correlation of the normal scores.

    A row is a draw from N(0, R), in which each number is replaced by the training value of the same rank. The
    model has no latent code and learns no dependence beyond correlation. A missing entry ranks below all
    values, so that gaps are drawn too. A category ranks by its code, which is its frequency rank.

    Args:
        seed: Seed of the order of equal values.

    Reference: Nelsen 2006, *An Introduction to Copulas*; Patki, Wedge, Veeramachaneni 2016, DSAA.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def fit(self, x: np.ndarray) -> Self:
        """Fit the copula to rows, `(rows, columns)`, NaN for missing entries."""
        draw = np.random.default_rng(self._seed)
        filled = np.where(np.isnan(x), -np.inf, x)
        self._values = np.sort(filled, axis=0)
        # Equal values get ranks in random order, so that their scores are those of a continuous column.
        order = np.lexsort((draw.random(x.shape), filled), axis=0)
        ranks = np.argsort(order, axis=0, kind="stable")
        scores = ndtri((ranks + 0.5) / len(x))
        correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
        # Columns that determine each other would make the correlation singular.
        self._root = np.linalg.cholesky(correlation + 1e-6 * np.eye(x.shape[1]))
        return self

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Draw new rows, `(count, columns)`, NaN for missing entries."""
        scores = np.random.default_rng(seed).normal(size=(count, len(self._root))) @ self._root.T
        rows = len(self._values)
        places = np.minimum((ndtr(scores) * rows).astype(int), rows - 1)
        values = np.take_along_axis(self._values, places, axis=0)
        return np.where(np.isneginf(values), np.nan, values).astype("float32")

    def state(self) -> dict[str, Any]:
        """Return the sorted values of the columns and the root of the correlation matrix."""
        return {"values": self._values, "root": self._root}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the copula whose `state` this is."""
        copula = cls()
        copula._values, copula._root = state["values"], state["root"]
        return copula
