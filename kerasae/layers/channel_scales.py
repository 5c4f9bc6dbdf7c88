"""ChannelScales: a learned scale for each channel of a likelihood."""

import math
from typing import Any

import keras
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class ChannelScales(Layer):
    """Appends one trainable `log_scale` for each channel, the same for every step and example.

    Args:
        initial_scale: Initial scale, in units of `x`. Defaults to 0.5.

    Call arguments:
        inputs: Locations of shape `(batch, ..., channels)`.

    Returns:
        A tensor of shape `(batch, ..., 2 * channels)`: the locations, then their log-scales.
    """

    def __init__(self, initial_scale: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not initial_scale > 0:
            raise ValueError(f"`initial_scale` must be positive, received {initial_scale!r}.")
        self.initial_scale = initial_scale

    def build(self, input_shape: Any) -> None:
        start = keras.initializers.Constant(math.log(self.initial_scale))
        self.log_scales = self.add_weight(shape=input_shape[-1:], initializer=start, name="log_scales")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        scales = ops.cast(self.log_scales, inputs.dtype)
        return ops.concatenate([inputs, ops.broadcast_to(scales, ops.shape(inputs))], axis=-1)

    def without(self, params: Any) -> Any:
        """Return decoder outputs from which the loss reads a reconstruction, without this layer."""
        # A reconstruction uses only the locations, so any scale will do.
        return ops.concatenate([params, params], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 2 * input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial_scale": self.initial_scale}
