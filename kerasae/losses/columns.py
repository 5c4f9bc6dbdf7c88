"""The likelihood of a table row, a sum over its columns."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.layers import ColumnScales
from kerasae.losses._base import HIGHEST, ReconstructionLoss, greatest, normal_quantile
from kerasae.losses._usual import usual_parts
from kerasae.spec import Spec


@keras.saving.register_keras_serializable(package="kerasae")
class Columns(ReconstructionLoss):
    """`-sum_j log p_j(x_j)` over the columns that are not missing, in nats per row.

    A number or a date has a Gaussian distribution with one learned standard deviation per column. A
    boolean has a Bernoulli distribution, a category a categorical one. Missing entries add nothing.

    The decoder has one output for each number, date and boolean, and `n + 1` for a category of n values,
    in the order of the columns. The log-scales of the numbers and dates follow.

    Args:
        spec: Fitted spec of the table, as an object or as a dict.
        min_scale: Smallest standard deviation, in units of `x`. Defaults to 0.01.
        expected: Contributions of missing entries to an anomaly score, one for each column, in nats: what
            the column adds to `-log p` of a usual training row; see `usual_parts`. They are learned in
            training. Defaults to `None`, the entropy of the model's distribution.

    Reference: Nazabal et al. 2020, *Pattern Recognition* 107 (HI-VAE), section 3.
    """

    kinds = ("table",)
    density = True
    error_unit = "nats per row, of x, the scaled data"

    def __init__(
        self,
        spec: Spec | dict[str, Any],
        *,
        min_scale: float = 0.01,
        expected: Sequence[float] | None = None,
        name: str | None = "columns",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.spec = spec if isinstance(spec, Spec) else Spec.from_dict(spec)
        if not self.spec.features:
            raise ValueError(
                "The loss 'columns' needs a table with columns that hold values, received "
                f"a {self.spec.kind}; choose another loss."
            )
        if not min_scale > 0:
            raise ValueError(f"`min_scale` must be positive, received {min_scale!r}.")
        self.min_scale = min_scale
        self.expected = None if expected is None else [float(value) for value in expected]
        kinds = [column.kind for column in self.spec.features]
        self._widths = [column.width for column in self.spec.features]
        starts = np.cumsum([0, *self._widths])
        self._starts, self._total = starts[:-1], int(starts[-1])
        self._numbers = [i for i, kind in enumerate(kinds) if kind in ("number", "date")]
        self._booleans = [i for i, kind in enumerate(kinds) if kind == "boolean"]
        self._categories = [i for i, kind in enumerate(kinds) if kind == "category"]
        self._gap = np.array([column.gap for column in self.spec.features], "float32")
        self._is_number = np.isin(np.arange(len(kinds)), self._numbers)
        self._is_category = np.isin(np.arange(len(kinds)), self._categories)

    def head(self) -> keras.layers.Layer | None:
        return ColumnScales(len(self._numbers), dtype="float32") if self._numbers else None

    def decoder_shape(self, x_shape: tuple[int, ...]) -> tuple[int | None, ...]:
        return (self._total + len(self._numbers),)

    def _pick(self, params: Any, columns: list[int]) -> Any:
        return ops.take(params, self._starts[columns].astype("int32"), axis=1)

    def _logits(self, params: Any, column: int) -> Any:
        start = int(self._starts[column])
        return params[:, start : start + self._widths[column]]

    def mean(self, params: Any) -> Any:
        """Return the reconstruction, `(batch, columns)`.

        It is the mean of a number or date, the probability of a boolean, the most likely code of a category.
        """
        parts = []
        if self._numbers:
            parts.append(self._pick(params, self._numbers))
        if self._booleans:
            parts.append(ops.sigmoid(self._pick(params, self._booleans)))
        parts += [
            ops.cast(greatest(self._logits(params, column)), params.dtype)[:, None]
            for column in self._categories
        ]
        return ops.take(ops.concatenate(parts, axis=1), self._order(), axis=1)

    def draw(self, params: Any, uniform: Any) -> Any:
        """Draw rows from `p(x|z)`. A category takes a known value, never code 0 for unknown values."""
        parts = []
        if self._numbers:
            levels = ops.take(uniform, np.array(self._numbers, "int32"), axis=1)
            scale = ops.exp(self._log_scales(params))
            parts.append(self._pick(params, self._numbers) + scale * normal_quantile(levels))
        if self._booleans:
            levels = ops.take(uniform, np.array(self._booleans, "int32"), axis=1)
            odds = ops.sigmoid(self._pick(params, self._booleans))
            parts.append(ops.cast(levels < odds, params.dtype))
        for column in self._categories:
            bounds = ops.cumsum(ops.softmax(self._logits(params, column)[:, 1:], axis=-1), axis=-1)
            # The last bound is 1 up to rounding.
            passed = ops.cast(bounds[:, :-1] <= uniform[:, column : column + 1], params.dtype)
            parts.append(1.0 + ops.sum(passed, axis=-1, keepdims=True))
        return ops.take(ops.concatenate(parts, axis=1), self._order(), axis=1)

    def _order(self) -> np.ndarray:
        """Return the indices that sort numbers, booleans and categories into the order of the columns."""
        return np.argsort([*self._numbers, *self._booleans, *self._categories]).astype("int32")

    def _log_scales(self, params: Any) -> Any:
        return ops.maximum(params[:, self._total :], math.log(self.min_scale))

    def per_feature(self, x: Any, params: Any) -> Any:
        """Return `-log p_j(x_j)`, `(batch, columns)`, in nats; 0 for a missing entry.

        A category value that is in no training row has the loss `Column.unseen`, whatever the model predicts.
        """
        missing = ops.isnan(x)
        values = ops.where(missing, ops.zeros_like(x), x)
        parts = []
        if self._numbers:
            log_scale = self._log_scales(params)
            residual = ops.take(values, np.array(self._numbers, "int32"), axis=1)
            residual = (residual - self._pick(params, self._numbers)) * ops.exp(-log_scale)
            parts.append(0.5 * ops.square(residual) + log_scale + 0.5 * math.log(2 * math.pi))
        if self._booleans:
            logits = self._pick(params, self._booleans)
            truth = ops.take(values, np.array(self._booleans, "int32"), axis=1)
            nll = ops.softplus(logits) - truth * logits
            # A value other than 0 and 1 is impossible, but the formula would give it a probability above 1.
            valid = ops.logical_or(ops.equal(truth, 0.0), ops.equal(truth, 1.0))
            parts.append(ops.where(valid, nll, ops.full_like(nll, HIGHEST)))
        for column in self._categories:
            logits = self._logits(params, column)
            chosen = ops.one_hot(
                ops.cast(values[:, column], "int32"), self._widths[column], dtype=logits.dtype
            )
            nll = ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)
            if self.spec.features[column].unseen:
                # Code 0 is in no training row, so its logit is untrained.
                unseen = ops.full_like(nll, self.spec.features[column].unseen)
                nll = ops.where(ops.equal(values[:, column], 0.0), unseen, nll)
            parts.append(nll[:, None])
        nll = ops.take(ops.concatenate(parts, axis=1), self._order(), axis=1)
        return ops.where(missing, ops.zeros_like(nll), nll)

    def entropy(self, params: Any) -> Any:
        """Return the mean of `-log p_j(x_j)` over `x_j ~ p_j`, `(batch, columns)`, in nats."""
        parts = []
        if self._numbers:
            log_scale = self._log_scales(params) + ops.zeros_like(self._pick(params, self._numbers))
            parts.append(log_scale + 0.5 * math.log(2 * math.pi * math.e))
        if self._booleans:
            logits = self._pick(params, self._booleans)
            parts.append(ops.softplus(logits) - ops.sigmoid(logits) * logits)
        for column in self._categories:
            logits = self._logits(params, column)
            mean = ops.sum(ops.softmax(logits, axis=-1) * logits, axis=-1)
            parts.append((ops.logsumexp(logits, axis=-1) - mean)[:, None])
        return ops.take(ops.concatenate(parts, axis=1), self._order(), axis=1)

    def account(self, x: Any, params: Any) -> dict[str, Any]:
        """Return the evidence of each column for anomaly scores, `(batch, columns)`, and `x` itself.

        A missing entry is 0 in `x`.
        The `nll` of a missing entry is the expected value of its column plus `Column.gap`, the evidence of
        the gap itself. A usual gap thus neither raises nor lowers a score.
        """
        missing = ops.isnan(x)
        nll = self.per_feature(x, params)
        usual = self.entropy(params) if self.expected is None else np.array(self.expected, "float32")
        return {
            "residual": self.residual(x, params),
            "nll": ops.where(missing, ops.zeros_like(nll) + usual + self._gap, nll),
            "x": ops.where(missing, ops.zeros_like(nll), ops.cast(x, "float32")),
            "missing": ops.cast(missing, "float32"),
        }

    def learn_expected(self, parts: Iterable[tuple[Any, Any]]) -> bool:
        batches = [(ops.convert_to_numpy(self.per_feature(x, params)), np.isnan(x)) for x, params in parts]
        nll, missing = (np.concatenate(part) for part in zip(*batches, strict=True))
        self.expected = usual_parts(nll, missing).tolist()
        return True

    def residual(self, x: Any, params: Any) -> Any:
        """Return the residual of each column, `(batch, columns)`.

        For a number or date it is `x` minus the mean. For a category it is the deviance residual,
        `sqrt(-2 log p)`; for a boolean it has the sign of `x` minus the mean. For a missing entry it is the
        deviance residual of the gap, `sqrt(2 gap)`, which is 0 if gaps are usual.
        """
        missing = ops.isnan(x)
        mean = self.mean(params)
        difference = ops.where(missing, ops.zeros_like(x), x) - mean
        sign = ops.where(self._is_category, ops.ones_like(difference), ops.sign(difference))
        deviance = sign * ops.sqrt(ops.maximum(2.0 * self.per_feature(x, params), 0.0))
        residual = ops.where(self._is_number, difference, deviance)
        return ops.where(missing, ops.zeros_like(residual) + np.sqrt(2.0 * self._gap), residual)

    def error(self, x: Any, params: Any) -> Any:
        """Return `-log p` of each row, `(batch,)`, in nats, with missing entries as in `account`.

        A row without any entry cannot be scored and gets `HIGHEST`.
        """
        account = self.account(x, params)
        nll = ops.sum(account["nll"], axis=1)
        empty = ops.min(account["missing"], axis=1) > 0.5
        return ops.where(empty, ops.full_like(nll, HIGHEST), nll)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "spec": self.spec.to_dict(),
            "min_scale": self.min_scale,
            "expected": self.expected,
        }
