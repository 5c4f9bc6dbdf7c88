"""pyramid: strided convolutions that shrink an image or a series step by step, and their mirror image."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from kerasae.arguments import check_positive_integer
from kerasae.networks._base import Network, Style


class _Layers(NamedTuple):
    """Classes of the layers for one number of spatial axes."""

    convolution: Any
    transposed: Any
    cropping: Any


_LAYERS = {
    1: _Layers(keras.layers.Conv1D, keras.layers.Conv1DTranspose, keras.layers.Cropping1D),
    2: _Layers(keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.Cropping2D),
}


def pyramid(
    shape: tuple[int, ...],
    latent_dim: int,
    outputs: int,
    *,
    filters: Sequence[int],
    kernel_size: int,
    strides: int,
    residual_blocks: int,
    style: Style,
    first: keras.layers.Layer | None = None,
    linear: bool = False,
) -> Network:
    """Return a convolutional encoder and its mirror image, for examples of one or two spatial axes.

    Args:
        shape: Shape of an example: its spatial axes, then its channels.
        latent_dim: Code size.
        outputs: Number of decoder outputs per number of an example.
        filters: Numbers of channels of the encoder's levels, from the input to the code.
        kernel_size: Length of every kernel on each spatial axis.
        strides: Factor by which each level divides the spatial axes, rounded up.
        residual_blocks: Number of residual blocks after each level.
        style: Style of the layers.
        first: Layer before the first level. Defaults to `None`.
        linear: Whether a linear map lies beside the convolutions, from the input to the features of the
            encoder, and from the code to the output. Defaults to False.

    Raises:
        ValueError: If a number is out of range.
    """
    check_positive_integer("latent_dim", latent_dim)
    check_positive_integer("kernel_size", kernel_size)
    check_positive_integer("strides", strides)
    if residual_blocks < 0:
        raise ValueError(f"`residual_blocks` must be non-negative, received {residual_blocks}.")
    for count in filters:
        check_positive_integer("filters", count)
    layers, dtype = _LAYERS[len(shape) - 1], style.dtype

    def convolution(kind: Any, channels: int, step: int = 1) -> list[keras.layers.Layer]:
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
            inner = _chain(h, convolution(layers.convolution, channels))
            last = layers.convolution(
                channels, kernel_size, padding="same", dtype=dtype, **style.branch_end()
            )
            h = keras.layers.Add(dtype=dtype)([h, last(inner)])
        return h

    x = keras.Input(shape)
    h = x if first is None else first(x)
    shapes = []
    for channels in filters:
        shapes.append(h.shape[1:-1])
        h = residual(_chain(h, convolution(layers.convolution, channels, strides)))
    features = keras.layers.Flatten(dtype=dtype)(h)
    if linear:
        straight = keras.layers.Flatten(dtype=dtype)(x if first is None else first.output)
        features = keras.layers.Concatenate(dtype=dtype)([features, straight])
    encoder = keras.Model(x, features, name="encoder")

    code = keras.Input((latent_dim,))
    widest = keras.layers.Dense(math.prod(h.shape[1:]), activation=style.inner, dtype=dtype, **style.kernel())
    h = keras.layers.Reshape(h.shape[1:], dtype=dtype)(_chain(code, style.block(widest)))
    for size, channels in zip(reversed(shapes), [*filters[-2::-1], filters[0]], strict=True):
        h = residual(h)
        h = _chain(h, convolution(layers.transposed, channels, strides))
        surplus = [(0, reached - wanted) for reached, wanted in zip(h.shape[1:-1], size, strict=True)]
        if any(end for _, end in surplus):
            # The cropping of one axis takes a pair, that of two axes takes two.
            h = layers.cropping(surplus if len(surplus) > 1 else surplus[0], dtype=dtype)(h)
    # The last layer is float32, because half precision is too coarse for a loss.
    last = layers.convolution(
        shape[-1] * outputs, kernel_size, padding="same", dtype="float32", **style.kernel()
    )
    output = last(h)
    if linear:
        straight = keras.layers.Dense(math.prod(output.shape[1:]), dtype="float32", **style.kernel())(code)
        straight = keras.layers.Reshape(output.shape[1:], dtype="float32")(straight)
        output = keras.layers.Add(dtype="float32")([output, straight])
    return Network(encoder, keras.Model(code, output, name="decoder"))


def _chain(h: Any, layers: Sequence[keras.layers.Layer]) -> Any:
    for layer in layers:
        h = layer(h)
    return h


def level_count(size: int, strides: int) -> int:
    """Return the number of levels after which a spatial axis has at most 4 numbers, at least 1."""
    count = 1
    while strides > 1 and (size := -(-size // strides)) > 4:
        count += 1
    return count
