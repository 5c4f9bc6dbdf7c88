"""Sampling: a draw from a diagonal Gaussian by the reparameterisation trick."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasae.layers._noise import NoiseLayer


@keras.saving.register_keras_serializable(package="kerasae")
class Sampling(NoiseLayer):
    """`z = mean + exp(log_var / 2) * eps`, `eps ~ N(0, I)`.

    The noise enters as an input, so that gradients reach `mean` and `log_var`.

    With `scales` the noise of each example is multiplied by a random factor, whose logarithm is uniform.

    Args:
        scales: Smallest and largest factor of the noise, positive. Defaults to `(1, 1)`, no factor.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Call arguments:
        inputs: Pair `mean`, `log_var`, each of shape `(batch, latent_dim)`.
        training: Whether to draw a sample. Without it the layer returns `mean`, unless a seed is given.
            Defaults to False.
        seed: Two int32 that fix this draw, in place of the layer's own sequence. Defaults to `None`.

    Returns:
        A sample `z` of the same shape as `mean`.

    Example:
        >>> z = kerasae.layers.Sampling(seed=0)((mean, log_var), training=True)

    Reference: Kingma and Welling 2014, ICLR, section 2.4.
    """

    def __init__(
        self, scales: Sequence[float] = (1.0, 1.0), *, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.scales = checked_scales("scales", scales)

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        mean, log_var = inputs
        if not training and seed is None:
            return mean
        state = self.next_seed(seed)
        eps = self.normal(ops.shape(mean), mean.dtype, state)
        low, high = (math.log(scale) for scale in self.scales)
        if low or high:
            # The same seed would make the factor depend on the noise.
            ones = [1] * (len(mean.shape) - 1)
            shares = self.uniform((ops.shape(mean)[0], *ones), state + ops.convert_to_tensor([0, 1], "int32"))
            eps = eps * ops.cast(ops.exp(low + (high - low) * shares), mean.dtype)
        return mean + ops.exp(0.5 * log_var) * eps

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scales": self.scales}


def checked_scales(name: str, scales: Any) -> list[float]:
    """Return the smallest and the largest factor of the noise.

    Raises:
        ValueError: If they are not two positive numbers in this order.
    """
    numbers = isinstance(scales, list | tuple) and all(
        isinstance(scale, int | float) and not isinstance(scale, bool) for scale in scales
    )
    if not numbers or len(scales) != 2 or not 0 < scales[0] <= scales[1] < math.inf:
        raise ValueError(
            f"`{name}` must be two positive numbers, the smaller one first, received {scales!r}."
        )
    return [float(scale) for scale in scales]
