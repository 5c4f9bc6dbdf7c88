"""ColumnScales: a learned scale for each number column of a table."""

import math
from typing import Any

import keras
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class ColumnScales(Layer):
    """Appends one trainable `log_scale` for each number column, the same for every row.

    Args:
        count: Number of number columns.
        initial_scale: Initial scale, in units of `x`. Defaults to 0.5.

    Call arguments:
        inputs: Output of the decoder, `(batch, outputs)`.

    Returns:
        A tensor of shape `(batch, outputs + count)`: the inputs, then the log-scales.
    """

    def __init__(self, count: int, initial_scale: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.initial_scale = initial_scale

    def build(self, input_shape: Any) -> None:
        start = keras.initializers.Constant(math.log(self.initial_scale))
        self.log_scales = self.add_weight(shape=(self.count,), initializer=start, name="log_scales")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        scales = ops.cast(self.log_scales, inputs.dtype)
        rows = ops.shape(inputs)[0]
        return ops.concatenate([inputs, ops.broadcast_to(scales, (rows, self.count))], axis=-1)

    def without(self, params: Any) -> Any:
        """Return decoder outputs from which the loss reads a reconstruction, without this layer."""
        return params

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], input_shape[-1] + self.count)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count, "initial_scale": self.initial_scale}
