"""PeriodicFeatures: appends sines and cosines of numbers at several frequencies."""

from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class PeriodicFeatures(Layer):
    """Appends `sin(2 pi f x)` and `cos(2 pi f x)` to numbers, so that a dense layer sees their detail.

    Dense layers learn slow variation first, and hardly ever learn variation within a tenth of a standard
    deviation. The frequencies are quantiles of the absolute value of a normal variable with standard
    deviation `scale`: one in the middle of each of `count` intervals of equal probability. All features
    have the same frequencies.

    Args:
        count: Number of frequencies. Defaults to 8.
        scale: Standard deviation of this normal variable, in cycles per unit of `x`. Defaults to 0.5.
        first: Number of leading features that are numbers; the others pass unchanged. Defaults to `None`,
            all features.

    Call arguments:
        inputs: Features of shape `(batch, features)`.

    Returns:
        A tensor of shape `(batch, features + 2 * count * first)`: the inputs, then all sines, then all
        cosines.

    Reference: Gorishniy, Rubachev, Babenko 2022, NeurIPS, section 3.3; Tancik et al. 2020, NeurIPS.
    """

    def __init__(
        self, count: int = 8, *, scale: float = 0.5, first: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        check_positive_integer("count", count)
        if isinstance(scale, bool) or not isinstance(scale, int | float) or scale <= 0:
            raise ValueError(f"`scale` must be a positive number, received {scale!r}.")
        self.count = count
        self.scale = scale
        self.first = first

    @property
    def frequencies(self) -> np.ndarray:
        """Frequencies in ascending order, `(count,)`, in cycles per unit of `x`."""
        middles = (np.arange(self.count) + 0.5) / self.count
        return np.array([self.scale * NormalDist().inv_cdf((1 + middle) / 2) for middle in middles])

    def build(self, input_shape: Any) -> None:
        self._features = input_shape[-1]
        super().build(input_shape)

    def plain(self) -> keras.Model:
        """Return an equivalent model made only of Keras's layers."""
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
