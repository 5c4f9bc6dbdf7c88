"""A random projection as a baseline."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from kerasae.baselines import Baseline
from kerasae.data import Data
from kerasae.kinds import kind_of


class RandomProjection(Baseline):
    """Codes of random directions around the training mean, decoded by the pseudo-inverse.

    Args:
        latent_dim: Code size. Defaults to 8.
    """

    name = "random"
    title = "a random projection"
    latent_dim = 0

    def __init__(self, latent_dim: int = 8) -> None:
        self.latent_dim = latent_dim

    @classmethod
    def fitted(cls, latent_dim: int, data: Data) -> Sequence[Self]:
        return [cls(min(latent_dim, data.spec.size)).fit(data)] if kind_of(data.spec).is_array else []

    def fit(self, data: Data) -> Self:
        """Draw the directions, and return the object."""
        self.preprocessor, self._shape = data.preprocessor, data.spec.shape
        # A missing reading of a log stands at the mean.
        self._points = kind_of(data.spec).points
        self._mean = data.mean.reshape(-1)
        self._directions = np.random.default_rng(0).normal(size=(data.spec.size, self.latent_dim))
        return self

    def transform(self, raw: Any) -> np.ndarray:
        """Encode raw examples as codes, `(rows, latent_dim)`."""
        return (self._points(self.preprocessor.to_x(raw)) - self._mean) @ self._directions

    def decode(self, codes: Any) -> np.ndarray:
        """Decode codes to reconstructions of `x`, `(rows, ...)`."""
        x = np.asarray(codes) @ np.linalg.pinv(self._directions) + self._mean
        return np.asarray(x, "float32").reshape(-1, *self._shape)

    def inverse_transform(self, codes: np.ndarray) -> Any:
        """Decode codes to raw examples."""
        return self.preprocessor.restore(self.decode(codes))
