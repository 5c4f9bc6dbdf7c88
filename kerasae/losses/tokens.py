"""The likelihood of a text, token by token."""

from typing import Any

import keras
from keras import ops

from kerasae.losses._base import ReconstructionLoss, greatest


@keras.saving.register_keras_serializable(package="kerasae")
class Tokens(ReconstructionLoss):
    """`-sum_t log p(x_t)` over the tokens of a text with its end, in nats per text; padding adds nothing.

    The decoder gives a logit for each entry of the vocabulary at each position.
    """

    kinds = ("text",)
    unit = "nats"
    error_unit = "nats per token"

    def __init__(self, *, name: str | None = "tokens", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...]:
        return (*x_shape, None)

    def mean(self, params: Any) -> Any:
        """The likeliest ids, `(batch, length)`, int32."""
        return greatest(params)

    def per_feature(self, x: Any, params: Any) -> Any:
        """`-log p(x_t)`, `(batch, length)`, in nats; 0 for padding."""
        ids = ops.cast(x, "int32")
        nll = keras.losses.sparse_categorical_crossentropy(ids, params, from_logits=True)
        return nll * ops.cast(ops.not_equal(ids, 0), nll.dtype)

    def residual(self, x: Any, params: Any) -> Any:
        """The deviance residual of each token, `sqrt(-2 log p)`; 0 for padding."""
        return ops.sqrt(ops.maximum(2.0 * self.per_feature(x, params), 0.0))

    def error(self, x: Any, params: Any) -> Any:
        """`-log p` of each text over its tokens, `(batch,)`, in nats per token."""
        # Without a logarithm of probabilities, which ONNX rounds to 0: minus infinity, and times 0 NaN.
        ids = ops.cast(x, "int32")
        chosen = ops.take_along_axis(params, ids[..., None], axis=-1)[..., 0]
        there = ops.cast(ops.not_equal(ids, 0), params.dtype)
        nll = ops.sum((ops.logsumexp(params, axis=-1) - chosen) * there, axis=-1)
        return nll / ops.maximum(ops.sum(there, axis=-1), 1.0)
