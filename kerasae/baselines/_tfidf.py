"""TF-IDF of texts."""

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer

from kerasae.data import Data
from kerasae.spec import END


class TfIdf:
    """TF-IDF of the words in the vocabulary of the model."""

    def __init__(self) -> None:
        self.preprocessor: Any = None
        self._weights = TfidfTransformer(sublinear_tf=True)

    def _fit_ids(self, data: Data) -> np.ndarray:
        self.preprocessor = data.preprocessor
        self._size = len(data.spec.vocabulary)
        ids = np.concatenate([data.x("train"), data.x("validation")])
        self._weights.fit(self._count(ids))
        return ids

    def _count(self, ids: np.ndarray) -> Any:
        from scipy.sparse import csr_matrix

        rows, places = np.nonzero(ids > END)
        ones = np.ones(len(rows), "float32")
        return csr_matrix((ones, (rows, ids[rows, places])), shape=(len(ids), self._size))

    def _weighted(self, ids: np.ndarray) -> Any:
        return self._weights.transform(self._count(ids))

    def _tfidf(self, raw: Any) -> Any:
        return self._weighted(self.preprocessor.to_x(raw))
