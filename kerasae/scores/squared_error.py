"""The squared error as an anomaly score."""

from collections.abc import Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from kerasae.scores._residual import ResidualScore


@keras.saving.register_keras_serializable(package="kerasae")
class SquaredErrorScore(ResidualScore):
    """`sum_j r_j^2` of the residual `r`, in squared units of `x`.

    For categories, booleans and tokens the residual is the deviance residual, so they add `-2 log p`. A
    missing entry adds an expected value and the evidence of the gap; see `ResidualScore`.
    """

    unit: ClassVar[str | None] = "sum of squares of the residual, in squared units of x, the scaled data"

    def present(self, inputs: Mapping[str, Any]) -> Any:
        return ops.square(inputs["residual"])
