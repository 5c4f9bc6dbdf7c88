"""Embedded columns, dense layers, and a head for each column."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.layers import ColumnEmbedding, PeriodicFeatures
from kerasae.networks._base import Network, Style, check_frequencies, check_positive
from kerasae.networks.dense import falling_widths
from kerasae.spec import Spec


def table(
    spec: Spec,
    latent_dim: int = 8,
    *,
    outputs: int = 1,
    depth: int = 2,
    widths: Sequence[int] | None = None,
    activation: str = "relu",
    normalization: Literal["batch", "layer"] | None = None,
    dropout: float = 0.0,
    frequencies: int = 0,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """A dense encoder over the columns of a table, each with its embedding, and its mirror image.

    Args:
        spec: of the table, fitted.
        latent_dim: size of the code.
        outputs: 1; the columns say how many numbers each needs.
        depth: hidden layers on each side, 0 for none.
        widths: units of the encoder's hidden layers, from the input to the code, in place of
            `depth`; the default falls geometrically from 4 times the embedded row (at least 64, at
            most 512) to 4 times the code.
        activation: of the hidden layers, a name in `keras.activations`.
        normalization: behind each hidden layer, before its activation.
        dropout: share of each hidden layer's units set to zero in training, in [0, 1).
        frequencies: at which the encoder sees sines and cosines of each number beside it, so that it
            learns detail within a standard deviation; 0 for none. See `PeriodicFeatures`.
        kernel_initializer: of every kernel, a name or config of `keras.initializers`.
        l1: weight of the sum of absolute kernel entries.
        l2: weight of the sum of squared kernel entries.
        dtype: precision of the hidden layers; code and output stay in float32.

    Returns:
        `Network(encoder, decoder)`: from `x`, `(batch, columns)` with NaN for missing entries, and to
        the numbers that the loss `columns` reads, `(batch, outputs)`.

    Raises:
        ValueError: for examples that are no table, a number out of range or an unknown name.

    Reference: Guo and Berkhahn 2016, *Entity Embeddings of Categorical Variables*.
    """
    check_positive("latent_dim", latent_dim)
    if not spec.features:
        raise ValueError(
            f"The network 'table' needs a table, received examples of kind '{spec.kind}'; use "
            "--network dense."
        )
    if outputs != 1:
        raise ValueError(
            f"The network 'table' needs the loss 'columns', received one with {outputs} numbers per feature."
        )
    if depth < 0:
        raise ValueError(f"`depth` must be non-negative, received {depth}.")
    check_frequencies(frequencies)
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    counts = [column.width if column.kind == "category" else 0 for column in spec.features]
    untaught = [number for number, column in enumerate(spec.features) if column.unseen]
    embedding = ColumnEmbedding(
        counts,
        untaught=untaught,
        stand_ins=[column.stand_in for column in spec.features],
        dtype="float32",
        name="embedding",
    )
    size = embedding.compute_output_shape((None, len(counts)))[-1]
    hidden = falling_widths(max(size, 16), latent_dim, depth) if widths is None else list(widths)
    for width in hidden:
        check_positive("widths", width)

    def layer(width: int) -> keras.layers.Layer:
        return keras.layers.Dense(width, activation=style.inner, dtype=dtype, **style.kernel())

    encoder = keras.Sequential([keras.Input(spec.shape), embedding], name="encoder")
    numbers = counts.count(0)
    if frequencies and numbers:
        encoder.add(PeriodicFeatures(frequencies, first=numbers, dtype="float32"))
    decoder = keras.Sequential([keras.Input((latent_dim,))], name="decoder")
    for model, order in ((encoder, hidden), (decoder, hidden[::-1])):
        for width in order:
            for part in style.block(layer(width)):
                model.add(part)
    total = sum(column.width for column in spec.features)
    # float32 at the end: half precision is too coarse for a loss.
    decoder.add(keras.layers.Dense(total, dtype="float32", name="heads", **style.kernel()))
    return Network(encoder, decoder)
