"""The likelihood of a text, a sum over its tokens."""

from typing import Any

import keras
from keras import ops

from kerasae.losses._base import ReconstructionLoss, greatest


@keras.saving.register_keras_serializable(package="kerasae")
class Tokens(ReconstructionLoss):
    """`-sum_t log p(x_t)` over the tokens of a text, in nats per text.

    The token that ends the text counts; padding adds nothing. The decoder has one logit for each entry of
    the vocabulary at each position.
    """

    kinds = ("text",)
    unit = "nats"
    error_unit = "nats per token"

    def __init__(self, *, name: str | None = "tokens", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...]:
        return (*x_shape, None)

    def mean(self, params: Any) -> Any:
        """Return the most likely token ids, `(batch, length)`, int32."""
        return greatest(params)

    def per_feature(self, x: Any, params: Any) -> Any:
        """Return `-log p(x_t)`, `(batch, length)`, in nats; 0 for padding."""
        ids = ops.cast(x, "int32")
        nll = keras.losses.sparse_categorical_crossentropy(ids, params, from_logits=True)
        return nll * ops.cast(ops.not_equal(ids, 0), nll.dtype)

    def residual(self, x: Any, params: Any) -> Any:
        """Return the deviance residual of each token, `sqrt(-2 log p)`; 0 for padding."""
        return ops.sqrt(ops.maximum(2.0 * self.per_feature(x, params), 0.0))

    def error(self, x: Any, params: Any) -> Any:
        """Return the mean of `-log p` over the tokens of each text, `(batch,)`, in nats per token."""
        # Probabilities are not used here: ONNX rounds them to 0, whose logarithm, times 0, is NaN.
        ids = ops.cast(x, "int32")
        chosen = ops.take_along_axis(params, ids[..., None], axis=-1)[..., 0]
        is_token = ops.cast(ops.not_equal(ids, 0), params.dtype)
        nll = ops.sum((ops.logsumexp(params, axis=-1) - chosen) * is_token, axis=-1)
        return nll / ops.maximum(ops.sum(is_token, axis=-1), 1.0)
