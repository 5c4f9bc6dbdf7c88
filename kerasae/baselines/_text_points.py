"""Texts as points."""

from typing import Any, Self

import numpy as np

from kerasae.baselines._tfidf import TfIdf
from kerasae.data import Data


class TextPoints(TfIdf):
    """Texts as TF-IDF vectors, for distances that do not depend on a model."""

    def fit(self, data: Data) -> Self:
        """Fit the weights of the words, and return the object."""
        self._fit_ids(data)
        return self

    def points(self, raw: Any) -> np.ndarray:
        """Return texts as vectors of length 1, `(texts, words)`, dense."""
        return np.asarray(self._tfidf(raw).toarray(), "float32")
