"""The likelihood of a row: a sum over its columns."""

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

    Numbers and dates are Gaussian with one learned standard deviation a column, booleans Bernoulli,
    categories categorical. Missing entries add nothing.

    The decoder gives one number for each number, date and boolean and `n + 1` for a category of n
    values, in the order of the columns; behind them stand the log-scales.

    Args:
        spec: of the table, fitted; its dict form is accepted too.
        min_scale: the least standard deviation, in units of `x`.
        expected: What each column adds to `-log p` of a usual training row, in nats: what a missing entry
            adds to an anomaly score; see `usual_parts`. A training finds it. Without it the entropy of the
            model's own distribution stands in. Defaults to `None`.

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
        """The mean of numbers and dates, the probability of booleans, the likeliest code of categories."""
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
        """A row drawn from `p(x|z)`; of a category one of the known values, never the code of others."""
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
            # The last bound is 1 but for rounding.
            passed = ops.cast(bounds[:, :-1] <= uniform[:, column : column + 1], params.dtype)
            parts.append(1.0 + ops.sum(passed, axis=-1, keepdims=True))
        return ops.take(ops.concatenate(parts, axis=1), self._order(), axis=1)

    def _order(self) -> np.ndarray:
        """From numbers, booleans and categories back to the order of the columns."""
        return np.argsort([*self._numbers, *self._booleans, *self._categories]).astype("int32")

    def _log_scales(self, params: Any) -> Any:
        return ops.maximum(params[:, self._total :], math.log(self.min_scale))

    def per_feature(self, x: Any, params: Any) -> Any:
        """`-log p_j(x_j)`, `(batch, columns)`, in nats; 0 for a missing entry.

        A category that no training row had costs `Column.unseen`, whatever the model says.
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
            # What is neither 0 nor 1 has no probability; the formula would give it one above 1.
            valid = ops.logical_or(ops.equal(truth, 0.0), ops.equal(truth, 1.0))
            parts.append(ops.where(valid, nll, ops.full_like(nll, HIGHEST)))
        for column in self._categories:
            logits = self._logits(params, column)
            chosen = ops.one_hot(
                ops.cast(values[:, column], "int32"), self._widths[column], dtype=logits.dtype
            )
            nll = ops.logsumexp(logits, axis=-1) - ops.sum(chosen * logits, axis=-1)
            if self.spec.features[column].unseen:
                # No training row taught the logit of code 0.
                unseen = ops.full_like(nll, self.spec.features[column].unseen)
                nll = ops.where(ops.equal(values[:, column], 0.0), unseen, nll)
            parts.append(nll[:, None])
        nll = ops.take(ops.concatenate(parts, axis=1), self._order(), axis=1)
        return ops.where(missing, ops.zeros_like(nll), nll)

    def entropy(self, params: Any) -> Any:
        """The mean of `-log p_j(x_j)` over `x_j ~ p_j`, `(batch, columns)`, in nats."""
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
        """What each column of a row says against it, `(batch, columns)`.

        The `nll` of a missing entry is what is expected of its column, and the evidence of the gap itself,
        `Column.gap`: gaps of a usual kind neither raise nor lower a score.
        """
        missing = ops.isnan(x)
        nll = self.per_feature(x, params)
        usual = self.entropy(params) if self.expected is None else np.array(self.expected, "float32")
        return {
            "residual": self.residual(x, params),
            "nll": ops.where(missing, ops.zeros_like(nll) + usual + self._gap, nll),
            "missing": ops.cast(missing, "float32"),
        }

    def learn_expected(self, parts: Iterable[tuple[Any, Any]]) -> bool:
        found = [(ops.convert_to_numpy(self.per_feature(x, params)), np.isnan(x)) for x, params in parts]
        nll, missing = (np.concatenate(part) for part in zip(*found, strict=True))
        self.expected = usual_parts(nll, missing).tolist()
        return True

    def residual(self, x: Any, params: Any) -> Any:
        """Numbers and dates less their mean; otherwise the deviance residual, `sqrt(-2 log p)`.

        For a boolean with the sign of what is too much. Of a missing entry the deviance of its gap,
        `sqrt(2 gap)`, 0 where gaps are usual.
        """
        missing = ops.isnan(x)
        mean = self.mean(params)
        difference = ops.where(missing, ops.zeros_like(x), x) - mean
        sign = ops.where(self._is_category, ops.ones_like(difference), ops.sign(difference))
        deviance = sign * ops.sqrt(ops.maximum(2.0 * self.per_feature(x, params), 0.0))
        found = ops.where(self._is_number, difference, deviance)
        return ops.where(missing, ops.zeros_like(found) + np.sqrt(2.0 * self._gap), found)

    def error(self, x: Any, params: Any) -> Any:
        """`-log p` of each row, `(batch,)`, in nats; that of a missing entry as `account` has it.

        `HIGHEST` for a row without any entry, of which nothing can be said.
        """
        account = self.account(x, params)
        nll = ops.sum(account["nll"], axis=1)
        nothing = ops.min(account["missing"], axis=1) > 0.5
        return ops.where(nothing, ops.full_like(nll, HIGHEST), nll)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "spec": self.spec.to_dict(),
            "min_scale": self.min_scale,
            "expected": self.expected,
        }
