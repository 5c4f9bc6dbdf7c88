"""Stretch noise: consecutive steps of a window are erased."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class StretchNoise(Corruption):
    """A stretch of consecutive steps is erased in each channel of an example.

    The length of a stretch is drawn uniformly from 0 to `2 * level` times the steps, at most all of them, and
    its place uniformly. A reading of a series becomes missing; a number of another example becomes 0. The
    steps are the first axis of an example: the rows of an image, the features of a vector.

    Args:
        level: Mean share of the steps that are erased, in [0, 0.5]. Defaults to 0.25.
        together: Whether all channels lose the same steps. Otherwise each has a stretch of its own, and a
            model can use the other channels. Defaults to False.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Zerveas et al. 2021, KDD, section 3.3, for masked stretches of each channel.
    """

    highest = 0.5
    makes_gaps = True

    def __init__(
        self, level: float = 0.25, *, together: bool = False, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        self.together = together

    def corrupt(self, x: Any, seed: Any) -> Any:
        shape = ops.shape(x)
        steps = shape[1]
        channels = 1 if self.together or len(x.shape) < 3 else shape[-1]
        draws = self.uniform((2, shape[0], 1, channels), seed)
        length = 2.0 * self.level * draws[0] * ops.cast(steps, "float32")
        start = draws[1] * (ops.cast(steps, "float32") - length)
        middle = ops.reshape(ops.cast(ops.arange(steps), "float32") + 0.5, (1, -1, 1))
        # A step is erased if its middle lies in the stretch, so that the mean share is exactly `level`.
        erased = ops.logical_and(middle >= start, middle < start + length)
        inner = [1] * (len(x.shape) - 3)
        erased = tf.reshape(erased, [shape[0], steps, *inner, channels][: len(x.shape)])
        return ops.where(erased, ops.full_like(x, self.blank), x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "together": self.together}
