"""A Gaussian copula: the plainest generator of table rows, to hold models against."""

from typing import Self

import numpy as np
from scipy.special import ndtr, ndtri


class GaussianCopula:
    """The values of each column by themselves, and the correlation of their normal scores.

    A row is a draw of N(0, R), of which each number is replaced by the training value of the same rank.
    It has no latent code and learns no dependence beyond correlation. A missing entry ranks below all
    values, so that gaps are drawn too; a category ranks by its code, that is by how frequent it is.

    Args:
        seed: of the order of equal values.

    Reference: Nelsen 2006, *An Introduction to Copulas*; Patki, Wedge, Veeramachaneni 2016, DSAA.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def fit(self, x: np.ndarray) -> Self:
        """Learns from rows `(rows, columns)`, NaN where an entry is missing."""
        draw = np.random.default_rng(self._seed)
        filled = np.where(np.isnan(x), -np.inf, x)
        self._values = np.sort(filled, axis=0)
        # Equal values get ranks in random order: their scores are then those of a continuous column.
        order = np.lexsort((draw.random(x.shape), filled), axis=0)
        ranks = np.argsort(order, axis=0, kind="stable")
        scores = ndtri((ranks + 0.5) / len(x))
        correlation = np.atleast_2d(np.corrcoef(scores, rowvar=False))
        # Columns that say the same would leave no root.
        self._root = np.linalg.cholesky(correlation + 1e-6 * np.eye(x.shape[1]))
        return self

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """New rows `(count, columns)`, NaN where an entry is missing."""
        scores = np.random.default_rng(seed).normal(size=(count, len(self._root))) @ self._root.T
        rows = len(self._values)
        places = np.minimum((ndtr(scores) * rows).astype(int), rows - 1)
        found = np.take_along_axis(self._values, places, axis=0)
        return np.where(np.isneginf(found), np.nan, found).astype("float32")
