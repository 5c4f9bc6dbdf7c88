"""ReconstructionLoss: base class of the losses, which interpret the outputs of a decoder."""

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from kerasae.keras_classes import Loss


class ReconstructionLoss(Loss):
    """Loss that is summed over features and averaged over examples.

    A mean over features would be wrong beside a Kullback-Leibler term or another penalty: the penalty
    would weigh as many times more as there are features. The mean squared error of Keras collapses a
    variational model for this reason alone.

    A subclass defines the meaning of the decoder's outputs. There are `outputs` numbers per feature,
    stacked along the last axis, and `mean` computes the reconstruction from them. `low` and `high` are
    the bounds of `x` that the loss accepts.
    """

    #: Kinds of examples that the loss supports.
    kinds: ClassVar[tuple[str, ...]] = ("image", "vector")
    #: Unit of the loss, per example.
    unit: ClassVar[str] = "nats of x, the scaled data"
    #: Whether the loss is `-log` of a density, which depends on the unit of `x`; a probability does not.
    density: ClassVar[bool] = False
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")

    def __init__(self, *, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def outputs(self) -> int:
        """Number of decoder outputs per feature."""
        return 1

    def head(self) -> keras.layers.Layer | None:
        """Return a layer that is appended to the decoder, or `None`."""
        return None

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...] | None:
        """Return the shape of the decoder's output for one example, its head included.

        Args:
            x_shape: Shape of one example.

        Returns:
            The shape, with `None` for a size that the loss does not fix. `None` if the shape is unknown,
            as for a subclass that adds a head and does not override this method.
        """
        if type(self).head is not ReconstructionLoss.head:
            return None
        return (*x_shape[:-1], x_shape[-1] * self.outputs)

    def mean(self, params: Any) -> Any:
        """Return the reconstruction from the decoder's output, `(batch, ...)`, in units of `x`."""
        return params

    def draw(self, params: Any, uniform: Any) -> Any:
        """Draw `x ~ p(x|z)`, `(batch, ...)`. A loss that is no density returns the mean.

        Args:
            params: Output of the decoder, `(batch, ...)`.
            uniform: Uniform random numbers in (0, 1), one for each feature, `(batch, ...)`. Each feature
                takes the quantile of its distribution at this level.
        """
        return self.mean(params)

    def per_feature(self, x: Any, params: Any) -> Any:
        """Return the loss of each feature, in the shape of `x`; 0 for a missing feature or padding."""
        raise NotImplementedError(f"{type(self).__name__} must write `per_feature`.")

    def per_example(self, x: Any, params: Any) -> Any:
        """Return the loss of each example, `(batch,)`."""
        return sum_features(self.per_feature(x, params))

    def account(self, x: Any, params: Any) -> dict[str, Any]:
        """Return the evidence of each feature for anomaly scores, `(batch, features)`.

        Returns:
            A dict with the keys `x`, `residual` and `nll`. A loss that supports missing entries adds
            `missing`, which is 1 for a missing entry and 0 otherwise; `x` is 0 for a missing entry.
        """
        return {
            "x": flatten(ops.cast(x, "float32")),
            "residual": flatten(self.residual(x, params)),
            "nll": flatten(self.per_feature(x, params)),
        }

    def learn_expected(self, parts: Iterable[tuple[Any, Any]]) -> bool:
        """Learn the usual loss of each feature on training rows, which a missing entry adds to a score.

        Args:
            parts: Pairs of `x` and the decoder's output for it. A loss that does not support missing
                entries does not read them.

        Returns:
            Whether the loss learned anything.
        """
        return False

    def residual(self, x: Any, params: Any) -> Any:
        """Return `x` minus its reconstruction, in the shape of `x`."""
        return ops.cast(x, "float32") - ops.cast(self.mean(params), "float32")

    #: Unit of `error`.
    error_unit: ClassVar[str] = "squared units of x per feature"

    def error(self, x: Any, params: Any) -> Any:
        """Return the reconstruction error of each example, `(batch,)`: its mean squared error."""
        squared = ops.square(ops.cast(x, "float32") - ops.cast(self.mean(params), "float32"))
        return ops.mean(ops.reshape(squared, (-1, math.prod(squared.shape[1:]))), axis=-1)

    def anomaly_score(self, x: Any, params: Any) -> Any:
        """Return `error` as an anomaly score, `(batch,)`: `HIGHEST` for an error that is not finite."""
        return comparable(self.error(x, params))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each example, `(batch,)`, for a training.

        A subclass may compute `per_example` here in a form that is cheaper and equal up to rounding.
        """
        return self.per_example(y_true, y_pred)

    def check_range(self, least: float, greatest: float) -> None:
        """Raise a ValueError if data with these bounds exceed `low` or `high`."""
        slack = 1e-6
        if not (least >= self.low - slack and greatest <= self.high + slack):
            raise ValueError(
                f"The loss '{self.name}' needs x in [{self.low:g}, {self.high:g}], received values "
                f"from {least:.4g} to {greatest:.4g}; rescale the data "
                "(--set preprocessing.name=rescaling) or choose another loss."
            )


def normal_quantile(levels: Any) -> Any:
    """Return the quantiles of the standard normal distribution at levels in (0, 1)."""
    # float32 rounds some levels to 0 or 1, where the quantiles would be infinite.
    inside = ops.clip(levels, 1e-6, 1 - 1e-6)
    return math.sqrt(2.0) * ops.erfinv(2.0 * inside - 1.0)


def flatten(values: Any) -> Any:
    """Reshape `(batch, ...)` to `(batch, features)`."""
    return ops.reshape(values, (-1, math.prod(values.shape[1:])))


def sum_features(values: Any) -> Any:
    """Sum `(batch, ...)` over all axes but the first, to `(batch,)`."""
    return ops.sum(ops.reshape(values, (ops.shape(values)[0], -1)), axis=-1)


#: Score of an example that cannot be scored, such as one with NaN in it. The largest float32 exceeds
#: every threshold and, unlike infinity, fits into JSON.
HIGHEST = float(np.finfo("float32").max)


def comparable(scores: Any) -> Any:
    """Return scores with `HIGHEST` in place of NaN and infinity, safely in a graph.

    `<` is false for NaN, as needed. Do not write it as `logical_not` of the opposite comparison: graph
    optimisers rewrite `not (a <= b)` as `a > b`, which differs only for NaN, and ONNX writes `a <= b` as
    `not (a > b)`. Only `<` stays `<` everywhere.
    """
    scores = ops.cast(scores, "float32")
    finite = ops.less(ops.abs(scores), float("inf"))
    return ops.where(finite, scores, ops.full_like(scores, HIGHEST))


def greatest(logits: Any) -> Any:
    """Return the int32 index of the largest number along the last axis; the first one on a tie.

    `ops.argmax` of Keras 3.15 reads the sign bits of floats, for which TFLite has no operation.
    """
    return ops.cast(ops.top_k(logits, 1)[1][..., 0], "int32")
