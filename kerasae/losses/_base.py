"""ReconstructionLoss: what a decoder's numbers mean, and how well they explain `x`."""

import math
from collections.abc import Iterable
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops


class ReconstructionLoss(keras.losses.Loss):
    """A loss per example, summed over features and averaged over examples.

    Summed, because a mean over features would make a Kullback-Leibler term or another penalty
    beside it weigh as many times more as there are features; the usual mean squared error of
    Keras collapses a variational model for that reason alone.

    A subclass says what the decoder's numbers stand for: `outputs` of them per feature, stacked
    along the last axis; `mean` gives the reconstruction. `low` and `high` bound the `x` that the
    loss can take.
    """

    #: Kinds of examples that it is for.
    kinds: ClassVar[tuple[str, ...]] = ("image", "vector")
    #: Unit of the loss, per example.
    unit: ClassVar[str] = "nats of x, the scaled data"
    #: Whether it is `-log` of a density, which depends on the unit of `x`; a probability does not.
    density: ClassVar[bool] = False
    low: ClassVar[float] = float("-inf")
    high: ClassVar[float] = float("inf")

    def __init__(self, *, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    @property
    def outputs(self) -> int:
        """Numbers per feature that the network must give."""
        return 1

    def head(self) -> keras.layers.Layer | None:
        """A layer to put behind the decoder, or `None`."""
        return None

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...] | None:
        """Return the shape of what the decoder gives for one example, its head included.

        Args:
            x_shape: Shape of one example.

        Returns:
            The shape, with `None` for a size that the loss leaves open; `None` if nothing is known, as
            behind a head of a subclass that does not say.
        """
        if type(self).head is not ReconstructionLoss.head:
            return None
        return (*x_shape[:-1], x_shape[-1] * self.outputs)

    def mean(self, params: Any) -> Any:
        """The reconstruction: `(batch, ...)` in units of `x`, from the decoder's numbers."""
        return params

    def draw(self, params: Any, uniform: Any) -> Any:
        """A draw of `x ~ p(x|z)`, `(batch, ...)`; the mean, where the loss is no density to draw from.

        Args:
            params: the decoder's numbers, `(batch, ...)`.
            uniform: numbers of (0, 1), one a feature, `(batch, ...)`; each feature takes the value of
                its distribution at that level.
        """
        return self.mean(params)

    def per_feature(self, x: Any, params: Any) -> Any:
        """The loss of each feature, shaped like `x`; 0 where there is nothing to explain."""
        raise NotImplementedError(f"{type(self).__name__} must write `per_feature`.")

    def per_example(self, x: Any, params: Any) -> Any:
        """The loss of each example: `(batch,)`."""
        return sum_features(self.per_feature(x, params))

    def account(self, x: Any, params: Any) -> dict[str, Any]:
        """How each feature of an example speaks against it, `(batch, features)`, for anomaly scores.

        Returns:
            A dict of `residual` and `nll`. A loss that knows gaps adds `missing`, 1 where an entry is
            missing and 0 elsewhere.
        """
        return {
            "residual": flatten(self.residual(x, params)),
            "nll": flatten(self.per_feature(x, params)),
        }

    def learn_expected(self, parts: Iterable[tuple[Any, Any]]) -> bool:
        """Learn what each feature costs on training rows, for a loss that counts missing entries so.

        Args:
            parts: Pairs of `x` and the decoder's numbers for it. They are not read where the loss has no
                use for them.

        Returns:
            Whether it learned something.
        """
        return False

    def residual(self, x: Any, params: Any) -> Any:
        """What is left of each feature, shaped like `x`: 0 where the reconstruction says all."""
        return ops.cast(x, "float32") - ops.cast(self.mean(params), "float32")

    #: Unit of `error`.
    error_unit: ClassVar[str] = "squared units of x per feature"

    def error(self, x: Any, params: Any) -> Any:
        """How badly each example is reconstructed, `(batch,)`: the mean squared error of its features."""
        squared = ops.square(ops.cast(x, "float32") - ops.cast(self.mean(params), "float32"))
        return ops.mean(ops.reshape(squared, (-1, math.prod(squared.shape[1:]))), axis=-1)

    def anomaly_score(self, x: Any, params: Any) -> Any:
        """`error` as a score that compares, `(batch,)`: `HIGHEST` where the error is not finite."""
        return comparable(self.error(x, params))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return self.per_example(y_true, y_pred)

    def check_range(self, least: float, greatest: float) -> None:
        """Raises a ValueError if data with these bounds lie outside what the loss can take."""
        slack = 1e-6
        if not (least >= self.low - slack and greatest <= self.high + slack):
            raise ValueError(
                f"The loss '{self.name}' needs x in [{self.low:g}, {self.high:g}], received values "
                f"from {least:.4g} to {greatest:.4g}; rescale the data "
                "(--set preprocessing.name=rescaling) or choose another loss."
            )


def normal_quantile(levels: Any) -> Any:
    """The standard normal values at levels of (0, 1)."""
    # At the ends, which float32 reaches by rounding, they would be infinite.
    inside = ops.clip(levels, 1e-6, 1 - 1e-6)
    return math.sqrt(2.0) * ops.erfinv(2.0 * inside - 1.0)


def flatten(values: Any) -> Any:
    """`(batch, ...)` to `(batch, features)`."""
    return ops.reshape(values, (-1, math.prod(values.shape[1:])))


def sum_features(values: Any) -> Any:
    """`(batch, ...)` to `(batch,)`."""
    return ops.sum(ops.reshape(values, (ops.shape(values)[0], -1)), axis=-1)


#: The score of an example that cannot be judged, such as one with NaN in it: the largest float32, so
#: that it exceeds every threshold and fits into JSON.
HIGHEST = float(np.finfo("float32").max)


def comparable(scores: Any) -> Any:
    """Return scores with `HIGHEST` in place of NaN and infinity; safe in a graph.

    The comparison is false for NaN as well. `logical_not` of the opposite comparison is not: graph
    optimisers rewrite `not (a <= b)` as `a > b`, which differs for NaN alone, and ONNX writes `a <= b` as
    `not (a > b)`: only `<` is `<` everywhere.
    """
    scores = ops.cast(scores, "float32")
    finite = ops.less(ops.abs(scores), float("inf"))
    return ops.where(finite, scores, ops.full_like(scores, HIGHEST))


def greatest(logits: Any) -> Any:
    """The index of the greatest of the last axis, int32; the first one of equals.

    `ops.argmax` of Keras 3.15 looks at the sign bits of floats, which TFLite has no operation for.
    """
    return ops.cast(ops.top_k(logits, 1)[1][..., 0], "int32")
