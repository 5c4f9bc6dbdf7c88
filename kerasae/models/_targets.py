"""What an autoencoder is trained to give back: its input, or the clean half of a pair."""

from typing import Any

import keras
import numpy as np


def weighed_target(x: Any, y: Any, sample_weight: Any) -> Any:
    """The target that Keras is handed with weights.

    Keras drops the weights of examples without a target, in silence. Booleans without features,
    `(rows, 0)`, stand for "no target", so that the weights arrive and noise is still added. A type of
    its own keeps TensorFlow from tracing them together with true targets.
    """
    if y is x:
        # Keras's own way to write an autoencoder is no pair.
        y = None
    if y is not None or sample_weight is None or not hasattr(x, "shape"):
        return y
    return np.empty((len(x), 0), "bool")


def is_none(target: Any) -> bool:
    """Whether a target, or what `weighed_target` made of none, is none."""
    if target is None:
        return True
    return keras.backend.standardize_dtype(target.dtype) == "bool" and tuple(target.shape)[1:] == (0,)


def unpacked(data: Any) -> tuple[Any, Any, Any]:
    """A batch of Keras as `x`, the target or `None`, and the weights or `None`."""
    x, target, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    return x, None if is_none(target) else target, sample_weight


def check_target(x: Any, target: Any) -> None:
    """Refuses a target that is not shaped like `x`: labels would be broadcast in silence."""
    if target.shape[1:] != x.shape[1:] or len(target.shape) != len(x.shape):
        raise ValueError(
            f"The target of an autoencoder must have the shape of its input {tuple(x.shape[1:])}, "
            f"received {tuple(target.shape[1:])}; leave labels out of `fit`: fit(x), or "
            "fit(noisy, clean) for pairs."
        )
