"""Texts as points."""

from typing import Any, Self

import numpy as np

from kerasae.baselines._tfidf import TfIdf
from kerasae.data import Data


class TextPoints(TfIdf):
    """Texts as TF-IDF vectors, for distances that do not depend on a model."""

    def fit(self, data: Data) -> Self:
        """Fit the weights of the words on the training and the validation split, and return the object."""
        self._fit_ids(data)
        return self

    def points(self, x: np.ndarray) -> np.ndarray:
        """Return texts as vectors of length 1, `(texts, words)`, dense.

        Args:
            x: Token ids of the texts, `(texts, tokens)`.
        """
        return np.asarray(self._weighted(x).toarray(), "float32")

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned: the inverse document frequency of each word, `(words,)`."""
        return {"idf": self._weights.idf_}

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the object whose `state` this is."""
        points = cls()
        points._weights.idf_ = state["idf"]
        points._size = len(state["idf"])
        return points
