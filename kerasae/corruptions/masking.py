"""Masking noise: features are erased."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption
from kerasae.corruptions._chained import ChainedCorruption


@keras.saving.register_keras_serializable(package="kerasae")
class MaskingNoise(ChainedCorruption):
    """Each feature is erased with probability `level`.

    A number becomes 0, an entry of a table becomes missing, and a word becomes the unknown word.

    Args:
        level: Probability in [0, 1]. Defaults to 0.25.
        before: Corruption that acts first, as an object, name or config, such as `"swap"` for a table that
            gets both swapped and missing entries. Defaults to `None`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Vincent et al. 2010, JMLR, section 3.3.
    """

    makes_gaps = True

    def __init__(
        self,
        level: float = 0.25,
        *,
        before: str | dict[str, Any] | Corruption | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level, before=before, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        kept = self.uniform(ops.shape(x), seed) >= self.level
        return ops.where(kept, x, ops.full_like(x, self.blank))
