"""Swap noise: features are taken from another row."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class SwapNoise(Corruption):
    """Each feature is replaced with probability `level` by the same feature of another row of the batch.

    The noise keeps the distribution of each column, which suits tables. Each row takes its replacements
    from one other row: the batch is rotated by a random number of rows from 1 to `batch - 1`. A batch of
    one row has no other row and does not change.

    Args:
        level: Probability in [0, 1]. Defaults to 0.15.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Jahrer 2017, first place in Kaggle's Porto Seguro challenge.
    """

    def __init__(self, level: float = 0.15, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(level, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        batch = ops.shape(x)[0]
        swapped = self.uniform(ops.shape(x), seed) < self.level
        draw = self.uniform((), seed + 1)
        others = ops.cast(batch - 1, "float32")
        shift = 1 + ops.cast(ops.floor(draw * others), "int32")
        rows = (ops.arange(batch, dtype="int32") + shift) % batch
        return ops.where(swapped, ops.take(x, rows, axis=0), x)
