"""The optimizer of a training, and the schedule of its learning rate."""

import inspect
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
    # An optimizer that only holds others, and the base class, have no decay among their arguments.
    known = {
        key.lower(): value
        for key, value in vars(keras.optimizers).items()
        if isinstance(value, type) and "weight_decay" in inspect.signature(value).parameters
    }
    # The same numbers in less time.
    known["adam"] = FusedAdam
    if name.lower() not in known:
        raise ValueError(f"Unknown `optimizer` {name!r}; {did_you_mean(name.lower(), sorted(known))}")
    chosen = known[name.lower()]
    # AdamW refuses None. Muon has a second decay, for the variables that are no matrices.
    decays = {
        key: weight_decay if weight_decay or argument.default is not None else None
        for key, argument in inspect.signature(chosen).parameters.items()
        if key.endswith("weight_decay")
    }
    return chosen(
        learning_rate=learning_rate,
        **decays,
        global_clipnorm=clip_norm,
        gradient_accumulation_steps=accumulation if accumulation > 1 else None,
    )


def cosine_decay(learning_rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    """Return half a cosine from the learning rate to 0 (Loshchilov and Hutter 2017, ICLR)."""
    return keras.optimizers.schedules.CosineDecay(learning_rate, max(steps, 1))
