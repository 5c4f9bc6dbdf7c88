"""What every network of this room returns, and the style that its layers share."""

import dataclasses
from typing import Any, Literal, NamedTuple

import keras

from kerasae.registry import did_you_mean


class Network(NamedTuple):
    """An encoder and a decoder, mirror images of each other.

    The encoder ends in features, not in a code: the head that makes the code belongs to the family.

    Attributes:
        encoder: from `x`, `(batch, ...)`, to features, `(batch, features)`.
        decoder: from codes, `(batch, latent_dim)`, to `(batch, ...)`, with the last axis `outputs`
            times as long where the loss asks for more than one number per feature.
    """

    encoder: keras.Model
    decoder: keras.Model


@dataclasses.dataclass(frozen=True)
class Style:
    """How the hidden layers of a network look, whatever they connect.

    Args:
        activation: of the hidden layers, a name in `keras.activations`.
        normalization: behind each hidden layer, before its activation.
        dropout: share of each hidden layer's units set to zero in training, in [0, 1).
        kernel_initializer: of every kernel, a name or config of `keras.initializers`.
        l1: weight of the sum of absolute kernel entries.
        l2: weight of the sum of squared kernel entries.
        dtype: precision of the hidden layers.

    Raises:
        ValueError: for a number out of range or an unknown name.
    """

    activation: str
    normalization: Literal["batch", "layer"] | None
    dropout: float
    kernel_initializer: str | dict[str, Any]
    l1: float
    l2: float
    dtype: str

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"`dropout` must be in [0, 1), received {self.dropout}.")
        if self.l1 < 0 or self.l2 < 0:
            raise ValueError(f"`l1` and `l2` must be non-negative, received {self.l1} and {self.l2}.")
        _check_known("activation", self.activation, keras.activations)
        _check_known("kernel_initializer", self.kernel_initializer, keras.initializers)

    @property
    def inner(self) -> str | None:
        """The activation of a layer itself: none where a normalisation comes between."""
        return None if self.normalization else self.activation

    def kernel(self) -> dict[str, Any]:
        """Arguments for a layer with a kernel.

        Objects are made anew for each layer: an initialiser that is shared draws the same twice.
        """
        return {
            "kernel_initializer": keras.initializers.get(self.kernel_initializer),
            "kernel_regularizer": keras.regularizers.L1L2(self.l1, self.l2) if self.l1 or self.l2 else None,
        }

    def block(self, layer: keras.layers.Layer) -> list[keras.layers.Layer]:
        """A layer made with `inner`, and what stands behind it."""
        layers = [layer]
        if self.normalization == "batch":
            layers.append(keras.layers.BatchNormalization(dtype=self.dtype))
        elif self.normalization == "layer":
            layers.append(keras.layers.LayerNormalization(dtype=self.dtype))
        if self.normalization:
            layers.append(keras.layers.Activation(self.activation, dtype=self.dtype))
        if self.dropout:
            layers.append(keras.layers.Dropout(self.dropout, dtype=self.dtype))
        return layers


def check_positive(name: str, value: Any) -> None:
    """Raises a ValueError unless the value is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer, received {value!r}.")


def check_frequencies(value: Any) -> None:
    """Raises a ValueError unless the value is a number of frequencies, 0 for none."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"`frequencies` must be a non-negative integer, received {value!r}.")


def _check_known(name: str, value: Any, module: Any) -> None:
    try:
        module.get(value)
    except (ValueError, TypeError):
        known = [key for key in dir(module) if key.islower() and not key.startswith("_")]
        hint = did_you_mean(str(value), [k for k in known if k not in ("deserialize", "serialize", "get")])
        raise ValueError(f"Unknown `{name}` {value!r}; {hint}") from None
