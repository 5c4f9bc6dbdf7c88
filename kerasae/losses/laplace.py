"""The Laplace likelihood."""

import math
from typing import Any, Literal

import keras
from keras import ops

from kerasae.losses._location_scale import LocationScale


@keras.saving.register_keras_serializable(package="kerasae")
class Laplace(LocationScale):
    """`-log Laplace(x; mean, scale)`, in nats per example.

    It is the absolute error as a likelihood. Outliers move it less than a Gaussian likelihood. Its mean
    is also its median.

    Args:
        scale: Mean absolute deviation, in units of `x`: a positive number, `"learned"` or `"predicted"`;
            see `LocationScale`. Defaults to `"learned"`.
        min_scale: Smallest mean absolute deviation, in units of `x`. Defaults to 0.01.
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
        # The level is counted from the nearer end, so that neither tail loses precision.
        tail = ops.clip(ops.minimum(levels, 1.0 - levels), 1e-7, 0.5)
        return ops.sign(levels - 0.5) * -ops.log(2.0 * tail)

    def feature_nll(self, standardised: Any) -> Any:
        return ops.abs(standardised) + math.log(2)
