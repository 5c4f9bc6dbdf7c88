"""Text network: convolutions or self-attention over embedded tokens, in encoder and decoder."""

from typing import Any, Literal

import keras

from kerasae.arguments import check_positive_integer
from kerasae.layers import PaddingMask, TokenEmbedding, TransposedDense, is_token
from kerasae.networks._base import Network, Style
from kerasae.spec import Spec


def text(
    spec: Spec,
    latent_dim: int = 64,
    *,
    outputs: int = 1,
    mixing: Literal["conv", "transformer"] = "conv",
    embedding_dim: int = 64,
    hidden: int = 512,
    blocks: int = 1,
    kernel_size: int = 3,
    heads: int = 4,
    activation: str = "relu",
    normalization: Literal["batch", "layer"] | None = None,
    dropout: float = 0.0,
    kernel_initializer: str | dict[str, Any] = "glorot_uniform",
    l1: float = 0.0,
    l2: float = 0.0,
    dtype: Literal["float32", "mixed_float16", "mixed_bfloat16"] = "float32",
) -> Network:
    """A token encoder and its mirror image.

    The encoder embeds tokens and positions and mixes them with residual blocks. It sets padding to 0, and a
    dense layer reads the whole sequence. The decoder computes the logits of all positions at once, with a
    last layer that is tied to the token embedding. It receives only the code and never a token of the text
    (no teacher forcing), so it cannot ignore the code. All operations convert to built-in TFLite operations.

    Args:
        spec: Fitted spec of the texts, with their length and vocabulary.
        latent_dim: Code size. Defaults to 64.
        outputs: Number of decoder outputs per feature, which must be 1: the vocabulary determines the
            outputs of a token. Defaults to 1.
        mixing: Type of the residual blocks. `"conv"` is a pair of convolutions; `"transformer"` is
            self-attention and a pair of dense layers. Defaults to `"conv"`.
        embedding_dim: Size of the vector of a token. Defaults to 64.
        hidden: Number of units of the dense layer between sequence and code, in the encoder and in the
            decoder; 0 leaves it out. Defaults to 512.
        blocks: Number of residual blocks of the encoder and of the decoder. Defaults to 1.
        kernel_size: Number of tokens that a convolution spans. Defaults to 3.
        heads: Number of attention heads, which must divide `embedding_dim`. Defaults to 4.
        activation: Activation of the hidden layers, a name in `keras.activations`. Defaults to `"relu"`.
        normalization: Normalisation between each hidden layer and its activation, `"batch"` or `"layer"`.
            Defaults to `None`.
        dropout: Share of the units of each hidden layer that are set to zero in training, in [0, 1).
            Defaults to 0.
        kernel_initializer: Initialiser of every kernel, a name or config of `keras.initializers`. Defaults
            to `"glorot_uniform"`.
        l1: Weight of the sum of the absolute values of all kernels in the loss. Defaults to 0.
        l2: Weight of the sum of the squares of all kernels in the loss. Defaults to 0.
        dtype: Precision of the hidden layers. Code and output are always float32. Defaults to `"float32"`.

    Returns:
        `Network(encoder, decoder)`. The encoder takes token ids of shape `(batch, length)`. The decoder
        returns logits of shape `(batch, length, vocabulary)`.

    Raises:
        ValueError: If the examples are not texts, a number is out of range or a name is unknown.

    Reference: Zhang et al. 2017, NeurIPS, for a decoder without teacher forcing; Vaswani et al.
    2017, NeurIPS, for the attention; Press and Wolf 2017, EACL, for tied logits.
    """
    check_positive_integer("latent_dim", latent_dim)
    if not spec.vocabulary:
        advice = (
            "fit their preprocessing first (`data.with_preprocessor`)"
            if spec.kind == "text"
            else "use --network dense"
        )
        raise ValueError(
            "The network 'text' needs texts with a vocabulary, received examples of kind "
            f"'{spec.kind}'; {advice}."
        )
    if outputs != 1:
        raise ValueError(
            f"The network 'text' needs the loss 'tokens', received one with {outputs} numbers per feature; "
            "leave the loss out."
        )
    if mixing not in ("conv", "transformer"):
        raise ValueError(f"`mixing` must be 'conv' or 'transformer', received {mixing!r}.")
    for name, value in (("embedding_dim", embedding_dim), ("kernel_size", kernel_size), ("heads", heads)):
        check_positive_integer(name, value)
    for name, value in (("hidden", hidden), ("blocks", blocks)):
        if value < 0:
            raise ValueError(f"`{name}` must be non-negative, received {value}.")
    if mixing == "transformer" and embedding_dim % heads:
        raise ValueError(f"`heads` must divide `embedding_dim` {embedding_dim}, received {heads}.")
    style = Style(activation, normalization, dropout, kernel_initializer, l1, l2, dtype)
    length, size = spec.shape[0], len(spec.vocabulary)

    def chain(h: Any, layers: list[keras.layers.Layer]) -> Any:
        for layer in layers:
            h = layer(h)
        return h

    def pair(h: Any, span: int) -> Any:
        """Apply two convolutions with a shortcut around them; with span 1 they are dense layers."""

        def conv(inner: str | None) -> keras.layers.Layer:
            return keras.layers.Conv1D(
                embedding_dim, span, padding="same", activation=inner, dtype=dtype, **style.kernel()
            )

        return keras.layers.Add(dtype=dtype)([h, chain(h, [*style.block(conv(style.inner)), conv(None)])])

    def attend(h: Any, embedded: Any) -> Any:
        layer = keras.layers.MultiHeadAttention(heads, embedding_dim // heads, dtype=dtype, **style.kernel())
        if embedded is None:
            # The decoder has no normalisation: it would undo the scale of a code, which a penalty restricts.
            return keras.layers.Add(dtype=dtype)([h, layer(h, h)])
        mask = is_token(embedded)[:, None, :]
        normalized = keras.layers.LayerNormalization(dtype=dtype)(h)
        return keras.layers.Add(dtype=dtype)([h, layer(normalized, normalized, attention_mask=mask)])

    def mix(h: Any, embedded: Any) -> Any:
        for _ in range(blocks):
            if mixing == "transformer":
                h = attend(h, embedded)
            h = pair(h, 1 if mixing == "transformer" else kernel_size)
            if embedded is not None:
                h = PaddingMask(dtype=dtype)([h, embedded])
        return h

    def wide(h: Any) -> Any:
        return chain(
            h, style.block(keras.layers.Dense(hidden, activation=style.inner, dtype=dtype, **style.kernel()))
        )

    ids = keras.Input((length,), dtype="int32")
    embedded = TokenEmbedding(size, embedding_dim, dtype=dtype, name="embedding")(ids)
    h = mix(embedded, embedded)
    h = keras.layers.Flatten(dtype=dtype)(h)
    encoder = keras.Model(ids, wide(h) if hidden else h, name="encoder")

    code = keras.Input((latent_dim,))
    h = keras.layers.Dense(length * embedding_dim, dtype=dtype, **style.kernel())(
        wide(code) if hidden else code
    )
    h = mix(keras.layers.Reshape((length, embedding_dim), dtype=dtype)(h), None)
    # The last layer is float32, because half precision is too coarse for a loss.
    logits = TransposedDense(size, dtype="float32", name="logits")(h)
    return Network(encoder, keras.Model(code, logits, name="decoder"))
