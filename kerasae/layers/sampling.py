"""Sampling: a draw from a diagonal Gaussian by the reparameterisation trick."""

from typing import Any

import keras
from keras import ops

from kerasae.layers._noise import NoiseLayer


@keras.saving.register_keras_serializable(package="kerasae")
class Sampling(NoiseLayer):
    """`z = mean + exp(log_var / 2) * eps`, `eps ~ N(0, I)`.

    The noise enters as an input, so that gradients reach `mean` and `log_var`.

    Args:
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Call arguments:
        inputs: Pair `mean`, `log_var`, each of shape `(batch, latent_dim)`.
        training: Whether to draw a sample. Without it the layer returns `mean`, unless a seed is given.
            Defaults to False.
        seed: Two int32 that fix this draw, in place of the layer's own sequence. Defaults to `None`.

    Returns:
        A sample `z` of the same shape as `mean`.

    Example:
        >>> from kerasae.layers import Sampling
        >>> mean, log_var = ops.zeros((3, 2)), ops.zeros((3, 2))
        >>> z = Sampling(seed=0)((mean, log_var), training=True)
        >>> tuple(z.shape)
        (3, 2)

    Reference: Kingma and Welling 2014, ICLR, section 2.4.
    """

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        mean, log_var = inputs
        if not training and seed is None:
            return mean
        eps = self.normal(ops.shape(mean), mean.dtype, self.next_seed(seed))
        return mean + ops.exp(0.5 * log_var) * eps

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]
