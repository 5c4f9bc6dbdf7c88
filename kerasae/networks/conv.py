"""Convolutional network, which shrinks an image step by step towards the code."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.arguments import check_positive_integer
from kerasae.networks._base import Network, Style
from kerasae.spec import Spec


def conv(
    spec: Spec,
    latent_dim: int = 8,
    *,
    outputs: int = 1,
    filters: Sequence[int] | None = None,
    kernel_size: int = 3,
    strides: int = 2,
    residual_blocks: int = 0,
    activation: str = "relu",
    normalization: Literal["batch", "layer"] | None = None,
    dropout: float = 0.0,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """A convolutional encoder and its mirror image, for images of any height, width and channels.

    Each level of the encoder divides height and width by `strides`, rounded up. The decoder passes through
    the same shapes in reverse order: a transposed convolution multiplies height and width, and a cropping
    removes what the rounding added. An image of 27 x 1 comes back as 27 x 1. All operations convert to
    built-in TFLite operations.

    Args:
        spec: Spec of images of shape `(height, width, channels)`.
        latent_dim: Code size. Defaults to 8.
        outputs: Number of decoder outputs per pixel and channel, which the loss determines. Defaults to 1.
        filters: Numbers of channels of the encoder's levels, from the input to the code. Defaults to `None`:
            32 channels, doubled at each level up to 256, until neither height nor width exceeds 4.
        kernel_size: Height and width of every kernel. Defaults to 3.
        strides: Factor by which each level divides height and width. Defaults to 2.
        residual_blocks: Number of residual blocks after each level. A block is a pair of convolutions with a
            shortcut around them (He et al. 2016, CVPR). Defaults to 0.
        activation: Activation of the hidden layers, a name in `keras.activations`. Defaults to `"relu"`.
        normalization: Normalisation between each hidden layer and its activation, `"batch"` or `"layer"`,
            where `"layer"` normalises over channels. Defaults to `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
            Defaults to 0.
        kernel_initializer: Initialiser of every kernel, a name or config of `keras.initializers`. Defaults
            to `"glorot_uniform"`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. Defaults to 0.
        l2: Weight of the sum of the squares of all kernels in the loss. Defaults to 0.
        dtype: Precision of the hidden layers. Code and output are always float32. Defaults to `"float32"`.

    Returns:
        `Network(encoder, decoder)`.

    Raises:
        ValueError: If the examples are not images, a number is out of range or a name is unknown.

    Reference: Masci, Meier, Ciresan, Schmidhuber 2011, ICANN.
    """
    check_positive_integer("latent_dim", latent_dim)
    if len(spec.shape) != 3:
        raise ValueError(
            "The network 'conv' needs images of shape (height, width, channels), received examples of "
            f"shape {spec.shape}; use --network {spec.kind if spec.columns or spec.vocabulary else 'dense'}."
        )
    check_positive_integer("kernel_size", kernel_size)
    check_positive_integer("strides", strides)
    if residual_blocks < 0:
        raise ValueError(f"`residual_blocks` must be non-negative, received {residual_blocks}.")
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    levels = _default_filters(spec, strides) if filters is None else list(filters)
    for count in levels:
        check_positive_integer("filters", count)

    def convolution(kind: type[keras.layers.Layer], channels: int, step: int = 1) -> list[keras.layers.Layer]:
        layer = kind(
            channels,
            kernel_size,
            strides=step,
            padding="same",
            activation=style.inner,
            dtype=dtype,
            **style.kernel(),
        )
        return style.block(layer)

    def residual(h: Any) -> Any:
        for _ in range(residual_blocks):
            channels = h.shape[-1]
            inner = _chain(h, convolution(keras.layers.Conv2D, channels))
            last = keras.layers.Conv2D(channels, kernel_size, padding="same", dtype=dtype, **style.kernel())
            h = keras.layers.Add(dtype=dtype)([h, last(inner)])
        return h

    x = keras.Input(spec.shape)
    shapes, h = [], x
    for channels in levels:
        shapes.append(h.shape[1:3])
        h = residual(_chain(h, convolution(keras.layers.Conv2D, channels, strides)))
    encoder = keras.Model(x, keras.layers.Flatten(dtype=dtype)(h), name="encoder")

    code = keras.Input((latent_dim,))
    widest = keras.layers.Dense(math.prod(h.shape[1:]), activation=style.inner, dtype=dtype, **style.kernel())
    h = keras.layers.Reshape(h.shape[1:], dtype=dtype)(_chain(code, style.block(widest)))
    for shape, channels in zip(reversed(shapes), [*levels[-2::-1], levels[0]], strict=True):
        h = residual(h)
        h = _chain(h, convolution(keras.layers.Conv2DTranspose, channels, strides))
        surplus = [(0, size - wanted) for size, wanted in zip(h.shape[1:3], shape, strict=True)]
        if surplus != [(0, 0), (0, 0)]:
            h = keras.layers.Cropping2D(surplus, dtype=dtype)(h)
    # The last layer is float32, because half precision is too coarse for a loss.
    pixels = keras.layers.Conv2D(
        spec.shape[-1] * outputs, kernel_size, padding="same", dtype="float32", **style.kernel()
    )
    return Network(encoder, keras.Model(code, pixels(h), name="decoder"))


def _chain(h: Any, layers: Sequence[keras.layers.Layer]) -> Any:
    for layer in layers:
        h = layer(h)
    return h


def _default_filters(spec: Spec, strides: int) -> list[int]:
    size, count = max(spec.shape[:2]), 1
    while strides > 1 and (size := -(-size // strides)) > 4:
        count += 1
    return [min(32 * 2**level, 256) for level in range(count)]
