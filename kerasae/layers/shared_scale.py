"""SharedScale: one learned scale for all features of a likelihood."""

import math
from typing import Any

import keras
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class SharedScale(Layer):
    """Appends one trainable `log_scale`, the same for every feature and example.

    The layer follows a decoder and learns the scale of a Gaussian or Laplace likelihood from the data.
    Without it, `beta` would have to be tuned to the units of the data.

    Args:
        initial_scale: Initial scale, in units of `x`. Defaults to 0.3.

    Call arguments:
        inputs: Locations of shape `(batch, ..., features)`.

    Returns:
        A tensor of shape `(batch, ..., 2 * features)`: the locations, then their log-scales.

    Reference: Rybkin, Daniilidis, Levine 2021, ICML, section 3 (sigma-VAE).
    """

    def __init__(self, initial_scale: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not initial_scale > 0:
            raise ValueError(f"`initial_scale` must be positive, received {initial_scale!r}.")
        self.initial_scale = initial_scale

    def build(self, input_shape: Any) -> None:
        start = keras.initializers.Constant(math.log(self.initial_scale))
        self.log_scale = self.add_weight(shape=(), initializer=start, name="log_scale")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        log_scale = ops.cast(self.log_scale, inputs.dtype)
        return ops.concatenate([inputs, ops.broadcast_to(log_scale, ops.shape(inputs))], axis=-1)

    def without(self, params: Any) -> Any:
        """Return decoder outputs from which the loss reads a reconstruction, without this layer."""
        # A reconstruction uses only the locations, so any scale will do.
        return ops.concatenate([params, params], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 2 * input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial_scale": self.initial_scale}
