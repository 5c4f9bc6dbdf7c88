"""Expectation: the values that a model expects in the entries that make an example odd."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.keras_classes import Layer
from kerasae.losses import flatten


@keras.saving.register_keras_serializable(package="kerasae")
class Expectation(Layer):
    """Value of an entry that a model expects, given the rest of the example.

    The entry is hidden, and all entries with a greater share in the score with it: these are suspected
    themselves, and would spoil the estimate. What the model reconstructs in the place of the entry is the
    estimate. With several rounds, the hidden entries are filled with it and the example is reconstructed
    again. On tables with faults planted in one or two columns the errors of this estimate were smaller than
    those with only the entry hidden, or with all reasons hidden.

    A hidden entry of a table is missing, which the network accepts. That of an image or vector has the mean
    of the training rows, and that of a text is the unknown token. Entries that are not finite are always
    hidden.

    The weights are `hidden`, the value of `x` that stands for a hidden entry, and `spread`, the error of the
    estimate in units of `x`, each `(features,)`.

    Args:
        features: Number of entries of an example.
        rounds: Number of reconstructions. Defaults to 0, before `set`.
    """

    def __init__(self, features: int, *, rounds: int = 0, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "float32")
        super().__init__(**kwargs)
        self.features, self.rounds = features, rounds
        self.hidden, self.spread = (
            self.add_weight(shape=(features,), trainable=False, name=name, initializer="zeros")
            for name in ("hidden", "spread")
        )
        self.built = True

    def set(self, hidden: np.ndarray, spread: np.ndarray, rounds: int) -> None:
        """Set the weights, each `(features,)`, and the number of reconstructions."""
        self.hidden.assign(hidden)
        self.spread.assign(spread)
        self.rounds = rounds

    def expected(self, x: Any, reason: Any, reconstruct: Callable[[Any], Any]) -> Any:
        """Return the examples with the expected values in the entries that are hidden for each reason.

        Args:
            x: Examples as a network sees them, `(batch, ...)`.
            reason: Numbers of the entries, the strongest reason first, `(batch, reasons)`, int32.
            reconstruct: Function from `x` to its reconstruction in units of `x`, both `(rows, ...)`.

        Returns:
            One filled example for each reason, `(batch, reasons, features)`. The expected value of reason `k`
            is its entry in the example `k`.
        """
        return self.filled(x, hidden_entries(reason, self.features), reconstruct, self.rounds)

    def filled(self, x: Any, hide: Any, reconstruct: Callable[[Any], Any], rounds: int) -> Any:
        """Return examples with reconstructions in place of hidden entries.

        Args:
            x: Examples as a network sees them, `(batch, ...)`.
            hide: Whether an entry is hidden, `(batch, variants, features)`.
            reconstruct: Function from `x` to its reconstruction in units of `x`, both `(rows, ...)`.
            rounds: Number of reconstructions.

        Returns:
            The filled examples, `(batch, variants, features)`, float32.
        """
        flat = ops.expand_dims(ops.cast(flatten(x), "float32"), 1)
        # A comparison is false for NaN, and so is its negation after a conversion.
        shown = ops.logical_and(ops.logical_not(hide), ops.less(ops.abs(flat), float("inf")))
        rows = ops.where(shown, flat, self.hidden)
        shape = (-1, *x.shape[1:])
        for _ in range(rounds):
            rebuilt = reconstruct(ops.cast(ops.reshape(rows, shape), x.dtype))
            rebuilt = ops.reshape(ops.cast(rebuilt, "float32"), (-1, *hide.shape[1:]))
            rows = ops.where(shown, rows, rebuilt)
        return rows

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "features": self.features, "rounds": self.rounds}


def hidden_entries(reason: Any, features: int) -> Any:
    """Return which entries are hidden for each reason, `(batch, reasons, features)`: it and those before."""
    chosen = ops.one_hot(reason, features)
    hidden = [chosen[:, 0]]
    for number in range(1, chosen.shape[1]):
        hidden.append(hidden[-1] + chosen[:, number])
    return ops.stack(hidden, axis=1) > 0.5


def picked(rows: Any, reason: Any) -> Any:
    """Return the entry of each reason, `(batch, reasons)`.

    Args:
        rows: Examples for each reason, `(batch, reasons, features)`, or one for all, `(batch, features)`.
        reason: Numbers of the entries, `(batch, reasons)`.
    """
    if len(rows.shape) == 2:
        rows = ops.expand_dims(rows, 1)
    chosen = ops.one_hot(reason, rows.shape[-1]) > 0.5
    # Other entries may be NaN, which a product with 0 would keep.
    return ops.sum(ops.where(chosen, rows, ops.zeros_like(rows)), axis=-1)
