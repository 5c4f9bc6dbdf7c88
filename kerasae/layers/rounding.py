"""Rounding: a code as a file holds it, in training."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.layers._noise import NoiseLayer

#: Share of a step by which codes are rounded towards 0: it saves more bits than it costs error.
DEAD = 0.15


@keras.saving.register_keras_serializable(package="kerasae")
class Rounding(NoiseLayer):
    """Rounding of a code to multiples of a step, with one step for each example and a dead zone around 0.

    A number `h` becomes `s * sign(h) * floor(|h| / s + 0.5 - 0.15)`, as `kerasae apply compression` stores
    it. Rounding has no gradient, so that of the identity takes its place (straight through). If steps have a
    range, one decoder learns to restore codes that are stored with few bits or with many.

    The squared error grows with the square of the step. The density of the steps is therefore proportional to
    `s^-3`, so that all octaves of steps have the same part in a loss.

    Args:
        steps: Smallest and largest step, positive, in units of the code. Defaults to `(1, 1)`.
        seed: Integer that fixes the sequence of random numbers. Defaults to `None`, Keras's global seed.

    Call arguments:
        inputs: Codes of shape `(batch, latent_dim)`.
        training: Whether to round. Without it the layer returns its input, unless a seed is given.
            Defaults to False.
        seed: Two int32 that fix this draw. Defaults to `None`.

    Returns:
        Codes of the same shape.

    Reference: Theis, Shi, Cunningham and Huszár 2017, ICLR, section 2.1 (the gradient); Minnen and Singh
    2020, ICIP, section 3 (rounded codes for the decoder, in place of noise).
    """

    def __init__(
        self, steps: Sequence[float] = (1.0, 1.0), *, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.steps = checked_steps("steps", steps)

    def call(self, inputs: Any, training: bool = False, seed: Any = None) -> Any:
        if not training and seed is None:
            return inputs
        state = self.next_seed(seed) + np.array([0, 1], "int32")
        low, high = (step**-2.0 for step in self.steps)
        shares = self.uniform((ops.shape(inputs)[0], *[1] * (len(inputs.shape) - 1)), state)
        steps = ops.cast(ops.rsqrt(low + (high - low) * shares), inputs.dtype)
        rounded = steps * ops.sign(inputs) * ops.floor(ops.abs(inputs) / steps + (0.5 - DEAD))
        return inputs + ops.stop_gradient(rounded - inputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "steps": self.steps}


def checked_steps(name: str, steps: Any) -> list[float]:
    """Return the smallest and the largest step of a rounding.

    Raises:
        ValueError: If they are not two positive numbers in this order.
    """
    numbers = isinstance(steps, list | tuple) and all(
        isinstance(step, int | float) and not isinstance(step, bool) for step in steps
    )
    if not numbers or len(steps) != 2 or not 0 < steps[0] <= steps[1] < math.inf:
        raise ValueError(f"`{name}` must be two positive numbers, the smaller one first, received {steps!r}.")
    return [float(step) for step in steps]
