"""Fully connected layers whose widths fall towards the code."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.layers import TransposedDense
from kerasae.networks._base import Network
from kerasae.registry import did_you_mean
from kerasae.spec import Spec


def dense(
    spec: Spec,
    latent_dim: int = 8,
    *,
    outputs: int = 1,
    depth: int = 2,
    widths: Sequence[int] | None = None,
    activation: str = "relu",
    normalization: Literal["batch", "layer"] | None = None,
    dropout: float = 0.0,
    tied: bool = False,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """A dense encoder and its mirror image.

    Args:
        spec: what one example is.
        latent_dim: size of the code.
        outputs: numbers per feature that the loss needs.
        depth: hidden layers on each side, 0 for a linear autoencoder.
        widths: units of the encoder's hidden layers, from the input to the code, in place of
            `depth`; the default falls geometrically from 4 times the input (at most 512) to 4 times
            the code.
        activation: of the hidden layers, a name in `keras.activations`.
        normalization: behind each hidden layer, before its activation.
        dropout: share of each hidden layer's units set to zero in training, in [0, 1).
        tied: whether the decoder borrows the encoder's transposed kernels.
        kernel_initializer: of every kernel, a name or config of `keras.initializers`.
        l1: weight of the sum of absolute kernel entries.
        l2: weight of the sum of squared kernel entries.
        dtype: precision of the hidden layers; code and output stay in float32.

    Returns:
        `Network(encoder, decoder)`.

    Raises:
        ValueError: for a number out of range or an unknown name.
    """
    _check_positive("latent_dim", latent_dim)
    if depth < 0:
        raise ValueError(f"`depth` must be non-negative, received {depth}.")
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be in [0, 1), received {dropout}.")
    if l1 < 0 or l2 < 0:
        raise ValueError(f"`l1` and `l2` must be non-negative, received {l1} and {l2}.")
    if tied and outputs != 1:
        raise ValueError(f"`tied` needs a loss with one number per feature, received {outputs}.")
    _check_known("activation", activation, keras.activations.get)
    _check_known("kernel_initializer", kernel_initializer, keras.initializers.get)
    hidden = falling_widths(spec.size, latent_dim, depth) if widths is None else list(widths)
    for width in hidden:
        _check_positive("widths", width)

    def kernel_arguments() -> dict[str, Any]:
        # Objects are made anew for each layer: an initialiser that is shared draws the same twice.
        return {
            "kernel_initializer": keras.initializers.get(kernel_initializer),
            "kernel_regularizer": keras.regularizers.L1L2(l1, l2) if l1 or l2 else None,
        }

    def block(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
        layers = [layer]
        if normalization == "batch":
            layers.append(keras.layers.BatchNormalization(dtype=dtype))
        elif normalization == "layer":
            layers.append(keras.layers.LayerNormalization(dtype=dtype))
        if normalization:
            layers.append(keras.layers.Activation(activation, dtype=dtype))
        if dropout:
            layers.append(keras.layers.Dropout(dropout, dtype=dtype))
        return layers

    inner = None if normalization else activation
    encoder = keras.Sequential([keras.Input(spec.shape), keras.layers.Flatten()], name="encoder")
    for width in hidden:
        for layer in block(keras.layers.Dense(width, activation=inner, dtype=dtype, **kernel_arguments())):
            encoder.add(layer)
    decoder = keras.Sequential([keras.Input((latent_dim,))], name="decoder")
    for width in reversed(hidden):
        made = (
            TransposedDense(width, activation=inner, dtype=dtype)
            if tied
            else keras.layers.Dense(width, activation=inner, dtype=dtype, **kernel_arguments())
        )
        for layer in block(made):
            decoder.add(layer)
    # float32 at the end: half precision is too coarse for a loss.
    decoder.add(
        TransposedDense(spec.size, dtype="float32")
        if tied
        else keras.layers.Dense(spec.size * outputs, dtype="float32", **kernel_arguments())
    )
    decoder.add(keras.layers.Reshape((*spec.shape[:-1], spec.shape[-1] * outputs), dtype="float32"))
    return Network(encoder, decoder)


def falling_widths(size: int, latent_dim: int, depth: int) -> list[int]:
    """`depth` widths that fall geometrically from the wide end to the code."""
    widest = max(min(4 * size, 512), latent_dim)
    narrowest = min(max(4 * latent_dim, 16), widest)
    if depth == 1:
        return [widest]
    ratios = [position / (depth - 1) for position in range(depth)] if depth else []
    return [round(math.exp((1 - r) * math.log(widest) + r * math.log(narrowest))) for r in ratios]


def _check_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"`{name}` must be a positive integer, received {value!r}.")


def _check_known(name: str, value: Any, getter: Any) -> None:
    try:
        getter(value)
    except (ValueError, TypeError):
        module = keras.activations if name == "activation" else keras.initializers
        known = [key for key in dir(module) if key.islower() and not key.startswith("_")]
        hint = did_you_mean(str(value), [k for k in known if k not in ("deserialize", "serialize", "get")])
        raise ValueError(f"Unknown `{name}` {value!r}; {hint}") from None
