"""Convolutions that halve an image towards the code, and their mirror image."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.networks._base import Network, Style, check_positive
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

    Each level of the encoder divides height and width by `strides`, rounding up. The decoder goes
    back through the shapes that the encoder went through: a transposed convolution multiplies, and
    what the rounding added is cropped, so an image of 27 x 1 comes back as 27 x 1. All operations
    convert to TFLite's own.

    Args:
        spec: what one example is; an image, `(height, width, channels)`.
        latent_dim: size of the code.
        outputs: numbers per pixel and channel that the loss needs.
        filters: channels of the encoder's levels, from the input to the code; the default is 32
            doubled at each level, at most 256, until neither height nor width exceeds 4.
        kernel_size: height and width of every kernel.
        strides: what each level divides height and width by; 1 for none.
        residual_blocks: pairs of convolutions with a shortcut around them, behind each level
            (He et al. 2016, CVPR).
        activation: of the hidden layers, a name in `keras.activations`.
        normalization: behind each hidden layer, before its activation; `"layer"` is over channels.
        dropout: share of each hidden layer's units set to zero in training, in [0, 1).
        kernel_initializer: of every kernel, a name or config of `keras.initializers`.
        l1: weight of the sum of absolute kernel entries.
        l2: weight of the sum of squared kernel entries.
        dtype: precision of the hidden layers; code and output stay in float32.

    Returns:
        `Network(encoder, decoder)`.

    Raises:
        ValueError: for examples that are no images, a number out of range or an unknown name.

    Reference: Masci, Meier, Ciresan, Schmidhuber 2011, ICANN.
    """
    check_positive("latent_dim", latent_dim)
    if len(spec.shape) != 3:
        raise ValueError(
            "The network 'conv' needs images of shape (height, width, channels), received examples of "
            f"shape {spec.shape}; use --network {spec.kind if spec.columns or spec.vocabulary else 'dense'}."
        )
    check_positive("kernel_size", kernel_size)
    check_positive("strides", strides)
    if residual_blocks < 0:
        raise ValueError(f"`residual_blocks` must be non-negative, received {residual_blocks}.")
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    levels = _default_filters(spec, strides) if filters is None else list(filters)
    for count in levels:
        check_positive("filters", count)

    def convolution(kind: type[keras.layers.Layer], channels: int, step: int = 1) -> list[keras.layers.Layer]:
        made = kind(
            channels,
            kernel_size,
            strides=step,
            padding="same",
            activation=style.inner,
            dtype=dtype,
            **style.kernel(),
        )
        return style.block(made)

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
    # float32 at the end: half precision is too coarse for a loss.
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
