"""Split of an encoder after its embedding, from where it is a smooth function."""

from typing import Any

import keras

from kerasae.models._code_layers import through


class EmbeddingSplit:
    """An encoder in two parts: the embedding of categories or token ids, and the layers after it.

    A category or a token id has no Jacobian. Its embedding vector has one, and no later layer reads the ids
    again. Keras does not track this object, because the layers belong to the encoder.

    Args:
        encoder: Encoder with one layer whose attribute `is_embedding` is True.
        head: Layers between the features of the encoder and the code, in order.
    """

    def __init__(self, encoder: keras.Model, head: list[keras.layers.Layer]) -> None:
        position = next(i for i, layer in enumerate(encoder.layers) if _embeds(layer))
        self._head = head
        self._rest: Any = None
        #: Layers after the embedding if they are a sequence, otherwise `None`.
        self.layers: Any = None
        if isinstance(encoder, keras.Sequential):
            self._first = encoder.layers[: position + 1]
            self.layers = [*encoder.layers[position + 1 :], *head]
        else:
            embedded = encoder.layers[position].output
            self._first = [keras.Model(encoder.inputs, embedded)]
            self._rest = keras.Model(embedded, encoder.outputs[0])

    def embed(self, x: Any) -> Any:
        """Return the floating-point embedding of `x`, `(batch, ...)`."""
        return through(self._first, x)

    def encode_from(self, embedded: Any) -> Any:
        """Return the code for the result of `embed`."""
        if self._rest is None:
            return through(self.layers, embedded)
        return through(self._head, self._rest(embedded))


def embedding_split(encoder: keras.Model, head: list[keras.layers.Layer]) -> EmbeddingSplit | None:
    """Split an encoder that has an embedding; return `None` for any other."""
    return EmbeddingSplit(encoder, head) if any(map(_embeds, encoder.layers)) else None


def _embeds(layer: keras.layers.Layer) -> bool:
    return getattr(layer, "is_embedding", False)
