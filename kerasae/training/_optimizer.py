"""The optimizer of a training, and the schedule of its learning rate."""

from typing import Any

import keras

from kerasae.optimizers import FusedAdam
from kerasae.registry import did_you_mean


def make_optimizer(
    name: str, learning_rate: Any, weight_decay: float, clip_norm: float | None, accumulation: int
) -> keras.optimizers.Optimizer:
    """Return an optimizer of `keras.optimizers`; see `train` for the arguments.

    Raises:
        ValueError: If there is no optimizer of this name.
    """
    known = {
        key.lower(): value
        for key, value in vars(keras.optimizers).items()
        if isinstance(value, type) and key not in ("Optimizer", "LossScaleOptimizer")
    }
    # The same numbers in less time.
    known["adam"] = FusedAdam
    if name.lower() not in known:
        raise ValueError(f"Unknown `optimizer` {name!r}; {did_you_mean(name.lower(), sorted(known))}")
    return known[name.lower()](
        learning_rate=learning_rate,
        weight_decay=weight_decay or None,
        global_clipnorm=clip_norm,
        gradient_accumulation_steps=accumulation if accumulation > 1 else None,
    )


def cosine_decay(learning_rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return half a cosine from the learning rate to 0 (Loshchilov and Hutter 2017, ICLR)."""
    return keras.optimizers.schedules.CosineDecay(learning_rate, max(steps, 1))
