"""Truncated SVD of TF-IDF vectors as a codec."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.decomposition import TruncatedSVD

from kerasae.baselines._base import Baseline
from kerasae.baselines._tfidf import TfIdf
from kerasae.data import Data
from kerasae.spec import END, PADDING


class TextSVD(TfIdf, Baseline):
    """Truncated SVD of TF-IDF vectors, which is PCA without centring; it gives words without order.

    Args:
        latent_dim: Number of components.

    Reference: Deerwester et al. 1990, *JASIS* 41(6), latent semantic analysis.
    """

    name = "tfidf-svd"
    #: Code size, which the data may reduce.
    latent_dim: int = 0
    #: The words are sorted by weight, not in the order of the text.
    ordered = False

    def __init__(self, latent_dim: int) -> None:
        super().__init__()
        self.latent_dim = latent_dim

    @classmethod
    def fitted(cls, latent_dim: int, data: Data) -> Sequence[Self]:
        return [cls(latent_dim).fit(data)] if data.spec.vocabulary else []

    def fit(self, data: Data) -> Self:
        """Fit the components, and return the object."""
        ids = self._fit_ids(data)
        counted = self._count(ids)
        self.latent_dim = min(self.latent_dim, min(counted.shape) - 1)
        # scikit-learn also computes shares of the variance, which is 0 if all texts are equal.
        with np.errstate(invalid="ignore"):
            self._svd = TruncatedSVD(self.latent_dim, random_state=0).fit(self._weights.transform(counted))
        self._length = ids.shape[1]
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Encode texts as codes, `(texts, latent_dim)`."""
        return np.asarray(self._svd.transform(self._tfidf(raw)), "float32")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Decode codes to the ids of the words with the largest weights, `(texts, length)`."""
        weights = self._svd.inverse_transform(np.asarray(codes))
        weights[:, : END + 1] = -np.inf
        length = min(self._length, weights.shape[1] - 1)
        best = np.argpartition(-weights, length, axis=1)[:, :length]
        order = np.argsort(-np.take_along_axis(weights, best, axis=1), axis=1)
        word_ids = np.take_along_axis(best, order, axis=1)
        return np.pad(word_ids, [(0, 0), (0, self._length - length)], constant_values=PADDING)

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Decode codes to texts of the words with the largest weights."""
        return self.preprocessor.restore(self.decode(codes))

    def count_params(self) -> int:
        """Return the number of stored numbers."""
        return int(self._svd.components_.size)
