"""Targets of an autoencoder in training: its input, or the clean part of a pair."""

from typing import Any

import keras
import numpy as np


def weighed_target(x: Any, y: Any, sample_weight: Any) -> Any:
    """Return the target that is given to Keras together with weights.

    Keras silently drops the weights of examples without a target. Booleans of shape `(rows, 0)` therefore
    represent "no target": Keras keeps the weights, and noise is still added. No true target is boolean, so
    TensorFlow does not trace both together.
    """
    if y is x:
        # `fit(x, x)`, the usual way to train an autoencoder in Keras, is not a pair.
        y = None
    if y is not None or sample_weight is None or not hasattr(x, "shape"):
        return y
    return np.empty((len(x), 0), "bool")


def is_none(target: Any) -> bool:
    """Return whether a target is `None`, or the placeholder of `weighed_target` for it."""
    if target is None:
        return True
    return keras.backend.standardize_dtype(target.dtype) == "bool" and tuple(target.shape)[1:] == (0,)


def unpacked(data: Any) -> tuple[Any, Any, Any]:
    """Return `x`, the target or `None`, and the weights or `None` of a batch of Keras."""
    x, target, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    return x, None if is_none(target) else target, sample_weight


def check_target(x: Any, target: Any) -> None:
    """Refuse a target that has another shape than `x`: labels would be broadcast silently."""
    if target.shape[1:] != x.shape[1:] or len(target.shape) != len(x.shape):
        raise ValueError(
            f"The target of an autoencoder must have the shape of its input {tuple(x.shape[1:])}, "
            f"received {tuple(target.shape[1:])}; leave labels out of `fit`: fit(x), or "
            "fit(noisy, clean) for pairs."
        )
