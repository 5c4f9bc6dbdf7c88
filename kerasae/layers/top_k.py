"""TopK: keeps the k largest numbers of a code and sets the others to zero."""

from typing import Any

import keras
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.keras_classes import Layer


@keras.saving.register_keras_serializable(package="kerasae")
class TopK(Layer):
    """`h_j` if it is among the `k` largest numbers of its code, otherwise 0.

    The sparsity is exact by construction, so there is no weight to tune. The gradient flows only through
    the kept numbers. Among numbers equal to the k-th largest, the first ones are kept.

    Args:
        k: Number of entries of each code that are kept, from 1 to the code size.

    Call arguments:
        inputs: Codes of shape `(batch, latent_dim)`.

    Returns:
        A tensor of the same shape with at most `k` nonzero numbers per example.

    Raises:
        ValueError: If `k` is not positive or exceeds the code size.

    Example:
        >>> kerasae.layers.TopK(2)(ops.array([[3.0, -1.0, 2.0]]))   # [[3., 0., 2.]]

    Reference: Makhzani and Frey 2013, *k-Sparse Autoencoders*, section 2.1.
    """

    def __init__(self, k: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_positive_integer("k", k)
        self.k = k

    def build(self, input_shape: Any) -> None:
        if self.k > input_shape[-1]:
            raise ValueError(f"`k` must not exceed the code size {input_shape[-1]}, received {self.k}.")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        _, kept = ops.top_k(inputs, self.k, sorted=False)
        mask = ops.max(ops.one_hot(kept, inputs.shape[-1], dtype=inputs.dtype), axis=-2)
        return inputs * mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}
