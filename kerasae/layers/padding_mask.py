"""PaddingMask: what stands in the place of padding is 0."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasae")
class PaddingMask(keras.layers.Layer):
    """Sets vectors to 0 where the embedding is 0, which it is for padding.

    It asks the embedding and not the ids, so that all behind the embedding is a function of it.

    Call arguments:
        inputs: vectors `(batch, length, dim)`, and the embedding `(batch, length, dim)`.

    Returns:
        `(batch, length, dim)`.
    """

    def build(self, input_shape: Any) -> None:
        self._shapes = input_shape
        super().build(input_shape)

    def plain(self) -> keras.Model:
        """A model of Keras's own layers that computes the same."""
        inputs = [keras.Input(shape[1:]) for shape in self._shapes]
        return keras.Model(inputs, self.call(inputs))

    def call(self, inputs: Any) -> Any:
        vectors, embedding = inputs
        return vectors * ops.cast(is_token(embedding), vectors.dtype)[..., None]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


def is_token(embedding: Any) -> Any:
    """Where there is no padding, `(batch, length)`, boolean."""
    return ops.any(ops.not_equal(embedding, 0), axis=-1)
