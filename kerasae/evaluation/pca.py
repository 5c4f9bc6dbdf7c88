"""PCA as a codec: the baseline beside every autoencoder."""

from typing import Any

import numpy as np
from sklearn import decomposition

from kerasae.data import Data


class PCA:
    """Principal component analysis of `x`, with the verbs of a codec.

    The best linear code of its size in squared error, found in closed form. It is fitted on the
    training and the validation split, as it has no epoch to choose and so no other use for the
    latter.

    Args:
        latent_dim: components kept.

    Attributes:
        preprocessor: that of the data it was fitted on.
        parameters: numbers stored: components and mean.

    Raises:
        ValueError: if there are fewer features or rows than components.

    Example:
        >>> pca = kerasae.PCA(8).fit(kerasae.load_data("digits"))

    Reference: Baldi and Hornik 1989, *Neural Networks* 2(1), for its kinship with linear
    autoencoders.
    """

    def __init__(self, latent_dim: int = 8) -> None:
        if not isinstance(latent_dim, int) or isinstance(latent_dim, bool) or latent_dim < 1:
            raise ValueError(f"`latent_dim` must be a positive integer, received {latent_dim!r}.")
        self._pca = decomposition.PCA(latent_dim, random_state=0)
        self._latent_dim = latent_dim
        self.preprocessor: Any = None
        self.parameters = 0

    def fit(self, data: Data) -> "PCA":
        """Finds the components; returns itself."""
        x = np.concatenate([data.x("train"), data.x("validation")])
        self._shape = x.shape[1:]
        flat = x.reshape(len(x), -1)
        if self._latent_dim > min(flat.shape):
            raise ValueError(
                f"`latent_dim` of PCA must not exceed {min(flat.shape)}, the lesser of rows and "
                f"features, received {self._latent_dim}."
            )
        self._pca.fit(flat)
        self.preprocessor = data.preprocessor
        self.parameters = int(self._pca.components_.size + self._pca.mean_.size)
        return self

    @property
    def latent_dim(self) -> int:
        """Numbers per code."""
        return self._latent_dim

    def transform(self, raw: np.ndarray) -> np.ndarray:
        """Raw examples `(batch, ...)` to codes `(batch, latent_dim)`."""
        x = raw if self.preprocessor is None else self.preprocessor(raw).numpy()
        return np.asarray(self._pca.transform(x.reshape(len(x), -1)), dtype="float32")

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Codes `(batch, latent_dim)` to reconstructions of `x`, `(batch, ...)`."""
        x = self._pca.inverse_transform(np.asarray(codes))
        return np.asarray(x, dtype="float32").reshape(-1, *self._shape)

    def inverse_transform(self, codes: np.ndarray) -> np.ndarray:
        """Codes to raw examples of the original type."""
        x = self.decode(codes)
        return x if self.preprocessor is None else self.preprocessor.restore(x)

    def count_params(self) -> int:
        """Numbers stored."""
        return self.parameters
