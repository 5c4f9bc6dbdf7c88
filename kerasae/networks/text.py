"""Token ids through convolutions or attention to a code, and all tokens at once from a code."""

from typing import Any, Literal

import keras

from kerasae.layers import PaddingMask, TokenEmbedding, TransposedDense, is_token
from kerasae.networks._base import Network, Style, check_positive
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

    Tokens and positions are embedded, mixed by residual blocks, and the whole sequence, padding set
    to 0, goes through a dense layer to the code. The decoder gives the logits of all positions at
    once, tied to the table of the embedding, and sees the code alone: no token of the text is fed to
    it (no teacher forcing), so nothing lets it do without the code. All operations convert to
    TFLite's own.

    Args:
        spec: of the text, fitted: its length and vocabulary.
        latent_dim: size of the code.
        outputs: 1; the vocabulary says how many numbers a token needs.
        mixing: `"conv"`, pairs of convolutions, or `"transformer"`, self-attention and a dense pair.
        embedding_dim: numbers per token inside.
        hidden: units of the dense layer between the sequence and the code on each side; 0 for none.
        blocks: residual blocks on each side, 0 for none.
        kernel_size: tokens that a convolution spans.
        heads: of the attention; they must divide `embedding_dim`.
        activation: of the hidden layers, a name in `keras.activations`.
        normalization: behind each hidden layer, before its activation.
        dropout: share of each hidden layer's units set to zero in training, in [0, 1).
        kernel_initializer: of every kernel, a name or config of `keras.initializers`.
        l1: weight of the sum of absolute kernel entries.
        l2: weight of the sum of squared kernel entries.
        dtype: precision of the hidden layers; code and output stay in float32.

    Returns:
        `Network(encoder, decoder)`: from ids `(batch, length)`, and to logits
        `(batch, length, vocabulary)`.

    Raises:
        ValueError: for examples that are no text, a number out of range or an unknown name.

    Reference: Zhang et al. 2017, NeurIPS, for a decoder without teacher forcing; Vaswani et al.
    2017, NeurIPS, for the attention; Press and Wolf 2017, EACL, for tied logits.
    """
    check_positive("latent_dim", latent_dim)
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
            f"The network 'text' needs the loss 'tokens', received one with {outputs} numbers per feature."
        )
    if mixing not in ("conv", "transformer"):
        raise ValueError(f"`mixing` must be 'conv' or 'transformer', received {mixing!r}.")
    for name, value in (("embedding_dim", embedding_dim), ("kernel_size", kernel_size), ("heads", heads)):
        check_positive(name, value)
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
        """Two convolutions with a shortcut around them; of span 1, a dense pair for each token."""

        def conv(inner: str | None) -> keras.layers.Layer:
            return keras.layers.Conv1D(
                embedding_dim, span, padding="same", activation=inner, dtype=dtype, **style.kernel()
            )

        return keras.layers.Add(dtype=dtype)([h, chain(h, [*style.block(conv(style.inner)), conv(None)])])

    def attend(h: Any, embedded: Any) -> Any:
        layer = keras.layers.MultiHeadAttention(heads, embedding_dim // heads, dtype=dtype)
        if embedded is None:
            # No normalisation in the decoder: it would undo the scale of a code that a penalty binds.
            return keras.layers.Add(dtype=dtype)([h, layer(h, h)])
        seen = is_token(embedded)[:, None, :]
        calm = keras.layers.LayerNormalization(dtype=dtype)(h)
        return keras.layers.Add(dtype=dtype)([h, layer(calm, calm, attention_mask=seen)])

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
    # float32 at the end: half precision is too coarse for a loss.
    logits = TransposedDense(size, dtype="float32", name="logits")(h)
    return Network(encoder, keras.Model(code, logits, name="decoder"))
