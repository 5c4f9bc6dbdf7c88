"""TopK: keeps the k largest numbers of a code and sets the others to zero."""

from typing import Any, Literal

import keras
import tensorflow as tf
from keras import ops

from kerasae.arguments import check_positive_integer
from kerasae.keras_classes import Layer

#: What holds the numbers among which the k largest are kept.
_PARTS = {"code": "the code size", "place": "the number of channels", "channel": "the number of places"}
#: Largest product of `k` and the size of a part for which the mask is the largest of k one-hot vectors, which
#: every format of an export has. In a batch of 1,024 parts the vectors need half a gigabyte at most.
_MOST = 2**17


@keras.saving.register_keras_serializable(package="kerasae")
class TopK(Layer):
    """`h_j` if it is among the `k` largest numbers of its code, or of its part of the code, otherwise 0.

    The sparsity is exact by construction, so there is no weight to tune. The gradient flows only through
    the kept numbers. Among numbers equal to the k-th largest, the first ones are kept.

    Args:
        k: Number of entries of each code, or of each part of it, that are kept.
        by: Part of a code in which the k largest are kept: `"code"`, all of it; for a code that is a map
            `"place"`, the channels at a place, or `"channel"`, the places of a channel. Defaults to `"code"`.
        channels: Number of channels of a code that is a map, which lie beside each other. Defaults to `None`,
            for a code that is no map.

    Call arguments:
        inputs: Codes of shape `(batch, latent_dim)`.

    Returns:
        A tensor of the same shape with at most `k` nonzero numbers per example.

    Raises:
        ValueError: If `k` is not positive or exceeds the size of a part, `by` is unknown, or it names a part
            of a map and there is none.

    Example:
        >>> from kerasae.layers import TopK
        >>> TopK(2)(ops.array([[3.0, 1.0, 2.0]])).numpy().tolist()
        [[3.0, 0.0, 2.0]]

    Reference: Makhzani and Frey 2013, *k-Sparse Autoencoders*, section 2.1; Makhzani and Frey 2015,
    *Winner-Take-All Autoencoders*, NIPS, section 3 (the largest in each channel of a map).
    """

    def __init__(
        self,
        k: int,
        *,
        by: Literal["code", "place", "channel"] = "code",
        channels: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_positive_integer("k", k)
        if by not in _PARTS:
            raise ValueError(f"`by` must be one of {', '.join(_PARTS)}, received {by!r}.")
        if by != "code" and channels is None:
            raise ValueError(
                f"Expected a code that is a map for the k largest by {by}, received one that is a vector; "
                "use --network spatial, or leave it out."
            )
        self.k, self.by, self.channels = k, by, channels

    @property
    def is_local(self) -> bool:
        """Whether what is kept at a place does not depend on other places."""
        return self.by == "place"

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        if self.channels is not None and self.by != "code":
            size = self.channels if self.by == "place" else size // self.channels
        if self.k > size:
            raise ValueError(f"`k` must not exceed {_PARTS[self.by]} {size}, received {self.k}.")
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        if self.by == "code" or self.channels is None:
            return self._largest(inputs)
        places = ops.reshape(inputs, (-1, inputs.shape[-1] // self.channels, self.channels))
        if self.by == "place":
            return ops.reshape(self._largest(places), (-1, inputs.shape[-1]))
        channels = self._largest(ops.transpose(places, (0, 2, 1)))
        return ops.reshape(ops.transpose(channels, (0, 2, 1)), (-1, inputs.shape[-1]))

    def at_places(self, code_map: Any) -> Any:
        """Keep the k largest channels at each place of a map, `(batch, rows, columns, channels)`."""
        return self._largest(code_map)

    def _largest(self, parts: Any) -> Any:
        """Return `(..., size)` with only the k largest numbers of the last axis."""
        _, kept = ops.top_k(parts, self.k, sorted=False)
        if self.k * parts.shape[-1] > _MOST and not isinstance(parts, keras.KerasTensor):
            return parts * _mask(parts, kept)
        mask = ops.max(ops.one_hot(kept, parts.shape[-1], dtype=parts.dtype), axis=-2)
        return parts * mask

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k, "by": self.by, "channels": self.channels}


def _mask(parts: Any, kept: Any) -> Any:
    """Return 1 at the kept indices of the last axis and 0 elsewhere, in the memory of `parts`."""
    rows = tf.reshape(kept, (-1, kept.shape[-1]))
    numbers = tf.repeat(tf.range(tf.shape(rows)[0]), kept.shape[-1])
    places = tf.stack([numbers, tf.reshape(rows, (-1,))], axis=1)
    ones = tf.ones(tf.shape(numbers), parts.dtype)
    mask = tf.scatter_nd(places, ones, (tf.shape(rows)[0], parts.shape[-1]))
    return tf.reshape(mask, tf.shape(parts))
