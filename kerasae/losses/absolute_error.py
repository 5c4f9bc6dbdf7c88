"""The absolute error."""

from typing import Any

import keras
from keras import ops

from kerasae.losses._base import ReconstructionLoss


@keras.saving.register_keras_serializable(package="kerasae")
class AbsoluteError(ReconstructionLoss):
    """`sum_i |x_i - x'_i|` (L1), in units of `x` per example.

    Outliers move it less than the squared error. Its best reconstruction is the median.
    """

    unit = "units of x"

    def __init__(self, *, name: str | None = "absolute_error", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def per_feature(self, x: Any, params: Any) -> Any:
        return ops.abs(x - params)
