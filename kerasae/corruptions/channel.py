"""Channel noise: whole channels are erased."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class ChannelNoise(Corruption):
    """Each channel of an example is erased with probability `level`, as if its sensor had failed.

    A channel of a series becomes missing; a channel of an image and a feature of a vector become 0. The
    channels are the last axis.

    Args:
        level: Probability in [0, 1]. Defaults to 0.15.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Reference: Tompson et al. 2015, CVPR, section 3.2 (SpatialDropout), without the rescaling.
    """

    makes_gaps = True

    def __init__(self, level: float = 0.15, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(level, seed=seed, **kwargs)

    def corrupt(self, x: Any, seed: Any) -> Any:
        shape = ops.shape(x)
        inner = [1] * (len(x.shape) - 2)
        kept = self.uniform((shape[0], *inner, shape[-1]), seed) >= self.level
        return ops.where(kept, x, ops.full_like(x, self.blank))
