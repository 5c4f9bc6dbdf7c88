"""Shift noise: the level of each channel moves."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.corruptions._base import Corruption
from kerasae.corruptions._chained import ChainedCorruption


@keras.saving.register_keras_serializable(package="kerasae")
class ShiftNoise(ChainedCorruption):
    """`x_tc + level * eps_c`, `eps_c ~ N(0, 1)`, with one draw for each channel of an example.

    All steps of a channel move together, as the level of a sensor wanders. A model learns from it that the
    level of one channel says little about the others. The channels are the last axis. All features of a
    vector move together.

    Args:
        level: Standard deviation of the shift, in units of `x`. Defaults to 0.8.
        before: Corruption that acts first, as an object, name or config, such as `"gaussian"`. Defaults to
            `None`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.
    """

    highest = float("inf")

    continuous = True

    def __init__(
        self,
        level: float = 0.8,
        *,
        before: str | dict[str, Any] | Corruption | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level, before=before, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        shape = ops.shape(x)
        inner = [1] * (len(x.shape) - 2)
        channels = shape[-1] if inner else 1
        return x + self.level * self.normal((shape[0], *inner, channels), x.dtype, seed)

    def covariance(self, shape: tuple[int, ...]) -> np.ndarray:
        channels = shape[-1] if len(shape) > 1 else 1
        steps = math.prod(shape) // channels
        return self.level**2 * np.kron(np.ones((steps, steps)), np.eye(channels))
