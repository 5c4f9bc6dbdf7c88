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
        low: Pepper, in units of `x`. Defaults to the least `x` of the training data, feature by
            feature where they are scaled so, and to 0 without a preprocessor.
        high: Salt, in units of `x`. Defaults to the greatest `x`, and to 1 without a preprocessor.
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
        low: float | None = None,
        high: float | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        if low is not None and high is not None and not low < high:
            raise ValueError(f"`low` must be below `high`, received {low!r} and {high!r}.")
        self.low = low
        self.high = high

    def corrupt(self, x: Any, seed: Any) -> Any:
        # One draw decides both: below level/2 pepper, from there to level salt.
        draw = self.uniform(ops.shape(x), seed)
        low, high = (
            ops.cast(end if own is None else own, x.dtype)
            for own, end in zip((self.low, self.high), self.ends, strict=True)
        )
        return ops.where(draw < self.level / 2, low, ops.where(draw < self.level, high, x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "low": self.low, "high": self.high}
