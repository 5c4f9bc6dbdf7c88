"""Convolutional network over time, which shrinks a window step by step towards the code."""

from collections.abc import Sequence
from typing import Any, Literal

from kerasae.arguments import check_positive_integer
from kerasae.networks._base import Network, Style
from kerasae.networks._gaps import gap_marks
from kerasae.networks._pyramid import level_count, pyramid
from kerasae.spec import Spec


def series(
    spec: Spec,
    latent_dim: int = 8,
    *,
    outputs: int = 1,
    filters: Sequence[int] | None = None,
    kernel_size: int = 5,
    strides: int = 2,
    residual_blocks: int = 0,
    linear: bool = True,
    marks: bool | None = None,
    activation: str = "relu",
    normalization: Literal["batch", "layer"] | None = None,
    dropout: float = 0.0,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """Strided convolutions over the steps of a window and their mirror image.

    Each level of the encoder divides the number of steps by `strides`, rounded up. The decoder passes through
    the same lengths in reverse order. A missing reading enters as 0, the mean of its channel. All operations
    convert to built-in TFLite operations.

    Args:
        spec: Spec of windows of shape `(steps, channels)`.
        latent_dim: Code size. Defaults to 8.
        outputs: Number of decoder outputs per reading, which the loss determines. Defaults to 1.
        filters: Numbers of channels of the encoder's levels, from the input to the code. Defaults to `None`:
            16 channels, doubled at each level up to 64, until at most 4 steps are left.
        kernel_size: Number of steps of every kernel. Defaults to 5.
        strides: Factor by which each level divides the number of steps. Defaults to 2.
        residual_blocks: Number of residual blocks after each level. A block is a pair of convolutions with a
            shortcut around them (He et al. 2016, CVPR), whose last kernel starts at zero. Defaults to 0.
        linear: Whether a linear map lies beside the convolutions, in the encoder and in the decoder. The
            convolutions then learn what PCA of windows cannot. Defaults to True.
        marks: Whether the encoder is told which readings are missing. Defaults to `None`: it is told for the
            channels that have missing readings in the training split. Use True with a corruption that makes
            readings missing.
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
        `Network(encoder, decoder)`. The encoder takes `x` of shape `(batch, steps, channels)` with NaN for
        missing readings.

    Raises:
        ValueError: If the examples are not series, a number is out of range or a name is unknown.

    Reference: Yin, Zhang, Wang and Xiong 2022, *IEEE Transactions on Systems, Man, and Cybernetics: Systems*
    52(1), for convolutional autoencoders of windows.
    """
    if not spec.channels:
        raise ValueError(
            "The network 'series' needs windows of readings, received examples of kind "
            f"'{spec.kind}'; leave --network out."
        )
    check_positive_integer("strides", strides)
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    if filters is None:
        filters = [min(16 * 2**level, 64) for level in range(level_count(spec.shape[0], strides))]
    return pyramid(
        spec.shape,
        latent_dim,
        outputs,
        filters=list(filters),
        kernel_size=kernel_size,
        strides=strides,
        residual_blocks=residual_blocks,
        style=style,
        first=gap_marks(spec, marks),
        linear=linear,
    )
