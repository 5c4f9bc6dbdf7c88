"""Convolutional network, which shrinks an image step by step towards the code."""

from collections.abc import Sequence
from typing import Any, Literal

from kerasae.arguments import check_positive_integer
from kerasae.networks._base import Network, Style
from kerasae.networks._pyramid import level_count, pyramid
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
            shortcut around them (He et al. 2016, CVPR), whose last kernel starts at zero. Defaults to 0.
        activation: Activation of the hidden layers, a name in `keras.activations`. Defaults to `"relu"`.
        normalization: Normalisation between each hidden layer and its activation, `"batch"` or `"layer"`,
            where `"layer"` normalises over channels. Defaults to `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
            Defaults to 0.
        kernel_initializer: Initialiser of every kernel but the last one of a residual block, a name or config
            of `keras.initializers`. Defaults to `"glorot_uniform"`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. Defaults to 0.
        l2: Weight of the sum of the squares of all kernels in the loss. Defaults to 0.
        dtype: Precision of the hidden layers. Code and output are always float32. Defaults to `"float32"`.

    Returns:
        `Network(encoder, decoder)`.

    Raises:
        ValueError: If the examples are not images, a number is out of range or a name is unknown.

    Reference: Masci, Meier, Ciresan, Schmidhuber 2011, ICANN.
    """
    if len(spec.shape) != 3:
        is_array = not (spec.columns or spec.vocabulary or spec.channels)
        raise ValueError(
            "The network 'conv' needs images of shape (height, width, channels), received examples of "
            f"shape {spec.shape}; use --network {'dense' if is_array else spec.kind}."
        )
    check_positive_integer("strides", strides)
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    if filters is None:
        filters = [min(32 * 2**level, 256) for level in range(level_count(max(spec.shape[:2]), strides))]
    return pyramid(
        spec.shape,
        latent_dim,
        outputs,
        filters=list(filters),
        kernel_size=kernel_size,
        strides=strides,
        residual_blocks=residual_blocks,
        style=style,
    )
