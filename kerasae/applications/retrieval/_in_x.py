"""Neighbours in `x`: the nearest training rows by the rows themselves, with which codes are compared."""

from typing import Any, Self

import numpy as np
from sklearn.neighbors import NearestNeighbors

from kerasae.applications._points import Points
from kerasae.data import Data, Examples, drawn_rows

#: Number of training rows in the sample: `x` has more numbers than a code.
SAMPLE = 2000
#: Largest size of the sample that is stored, in bytes: images of 50 by 50 pixels in colour.
_STORED = 2**26


class NeighboursInX:
    """Sample of training rows as points with meaningful distances, in which neighbours are searched.

    Args:
        seed: Seed of the sample. Defaults to 0.

    Attributes:
        numbers_: Numbers of the sampled rows among the training rows, `(rows,)`.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, data: Data) -> Self:
        """Draw the sample from the training split."""
        self.numbers_ = drawn_rows(len(data.train), SAMPLE, self.seed)
        self._points = Points().fit(data)
        self._sample: np.ndarray | None = self._points.of(data, data.train.rows(self.numbers_))
        return self

    def are_known(self, data: Data) -> bool:
        """Return whether the sample is there: it was stored, or the training rows were read."""
        return self._sample is not None or len(data.train) > 0

    def of(self, data: Data, queries: Examples, k: int) -> np.ndarray:
        """Return the places of the k nearest rows in the sample, `(queries, k)`, the nearest first.

        Args:
            data: Data with the preprocessor, and with the training rows if the sample was not stored.
            queries: Rows whose neighbours are searched.
            k: Number of neighbours per query.
        """
        if self._sample is None:
            self._sample = self._points.of(data, data.train.rows(self.numbers_))
        index = NearestNeighbors(n_neighbors=k).fit(self._sample)
        return index.kneighbors(self._points.of(data, queries), return_distance=False)

    def state(self) -> dict[str, Any]:
        """Return the sample, unless it is too large to store."""
        small = self._sample is not None and self._sample.nbytes <= _STORED
        return {
            "numbers": self.numbers_,
            "points": self._points.state(),
            "sample": self._sample if small else None,
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the object whose `state` this is."""
        neighbours = cls()
        neighbours.numbers_, neighbours._sample = state["numbers"], state["sample"]
        neighbours._points = Points.of_state(state["points"])
        return neighbours
