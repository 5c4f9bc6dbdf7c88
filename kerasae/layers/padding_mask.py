"""PaddingMask: sets the vectors of padding tokens to 0."""

from typing import Any

import keras
from keras import ops

from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class PaddingMask(Layer):
    """Sets the vectors of padding tokens to 0.

    The embedding of a padding token is 0. The layer reads the mask from the embedding and not from the
    token ids, so that everything after the embedding is a function of the embedding alone.

    Call arguments:
        inputs: Pair of the vectors and the embedding, each of shape `(batch, length, dim)`.

    Returns:
        A tensor of shape `(batch, length, dim)`.
    """

    def build(self, input_shape: Any) -> None:
        self._shapes = input_shape
        super().build(input_shape)

    def plain(self) -> keras.Model:
        """Return an equivalent model made only of Keras's layers."""
        inputs = [keras.Input(shape[1:]) for shape in self._shapes]
        return keras.Model(inputs, self.call(inputs))

    def call(self, inputs: Any) -> Any:
        vectors, embedding = inputs
        return vectors * ops.cast(is_token(embedding), vectors.dtype)[..., None]

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape[0]


def is_token(embedding: Any) -> Any:
    """Return whether each token is no padding, as booleans of shape `(batch, length)`."""
    return ops.any(ops.not_equal(embedding, 0), axis=-1)
