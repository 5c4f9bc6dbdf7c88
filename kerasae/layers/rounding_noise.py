"""RoundingNoise: what rounding to a step does to a code, as noise in training."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.layers._noise import NoiseLayer
from kerasae.layers.sampling import checked_scales


@keras.saving.register_keras_serializable(package="kerasae")
class RoundingNoise(NoiseLayer):
    """`h + s u`, `u ~ U(-1/2, 1/2)` for each number of a code, with one step `s` for each example.

    Rounding to multiples of a step has no gradient. Uniform noise as wide as the step has about the same
    effect on a decoder. If steps have a range, one decoder learns to restore codes that are stored with few
    bits or with many.

    The squared error grows with the square of the step. The density of the steps is therefore proportional to
    `s^-3`, so that all octaves of steps have the same part in a loss.

    Args:
        steps: Smallest and largest step, positive, in units of the code. Defaults to `(1, 1)`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Call arguments:
        inputs: Codes of shape `(batch, latent_dim)`.
        training: Whether to add noise. Without it the layer returns its input, unless a seed is given.
            Defaults to False.
        seed: Two int32 that fix this draw. Defaults to `None`.

    Returns:
        Codes of the same shape.

    Reference: Ballé, Laparra and Simoncelli 2017, ICLR, section 3 (uniform noise in place of rounding).
    """

    def __init__(
        self, steps: Sequence[float] = (1.0, 1.0), *, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.steps = checked_scales("steps", steps)

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        if not training and seed is None:
            return inputs
        state = self.next_seed(seed)
        noise = self.uniform(ops.shape(inputs), state) - 0.5
        low, high = (step**-2.0 for step in self.steps)
        ones = [1] * (len(inputs.shape) - 1)
        # The same seed would make the step depend on the noise.
        shares = self.uniform((ops.shape(inputs)[0], *ones), state + np.array([0, 1], "int32"))
        return inputs + ops.cast(ops.rsqrt(low + (high - low) * shares) * noise, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps}
