"""The Bernoulli likelihood."""

from typing import Any

import keras
from keras import ops

from kerasae.losses._base import ReconstructionLoss


@keras.saving.register_keras_serializable(package="kerasae")
class Bernoulli(ReconstructionLoss):
    """`-log p(x)` with `p = sigmoid(logits)`, in nats per example.

    For binary data it is the exact likelihood. For grey levels between 0 and 1 it is the cross-entropy,
    which is the usual choice for images although it is not a normalised density.

    Reference: Kingma and Welling 2014, ICLR, appendix C.1.
    """

    low = 0.0
    high = 1.0

    def __init__(self, *, name: str | None = "bernoulli", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def mean(self, params: Any) -> Any:
        return ops.sigmoid(params)

    def per_feature(self, x: Any, params: Any) -> Any:
        # This form of softplus(l) - x l neither overflows nor cancels. `where` is used as in TensorFlow: at
        # a logit of 0 the slopes of `relu` and `abs` are 0, and the slope of the loss would be -x.
        positive = params >= 0
        above = ops.where(positive, params, ops.zeros_like(params))
        return above - x * params + ops.log1p(ops.exp(ops.where(positive, -params, params)))
