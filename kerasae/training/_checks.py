"""Checks of the settings and the data of a training."""

from typing import Any

import numpy as np

from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.models import Autoencoder

#: If the loss became NaN and `x` exceeds this value, missing scaling is the cause.
_SCALED = 1e4


def check_numbers(values: dict[str, Any]) -> None:
    """Raise a ValueError if a setting of `train` is out of range.

    Args:
        values: Arguments of `train` by name.
    """
    positive = ("epochs", "steps", "batch_size", "gradient_accumulation", "patience", "steps_per_execution")
    for name in positive:
        if values[name] is not None and values[name] < 1:
            raise ValueError(f"`{name}` must be a positive integer, received {values[name]!r}.")
    for name in ("weight_decay", "reduce_patience", "seed", "checkpoint_seconds"):
        if values[name] < 0:
            raise ValueError(f"`{name}` must be non-negative, received {values[name]!r}.")
    if not values["learning_rate"] > 0:
        raise ValueError(f"`learning_rate` must be positive, received {values['learning_rate']!r}.")
    if not 0 < values["reduce_factor"] < 1:
        raise ValueError(f"`reduce_factor` must be in (0, 1), received {values['reduce_factor']!r}.")
    if values["schedule"] not in ("plateau", "cosine"):
        raise ValueError(f"`schedule` must be 'plateau' or 'cosine', received {values['schedule']!r}.")
    if values["solver"] not in ("gradient", "closed_form"):
        raise ValueError(f"`solver` must be 'gradient' or 'closed_form', received {values['solver']!r}.")
    if values["schedule"] == "cosine" and values["reduce_at"]:
        raise ValueError(
            "`reduce_at` needs the schedule 'plateau', received 'cosine'; leave one of them out."
        )
    if any(epoch < 1 for epoch in values["reduce_at"]):
        raise ValueError(f"`reduce_at` must hold positive integers, received {[*values['reduce_at']]}.")
    for name in ("tensorboard", "resume"):
        if values[name] and values["folder"] is None:
            raise ValueError(f"`{name}` needs a `folder`, received none; add folder=PATH, or leave it out.")
    if values["clip_norm"] is not None and not values["clip_norm"] > 0:
        raise ValueError(f"`clip_norm` must be positive, received {values['clip_norm']!r}.")


def check_loss_range(model: Autoencoder, data: Data) -> None:
    """Raise a ValueError if data are outside the range of the reconstruction loss."""
    loss = model.reconstruction_loss
    if np.isneginf(loss.low) and np.isposinf(loss.high):
        return
    for split in ("train", "validation"):
        if len(data.split(split)):
            loss.check_range(*data.bounds(split))


def unscaled(data: Data) -> str:
    """Return the end of an error message for data that are not scaled; empty for scaled data."""
    has_gaps = kind_of(data.spec).has_gaps
    for split in ("train", "validation"):
        for _, x in data.parts(split):
            sizes = np.abs(x, dtype="float64")
            # A missing entry is NaN.
            reached = float(np.nanmax(sizes, initial=0.0) if has_gaps else sizes.max())
            if not reached < _SCALED:
                return (
                    f"x reaches {reached:.3g} in the {split} split, where a network needs numbers of about "
                    "1; scale them (--set preprocessing.name=standardization), or take the logarithm of "
                    "numbers that differ so much."
                )
    return ""
