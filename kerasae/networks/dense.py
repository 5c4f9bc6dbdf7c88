"""Dense network, whose layers become narrower towards the code."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.arguments import check_positive_integer
from kerasae.layers import PeriodicFeatures, TransposedDense
from kerasae.networks._base import Network, Style, check_frequencies
from kerasae.networks._gaps import gap_marks
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
    frequencies: int = 0,
    marks: bool | None = None,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """A dense encoder and its mirror image.

    Args:
        spec: Spec of images, vectors or series.
        latent_dim: Code size. Defaults to 8.
        outputs: Number of decoder outputs per feature, which the loss determines. Defaults to 1.
        depth: Number of hidden layers of the encoder and of the decoder; 0 gives a linear autoencoder.
            Defaults to 2.
        widths: Numbers of units of the encoder's hidden layers, from the input to the code, in place of
            `depth`. Defaults to `None`: they fall geometrically from 4 times the input size, at most 512, to
            4 times the code size.
        activation: Activation of the hidden layers, a name in `keras.activations`. Defaults to `"relu"`.
        normalization: Normalisation between each hidden layer and its activation, `"batch"` or `"layer"`.
            Defaults to `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
            Defaults to 0.
        tied: Whether the decoder uses the transposed kernels of the encoder. Defaults to False.
        frequencies: Number of frequencies. The encoder also receives the sines and cosines of each number at
            these frequencies, with which it learns detail within a standard deviation. See
            `PeriodicFeatures`. Defaults to 0.
        marks: Whether the encoder is told which readings of a series are missing. Defaults to `None`: it is
            told for the channels that have missing readings in the training split.
        kernel_initializer: Initialiser of every kernel, a name or config of `keras.initializers`. Defaults
            to `"glorot_uniform"`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. Defaults to 0.
        l2: Weight of the sum of the squares of all kernels in the loss. Defaults to 0.
        dtype: Precision of the hidden layers. Code and output are always float32. Defaults to `"float32"`.

    Returns:
        `Network(encoder, decoder)`.

    Raises:
        ValueError: If a number is out of range or a name is unknown.
    """
    check_positive_integer("latent_dim", latent_dim)
    if spec.columns or spec.vocabulary:
        raise ValueError(
            f"The network 'dense' needs arrays of numbers, received examples of kind '{spec.kind}'; use "
            f"--network {spec.kind}."
        )
    if depth < 0:
        raise ValueError(f"`depth` must be non-negative, received {depth}.")
    if tied and outputs != 1:
        raise ValueError(f"`tied` needs a loss with one number per feature, received {outputs}.")
    check_frequencies(frequencies)
    if tied and frequencies:
        raise ValueError(
            f"`tied` needs an encoder of only dense layers, received `frequencies` {frequencies}; leave "
            "one of them out."
        )
    first = [gap_marks(spec, marks)] if spec.channels else []
    if tied and first and first[0].marked:
        raise ValueError(
            "`tied` needs an encoder of only dense layers, received a series with missing readings, which "
            "are marked; add --set network.marks=false, or leave `tied` out."
        )
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    hidden = falling_widths(spec.size, latent_dim, depth) if widths is None else list(widths)
    for width in hidden:
        check_positive_integer("widths", width)

    def layer(width: int) -> keras.layers.Layer:
        return keras.layers.Dense(width, activation=style.inner, dtype=dtype, **style.kernel())

    encoder = keras.Sequential([keras.Input(spec.shape), *first, keras.layers.Flatten()], name="encoder")
    if frequencies:
        encoder.add(PeriodicFeatures(frequencies, dtype="float32"))
    for width in hidden:
        for part in style.block(layer(width)):
            encoder.add(part)
    decoder = keras.Sequential([keras.Input((latent_dim,))], name="decoder")
    for width in reversed(hidden):
        mirrored = TransposedDense(width, style.inner, dtype=dtype, **style.tied()) if tied else layer(width)
        for part in style.block(mirrored):
            decoder.add(part)
    # The last layer is float32, because half precision is too coarse for a loss.
    decoder.add(
        TransposedDense(spec.size, dtype="float32", **style.tied())
        if tied
        else keras.layers.Dense(spec.size * outputs, dtype="float32", **style.kernel())
    )
    decoder.add(keras.layers.Reshape((*spec.shape[:-1], spec.shape[-1] * outputs), dtype="float32"))
    return Network(encoder, decoder)


def falling_widths(size: int, latent_dim: int, depth: int) -> list[int]:
    """Return `depth` widths that fall geometrically from 4 times the input to 4 times the code size."""
    widest = max(min(4 * size, 512), latent_dim)
    narrowest = min(max(4 * latent_dim, 16), widest)
    if depth == 1:
        return [widest]
    ratios = [position / (depth - 1) for position in range(depth)] if depth else []
    return [round(math.exp((1 - r) * math.log(widest) + r * math.log(narrowest))) for r in ratios]
