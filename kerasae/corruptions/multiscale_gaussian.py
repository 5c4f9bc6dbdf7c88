"""Additive Gaussian noise of every strength between two."""

from typing import Any

import keras
from keras import ops

from kerasae.corruptions._base import Corruption


@keras.saving.register_keras_serializable(package="kerasae")
class MultiscaleGaussianNoise(Corruption):
    """`x + sigma * eps`, `eps ~ N(0, 1)`, with `log sigma` uniform between two levels, one an example.

    What is far from the data is drawn back from far, what is near from near, so that the residual of a
    clean example points to the data from any distance. Noise of one level sees one distance alone.

    Args:
        level: the greatest standard deviation, in units of `x`.
        lowest: the least, as a share of `level`, in (0, 1].
        seed: an integer that fixes the sequence of draws, or `None`.

    Reference: Song and Ermon 2019, NeurIPS, section 4.2, for a range of levels; Alain and Bengio 2014,
    JMLR 15, for the residual as a direction towards the data.
    """

    highest = float("inf")

    continuous = True

    def __init__(
        self, level: float = 2.0, *, lowest: float = 0.05, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(level, seed=seed, **kwargs)
        if isinstance(lowest, bool) or not isinstance(lowest, int | float) or not 0 < lowest <= 1:
            raise ValueError(f"`lowest` must be in (0, 1], a share of `level`, received {lowest!r}.")
        self.lowest = lowest

    def corrupt(self, x: Any, seed: Any) -> Any:
        rows = ops.shape(x)[0]
        share = self.uniform((rows, *[1] * (len(x.shape) - 1)), seed + 1)
        sigma = self.level * ops.power(self.lowest, share)
        return x + ops.cast(sigma, x.dtype) * self.normal(ops.shape(x), x.dtype, seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lowest": self.lowest}
