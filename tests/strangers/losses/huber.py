"""The Huber loss."""

from typing import Any

import keras
from keras import ops

from kerasae.losses import ReconstructionLoss


@keras.saving.register_keras_serializable(package="strangers")
class Huber(ReconstructionLoss):
    """`sum_i h(x_i - x'_i)`: squares near 0, absolute differences from 1 on, each halved.

    Reference: Huber 1964, *Annals of Mathematical Statistics* 35(1).
    """

    unit = "squared units of x"

    def __init__(self, *, name: str | None = "huber", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def per_feature(self, x: Any, params: Any) -> Any:
        distance = ops.abs(x - params)
        near = ops.minimum(distance, 1.0)
        return 0.5 * ops.square(near) + distance - near
