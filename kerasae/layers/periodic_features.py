"""PeriodicFeatures: numbers, and their sines and cosines at several frequencies."""

from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class PeriodicFeatures(keras.layers.Layer):
    """Adds `sin(2 pi f x)` and `cos(2 pi f x)` to numbers, so that a dense layer sees detail in each.

    Dense layers learn what varies slowly first and what varies within a tenth of a deviation hardly
    ever. The frequencies are the quantiles of the absolute value of a normal variable with the deviation
    `scale`, one at the middle of each `1 / count` of its probability, alike for all features.

    Args:
        count: of frequencies.
        scale: of the frequencies, in cycles per unit of `x`.
        first: how many of the features are numbers, the first ones; `None` for all.

    Call arguments:
        inputs: `(batch, features)`.

    Returns:
        `(batch, features + 2 * count * first)`: the inputs, all sines, all cosines.

    Reference: Gorishniy, Rubachev, Babenko 2022, NeurIPS, section 3.3; Tancik et al. 2020, NeurIPS.
    """

    def __init__(
        self, count: int = 8, *, scale: float = 0.5, first: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"`count` must be a positive integer, received {count!r}.")
        if isinstance(scale, bool) or not isinstance(scale, int | float) or scale <= 0:
            raise ValueError(f"`scale` must be a positive number, received {scale!r}.")
        self.count = count
        self.scale = scale
        self.first = first

    @property
    def frequencies(self) -> np.ndarray:
        """`(count,)`, ascending, in cycles per unit."""
        middles = (np.arange(self.count) + 0.5) / self.count
        return np.array([self.scale * NormalDist().inv_cdf((1 + middle) / 2) for middle in middles])

    def build(self, input_shape: Any) -> None:
        self._features = input_shape[-1]
        super().build(input_shape)

    def plain(self) -> keras.Model:
        """A model of Keras's own layers that computes the same."""
        inputs = keras.Input((self._features,))
        return keras.Model(inputs, self.call(inputs))

    def call(self, inputs: Any) -> Any:
        numbers = inputs if self.first is None else inputs[:, : self.first]
        angles = ops.concatenate([numbers * float(2 * np.pi * f) for f in self.frequencies], axis=-1)
        return ops.concatenate([inputs, ops.sin(angles), ops.cos(angles)], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        features = input_shape[-1]
        numbers = features if self.first is None else self.first
        return (*input_shape[:-1], features + 2 * self.count * numbers)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count, "scale": self.scale, "first": self.first}
