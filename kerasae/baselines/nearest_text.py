"""The nearest training text as a codec."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.neighbors import NearestNeighbors

from kerasae.baselines._base import Baseline
from kerasae.baselines._tfidf import TfIdf
from kerasae.data import Data


class NearestText(TfIdf, Baseline):
    """Nearest training text by the cosine of TF-IDF vectors; its code is the number of that text."""

    name = "tfidf-nearest"
    latent_dim: int = 1
    #: Codes are the numbers of examples, so nearby codes do not mean similar examples.
    numbered = True

    @classmethod
    def fitted(cls, latent_dim: int, data: Data) -> Sequence[Self]:
        return [cls().fit(data)] if data.spec.vocabulary else []

    def fit(self, data: Data) -> Self:
        """Index the texts, and return the object."""
        self._ids = self._fit_ids(data)
        self._index = NearestNeighbors(n_neighbors=1, metric="cosine", algorithm="brute")
        self._index.fit(self._weights.transform(self._count(self._ids)))
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Return the numbers of the nearest texts, `(texts, 1)`."""
        return np.asarray(self._index.kneighbors(self._tfidf(raw), return_distance=False), "float64")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Return the token ids of texts by their numbers, `(texts, length)`."""
        return self._ids[np.asarray(codes)[:, 0].astype(int)]

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Return texts by their numbers."""
        return self.preprocessor.restore(self.decode(codes))
