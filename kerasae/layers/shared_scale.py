"""SharedScale: one learned scale for all features of a likelihood."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class SharedScale(keras.layers.Layer):
    """Appends one trainable `log_scale`, the same for every feature and example.

    Put behind a decoder it gives a Gaussian or Laplace likelihood the second parameter that the
    data call for, so that no `beta` needs tuning to the units of the data.

    Args:
        initial_scale: the scale to begin with, in units of `x`.

    Call arguments:
        inputs: locations, `(batch, ..., features)`.

    Returns:
        `(batch, ..., 2 * features)`: the locations, then their log-scales.

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
        """Numbers that a reconstruction can be read from, for a decoder without this layer."""
        # The reconstruction reads the locations alone; any scale will do.
        return ops.concatenate([params, params], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], 2 * input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial_scale": self.initial_scale}
