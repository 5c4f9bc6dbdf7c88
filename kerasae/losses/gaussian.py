"""The Gaussian likelihood."""

import math
from typing import Any, Literal

import keras
from keras import ops

from kerasae.losses._base import normal_quantile
from kerasae.losses._location_scale import LocationScale


@keras.saving.register_keras_serializable(package="kerasae")
class Gaussian(LocationScale):
    """`-log N(x; mean, scale^2)`, in nats per example.

    Args:
        scale: Standard deviation, in units of `x`: a positive number, `"learned"` or `"predicted"`; see
            `LocationScale`. Defaults to `"learned"`.
        min_scale: Smallest standard deviation, in units of `x`. Defaults to 0.01.

    Reference: Kingma and Welling 2014, ICLR, appendix C.2; Rybkin et al. 2021, ICML.
    """

    def __init__(
        self,
        scale: float | Literal["learned", "predicted"] = "learned",
        *,
        min_scale: float = 0.01,
        name: str | None = "gaussian",
        **kwargs: Any,
    ) -> None:
        super().__init__(scale, min_scale=min_scale, name=name, **kwargs)

    def quantile(self, levels: Any) -> Any:
        return normal_quantile(levels)

    def feature_nll(self, standardised: Any) -> Any:
        return 0.5 * ops.square(standardised) + 0.5 * math.log(2 * math.pi)
