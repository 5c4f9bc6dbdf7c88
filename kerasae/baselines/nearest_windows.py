"""The distance to the nearest training windows as an anomaly score."""

from typing import Self

import numpy as np
from sklearn.neighbors import NearestNeighbors

from kerasae.baselines._detecting import DetectingBaseline
from kerasae.kinds import kind_of
from kerasae.spec import Spec

#: Number of neighbours, the default of scikit-learn and of PyOD.
_NEIGHBOURS = 5


class NearestWindows(DetectingBaseline):
    """Mean Euclidean distance of a window of a log to its 5 nearest training windows, in `x`.

    A missing reading counts as the mean of its channel.

    Reference: Ramaswamy, Rastogi, Shim 2000, SIGMOD; as Sub-KNN among the best of Liu and Paparrizos 2024,
    *The Elephant in the Room*, NeurIPS.
    """

    name = "nearest-windows"
    title = "the distance to the 5 nearest windows"

    @classmethod
    def suits(cls, spec: Spec) -> bool:
        return bool(spec.channels)

    def fit(self, x: np.ndarray) -> Self:
        self._points = kind_of(self.spec).points
        # Windows have so many readings that a tree is no faster.
        search = NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(x)), algorithm="brute")
        self._search = search.fit(np.asarray(self._points(x), "float32"))
        return self

    def score_samples(self, x: np.ndarray) -> np.ndarray:
        distances = self._search.kneighbors(np.asarray(self._points(x), "float32"))[0]
        return np.asarray(distances.mean(axis=1), "float64")
