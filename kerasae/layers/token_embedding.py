"""TokenEmbedding: turns token ids and their positions into vectors."""

from typing import Any

import keras
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class TokenEmbedding(Layer):
    """`table[id] + position`, and 0 for padding, which has the id 0.

    Args:
        vocabulary_size: Number of token ids.
        dim: Size of the vector of a token.

    Call arguments:
        inputs: Integer token ids of shape `(batch, length)`.

    Returns:
        A tensor of shape `(batch, length, dim)`.
    """

    #: The layers after an embedding are a smooth function of its output; see `models/_embedding.py`.
    is_embedding = True

    def __init__(self, vocabulary_size: int, dim: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.dim = dim

    def build(self, input_shape: Any) -> None:
        start = keras.initializers.RandomNormal(stddev=0.05)
        self.table = self.add_weight(shape=(self.vocabulary_size, self.dim), initializer=start, name="table")
        self.positions = self.add_weight(
            shape=(input_shape[1], self.dim), initializer=start, name="positions"
        )
        super().build(input_shape)

    @property
    def kernel(self) -> Any:
        """Table of shape `(vocabulary, dim)`, for a tied layer that computes logits."""
        return self.table

    def plain(self) -> keras.Model:
        """Return an equivalent model made only of Keras's layers, with a copy of the weights."""
        inputs = keras.Input((self.positions.shape[0],), dtype="int32")
        parts = [keras.layers.Embedding(rows.shape[0], self.dim) for rows in (self.table, self.positions)]
        places = ops.cumsum(ops.ones_like(inputs), axis=1) - 1
        vectors = parts[0](inputs) + parts[1](places)
        model = keras.Model(inputs, vectors * ops.cast(ops.not_equal(inputs, 0), "float32")[..., None])
        for part, rows in zip(parts, (self.table, self.positions), strict=True):
            part.set_weights([rows])
        return model

    def call(self, inputs: Any) -> Any:
        ids = ops.cast(inputs, "int32")
        vectors = ops.cast(ops.take(self.table, ids, axis=0) + self.positions, self.compute_dtype)
        return vectors * ops.cast(ops.not_equal(ids, 0), self.compute_dtype)[..., None]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.dim)

    def compute_output_spec(self, inputs: Any) -> keras.KerasTensor:
        return keras.KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size, "dim": self.dim}
