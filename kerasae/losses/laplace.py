"""The Laplace likelihood."""

import math
from typing import Any, Literal

import keras
from keras import ops

from kerasae.losses._location_scale import LocationScale


@keras.saving.register_keras_serializable(package="kerasae")
class Laplace(LocationScale):
    """`-log Laplace(x; mean, scale)`, in nats per example; its mean is the median.

    The absolute error as a likelihood: less moved by outliers than a Gaussian.

    Args:
        scale: the mean absolute deviation: a positive number, `"learned"` or `"predicted"`.
        min_scale: the least of it, in units of `x`.
    """

    def __init__(
        self,
        scale: float | Literal["learned", "predicted"] = "learned",
        *,
        min_scale: float = 0.01,
        name: str | None = "laplace",
        **kwargs: Any,
    ) -> None:
        super().__init__(scale, min_scale=min_scale, name=name, **kwargs)

    def quantile(self, levels: Any) -> Any:
        # From the nearer end, so that neither tail loses its digits.
        tail = ops.clip(ops.minimum(levels, 1.0 - levels), 1e-7, 0.5)
        return ops.sign(levels - 0.5) * -ops.log(2.0 * tail)

    def feature_nll(self, standardised: Any) -> Any:
        return ops.abs(standardised) + math.log(2)
