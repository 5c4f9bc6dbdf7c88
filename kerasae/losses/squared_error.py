"""The squared error."""

from typing import Any

import keras
from keras import ops

from kerasae.losses._base import ReconstructionLoss


@keras.saving.register_keras_serializable(package="kerasae")
class SquaredError(ReconstructionLoss):
    """`sum_i (x_i - x'_i)^2`, in squared units of `x` per example.

    It is the usual MSE times the number of features. As a likelihood it is a Gaussian with variance 1/2.
    For data in [0, 1] this is far too wide for a variational model: use `gaussian` there.
    """

    unit = "squared units of x"

    def __init__(self, *, name: str | None = "squared_error", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def per_feature(self, x: Any, params: Any) -> Any:
        return ops.square(x - params)
