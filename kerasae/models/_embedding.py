"""Where an encoder becomes a smooth function: behind the embedding of its codes or tokens."""

from typing import Any

import keras


class EmbeddingSplit:
    """An encoder in two parts: what embeds codes or token ids, and the rest.

    A code of a category or a token id has no Jacobian; the vector that stands for it has one, and
    nothing behind it looks at the ids again. An object that Keras does not track: the layers belong
    to the encoder.

    Args:
        encoder: with one layer that says `is_embedding`.
        head: the layers between its features and the code.
    """

    def __init__(self, encoder: keras.Model, head: list[keras.layers.Layer]) -> None:
        position = next(i for i, layer in enumerate(encoder.layers) if _embeds(layer))
        self._head = head
        self._rest: Any = None
        #: The layers behind the embedding where they are a chain, otherwise `None`.
        self.layers: Any = None
        if isinstance(encoder, keras.Sequential):
            self._first = encoder.layers[: position + 1]
            self.layers = [*encoder.layers[position + 1 :], *head]
        else:
            embedded = encoder.layers[position].output
            self._first = [keras.Model(encoder.inputs, embedded)]
            self._rest = keras.Model(embedded, encoder.outputs[0])

    def embed(self, x: Any) -> Any:
        """`x` `(batch, ...)` to what its codes or tokens stand for, floating point."""
        return _through(self._first, x)

    def encode_from(self, embedded: Any) -> Any:
        """The code, from what `embed` gives."""
        if self._rest is None:
            return _through(self.layers, embedded)
        return _through(self._head, self._rest(embedded))


def _through(layers: list[Any], h: Any) -> Any:
    for layer in layers:
        h = layer(h)
    return h


def embedding_split(encoder: keras.Model, head: list[keras.layers.Layer]) -> EmbeddingSplit | None:
    """The two parts of an encoder that embeds, otherwise `None`."""
    return EmbeddingSplit(encoder, head) if any(map(_embeds, encoder.layers)) else None


def _embeds(layer: keras.layers.Layer) -> bool:
    return getattr(layer, "is_embedding", False)
