"""The sum of absolute residuals as an anomaly score."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from kerasae.scores import ResidualScore


@keras.saving.register_keras_serializable(package="strangers")
class ManhattanScore(ResidualScore):
    """`sum_j |r_j|` of the residual `r`, in units of `x`."""

    unit: ClassVar[str | None] = "sum of the sizes of the residual, in units of x, the scaled data"

    def present(self, inputs: Mapping[str, Any]) -> Any:
        return ops.abs(inputs["residual"])
