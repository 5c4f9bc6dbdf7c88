"""Table network: embeddings of the columns, dense layers, and outputs for each column."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from kerasae.arguments import check_positive_integer
from kerasae.layers import ColumnEmbedding, PeriodicFeatures
from kerasae.networks._base import Network, Style, check_frequencies
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
    """A dense encoder of the embedded columns of a table, and its mirror image.

    Args:
        spec: Fitted spec of the table.
        latent_dim: Code size. Defaults to 8.
        outputs: Number of decoder outputs per feature, which must be 1: the spec of each column determines
            its outputs. Defaults to 1.
        depth: Number of hidden layers of the encoder and of the decoder. Defaults to 2.
        widths: Numbers of units of the encoder's hidden layers, from the input to the code, in place of
            `depth`. Defaults to `None`: they fall geometrically from 4 times the size of the embedded row,
            at least 64 and at most 512, to 4 times the code size.
        activation: Activation of the hidden layers, a name in `keras.activations`. Defaults to `"relu"`.
        normalization: Normalisation between each hidden layer and its activation, `"batch"` or `"layer"`.
            Defaults to `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
            Defaults to 0.
        frequencies: Number of frequencies. The encoder also receives the sines and cosines of each number at
            these frequencies, with which it learns detail within a standard deviation. See
            `PeriodicFeatures`. Defaults to 0.
        kernel_initializer: Initialiser of every kernel, a name or config of `keras.initializers`. Defaults
            to `"glorot_uniform"`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. Defaults to 0.
        l2: Weight of the sum of the squares of all kernels in the loss. Defaults to 0.
        dtype: Precision of the hidden layers. Code and output are always float32. Defaults to `"float32"`.

    Returns:
        `Network(encoder, decoder)`. The encoder takes `x` of shape `(batch, columns)` with NaN for missing
        entries. The decoder returns the outputs that the loss `columns` reads, `(batch, outputs)`.

    Raises:
        ValueError: If the examples are not a table, a number is out of range or a name is unknown.

    Reference: Guo and Berkhahn 2016, *Entity Embeddings of Categorical Variables*.
    """
    check_positive_integer("latent_dim", latent_dim)
    if not spec.features:
        raise ValueError(
            f"The network 'table' needs a table, received examples of kind '{spec.kind}'; use "
            "--network dense."
        )
    if outputs != 1:
        raise ValueError(
            f"The network 'table' needs the loss 'columns', received one with {outputs} numbers per feature; "
            "leave the loss out."
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
        check_positive_integer("widths", width)

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
    # The last layer is float32, because half precision is too coarse for a loss.
    decoder.add(keras.layers.Dense(total, dtype="float32", name="heads", **style.kernel()))
    return Network(encoder, decoder)
