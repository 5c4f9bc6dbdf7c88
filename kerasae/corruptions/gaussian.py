"""Additive Gaussian noise."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class GaussianNoise(Corruption):
    """`x + level * eps`, `eps ~ N(0, 1)`, with one draw for each feature.

    Args:
        level: Standard deviation of the noise, in units of `x`. Defaults to 0.1.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Vincent et al. 2010, JMLR, section 3.3.
    """

    highest = float("inf")

    continuous = True

    def __init__(self, level: float = 0.1, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(level, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        return x + self.level * self.normal(ops.shape(x), x.dtype, seed)

    def covariance(self, shape: tuple[int, ...]) -> np.ndarray:
        return self.level**2 * np.eye(math.prod(shape))
