"""Additive Gaussian noise with a random strength for each example."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class MultiscaleGaussianNoise(Corruption):
    """`x + sigma * eps`, `eps ~ N(0, 1)`, with one random `sigma` for each example.

    `log sigma` is uniform between the logarithms of two levels. The model learns to move an example back to
    the data from any distance, so the residual of a clean example points towards the data from any distance.
    Noise of one level teaches a single distance.

    Args:
        level: Largest standard deviation, in units of `x`. Defaults to 2.
        lowest: Smallest standard deviation, as a share of `level` in (0, 1]. Defaults to 0.05.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Song and Ermon 2019, NeurIPS, section 4.2, for a range of levels; Alain and Bengio 2014,
    JMLR 15, for the residual as a direction towards the data.
    """

    highest = float("inf")

    continuous = True

    def __init__(
        self, level: float = 2.0, *, lowest: float = 0.05, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        if isinstance(lowest, bool) or not isinstance(lowest, int | float) or not 0 < lowest <= 1:
            raise ValueError(f"`lowest` must be in (0, 1], a share of `level`, received {lowest!r}.")
        self.lowest = lowest

    def corrupt(self, x: Any, seed: Any) -> Any:
        rows = ops.shape(x)[0]
        share = self.uniform((rows, *[1] * (len(x.shape) - 1)), seed + 1)
        sigma = self.level * ops.power(self.lowest, share)
        return x + ops.cast(sigma, x.dtype) * self.normal(ops.shape(x), x.dtype, seed)

    def covariance(self, shape: tuple[int, ...]) -> np.ndarray:
        # The mean of `sigma^2`, whose logarithm is uniform.
        ratio = self.lowest**2
        share = 1.0 if ratio == 1 else (ratio - 1) / math.log(ratio)
        return self.level**2 * share * np.eye(math.prod(shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lowest": self.lowest}
