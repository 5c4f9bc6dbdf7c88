"""Masking noise: features blotted out."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class MaskingNoise(Corruption):
    """Each feature is blotted out with probability `level`; the others stay as they are.

    A number becomes 0, an entry of a table missing, a word unknown.

    Args:
        level: the probability, in [0, 1].
        seed: an integer that fixes the sequence of draws, or `None`.

    Reference: Vincent et al. 2010, JMLR, section 3.3.
    """

    def __init__(self, level: float = 0.25, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(level, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        kept = self.uniform(ops.shape(x), seed) >= self.level
        return ops.where(kept, x, ops.full_like(x, self.blank))
