"""Salt-and-pepper noise: features set to the ends of their range."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class SaltAndPepperNoise(Corruption):
    """Each feature is replaced with probability `level` by `low` or `high`, by a fair coin.

    Args:
        level: the probability, in [0, 1].
        low: pepper, in units of `x`.
        high: salt, in units of `x`.
        seed: an integer that fixes the sequence of draws, or `None`.

    Raises:
        ValueError: if `low` is not below `high`.

    Reference: Vincent et al. 2010, JMLR, section 3.3.
    """

    continuous = True

    def __init__(
        self,
        level: float = 0.1,
        *,
        low: float = 0.0,
        high: float = 1.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        if not low < high:
            raise ValueError(f"`low` must be below `high`, received {low!r} and {high!r}.")
        self.low = low
        self.high = high

    def corrupt(self, x: Any, seed: Any) -> Any:
        # One draw decides both: below level/2 pepper, from there to level salt.
        draw = self.uniform(ops.shape(x), seed)
        low = ops.cast(self.low, x.dtype)
        high = ops.cast(self.high, x.dtype)
        return ops.where(draw < self.level / 2, low, ops.where(draw < self.level, high, x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "low": self.low, "high": self.high}
