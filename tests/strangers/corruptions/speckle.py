"""Speckle: noise that grows with the signal."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions import Corruption


@keras.saving.register_keras_serializable(package="strangers")
class Speckle(Corruption):
    """`x * (1 + level * eps)`, `eps ~ N(0, 1)`, with one draw for each feature.

    Args:
        level: Standard deviation of the factor. Defaults to 0.2.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, a random sequence.
    """

    highest = float("inf")
    continuous = True

    def __init__(self, level: float = 0.2, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(level, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        return x * (1.0 + self.level * self.normal(ops.shape(x), x.dtype, seed))
