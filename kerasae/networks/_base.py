"""Network, which every function of this room returns, and Style, which its layers share."""

import dataclasses
from typing import Any, Literal, NamedTuple

import keras

from kerasae.registry import did_you_mean


class Network(NamedTuple):
    """Pair of an encoder and a decoder, which are mirror images of each other.

    The encoder ends in features, not in a code. The head that computes the code belongs to the family.

    Attributes:
        encoder: Model from `x`, `(batch, ...)`, to features, `(batch, features)`; or to a map of them,
            `(batch, rows, columns, features)`, for a code that is a map.
        decoder: Model from codes, `(batch, latent_dim)`, to `(batch, ...)`. Its last axis is `outputs` times
            as long as that of `x`, for a loss that needs `outputs` numbers per feature.
    """

    encoder: keras.Model
    decoder: keras.Model


@dataclasses.dataclass(frozen=True)
class Style:
    """Settings that all hidden layers of a network share.

    Args:
        activation: Activation of the hidden layers, a name in `keras.activations`.
        normalization: Normalisation between each hidden layer and its activation, or `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
        kernel_initializer: Initialiser of every kernel, a name or config of `keras.initializers`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. That of the code is among
            them: the layer of the code belongs to the family, which takes the regulariser from here.
        l2: Weight of the sum of the squares of all kernels in the loss, likewise.
        dtype: Precision of the hidden layers.

    Raises:
        ValueError: If a number is out of range or a name is unknown.
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
        """Activation inside a layer; `None` if a normalisation stands between layer and activation."""
        return None if self.normalization else self.activation

    def kernel(self) -> dict[str, Any]:
        """Return the arguments of a layer with a kernel.

        Each layer gets new objects, because a shared initialiser draws the same numbers twice.
        """
        return {"kernel_initializer": keras.initializers.get(self.kernel_initializer), **self.tied()}

    def branch_end(self) -> dict[str, Any]:
        """Return the arguments of the last layer of a residual block, whose kernel starts at zero.

        At first a block passes on what it receives, so that depth does not multiply the numbers (Zhang,
        Dauphin and Ma 2019, ICLR, *Fixup Initialization*).
        """
        return {**self.kernel(), "kernel_initializer": keras.initializers.Zeros()}

    def tied(self) -> dict[str, Any]:
        """Return the arguments of a layer that uses the kernel of another one."""
        return {
            "kernel_regularizer": keras.regularizers.L1L2(self.l1, self.l2) if self.l1 or self.l2 else None
        }

    def block(self, layer: keras.layers.Layer) -> list[keras.layers.Layer]:
        """Return a layer with the activation `inner`, followed by its normalisation and dropout."""
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


def check_frequencies(value: Any) -> None:
    """Raise a ValueError unless the value is a number of frequencies, which may be 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"`frequencies` must be a non-negative integer, received {value!r}.")


def _check_known(name: str, value: Any, module: Any) -> None:
    try:
        module.get(value)
    except (ValueError, TypeError):
        known = [key for key in dir(module) if key.islower() and not key.startswith("_")]
        hint = did_you_mean(str(value), [k for k in known if k not in ("deserialize", "serialize", "get")])
        raise ValueError(f"Unknown `{name}` {value!r}; {hint}") from None
