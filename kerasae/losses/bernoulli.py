"""The Bernoulli likelihood."""

from typing import Any

import keras
from keras import ops

from kerasae.losses._base import ReconstructionLoss, flatten

#: Number of factors between 1 and 2 whose product is a finite float32 by a wide margin.
_FACTORS = 98


@keras.saving.register_keras_serializable(package="kerasae")
class Bernoulli(ReconstructionLoss):
    """`-log p(x)` with `p = sigmoid(logits)`, in nats per example.

    For binary data it is the exact likelihood. For grey levels between 0 and 1 it is the cross-entropy,
    which is the usual choice for images although it is not a normalised density.

    Training takes the sum over the features in a cheaper form, equal up to rounding (6e-8 nats a feature).
    Its gradient is written out, `sigmoid(logits) - x`. The sum of `log(1 + exp(-|l|))` is the logarithm of a
    product of factors between 1 and 2, so one logarithm serves 98 features. In a small network these
    functions of each pixel took as long as the matrix products.

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

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # A subclass may have another loss of a feature, and a graph for images of any size knows no number.
        if type(self).per_feature is not Bernoulli.per_feature or None in y_pred.shape[1:]:
            return super().call(y_true, y_pred)
        return _summed(flatten(ops.cast(y_true, "float32")), flatten(ops.cast(y_pred, "float32")))


@ops.custom_gradient
def _summed(x: Any, logits: Any) -> Any:
    """Return the loss of each example from `x` and logits, `(batch, features)`, and its gradient."""
    small = ops.exp(-ops.abs(logits))
    linear = ops.maximum(logits, 0.0) - x * logits
    total = ops.sum(_grouped(linear, 0.0), axis=(1, 2))
    total = total + ops.sum(ops.log(ops.prod(_grouped(1.0 + small, 1.0), axis=1)), axis=1)

    def gradient(*slopes: Any, upstream: Any = None) -> tuple[Any, Any]:
        slope = ops.expand_dims(slopes[0] if upstream is None else upstream, -1)
        ratio = 1.0 / (1.0 + small)
        mean = ops.where(logits >= 0, ratio, small * ratio)
        return -slope * logits, slope * (mean - x)

    return total, gradient


def _grouped(values: Any, neutral: float) -> Any:
    """Reshape `(batch, features)` to `(batch, factors, groups)`, filled up with a neutral number.

    The reduction runs over the axis in the middle, so that the compiler works on several groups at a time.
    """
    count = values.shape[-1]
    groups = -(-count // _FACTORS)
    factors = -(-count // groups)
    if missing := factors * groups - count:
        values = ops.pad(values, ((0, 0), (0, missing)), constant_values=neutral)
    return ops.reshape(values, (-1, factors, groups))
