"""Initialisers from which a map of codes starts as a known transform."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class Cosines(keras.initializers.Initializer):
    """Kernel of the discrete cosine transform of squares, `(side, side, channels, numbers)`.

    The transform is orthonormal and takes the channels as a third axis. Low frequencies come first. Numbers
    beyond those of a square have kernels of 0. As a `Conv2D` whose stride is the side, the kernel computes
    the coefficients of each square, and as a `Conv2DTranspose` it computes the squares from them.

    Reference: Ahmed, Natarajan and Rao 1974, *IEEE Transactions on Computers* C-23(1).
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        side, _, channels, numbers = shape
        rows, depth = _waves(side), _waves(channels)
        all_waves = np.einsum("ui,vj,wc->uvwijc", rows, rows, depth)
        frequencies = np.add.outer(np.add.outer(np.arange(side), np.arange(side)), np.arange(channels))
        order = np.argsort(frequencies, axis=None, kind="stable")[:numbers]
        kernel = np.zeros((side, side, channels, numbers))
        kernel[..., : len(order)] = np.moveaxis(all_waves.reshape(-1, side, side, channels)[order], 0, -1)
        return ops.convert_to_tensor(kernel, dtype or "float32")


@keras.saving.register_keras_serializable(package="kerasae")
class Leading(keras.initializers.Initializer):
    """Kernel of a 1 x 1 convolution, `(1, 1, features, numbers)`, whose numbers are the first features.

    `keras.initializers.Identity` is for matrices alone.
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return ops.reshape(ops.eye(*shape[-2:], dtype=dtype or "float32"), shape)


def _waves(length: int) -> np.ndarray:
    """Return the orthonormal cosines of a length, `(frequencies, places)`."""
    waves = np.cos(np.pi * np.outer(np.arange(length), np.arange(length) + 0.5) / length)
    unit: np.ndarray = waves / np.sqrt(np.square(waves).sum(axis=1, keepdims=True))
    return unit
