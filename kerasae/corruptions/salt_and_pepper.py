"""Salt-and-pepper noise: features are set to an end of their range."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class SaltAndPepperNoise(Corruption):
    """Each feature is replaced with probability `level` by `low` or `high`, with equal probability.

    Args:
        level: Probability in [0, 1]. Defaults to 0.1.
        low: Value of pepper, in units of `x`. Defaults to `None`, the smallest `x` of the training data; 0
            without a preprocessor. If each feature is scaled on its own, each has its own value.
        high: Value of salt, in units of `x`. Defaults to `None`, the largest `x` of the training data; 1
            without a preprocessor.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Raises:
        ValueError: If `low` is not below `high`.

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
        # One draw decides: pepper below level/2, salt from there to level.
        draw = self.uniform(ops.shape(x), seed)
        low, high = (
            ops.cast(end if value is None else value, x.dtype)
            for value, end in zip((self.low, self.high), self.ends, strict=True)
        )
        return ops.where(draw < self.level / 2, low, ops.where(draw < self.level, high, x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "low": self.low, "high": self.high}
