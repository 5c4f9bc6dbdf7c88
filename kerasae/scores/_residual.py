"""ResidualScore: base class of scores of residuals, which handles missing entries."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from keras import ops

from kerasae.losses import usual_parts
from kerasae.scores._base import Accounts, Score

#: Largest number of training rows, evenly spaced, from which the usual contributions are learned.
_ROWS = 20_000


class ResidualScore(Score):
    """`sum_j s_j(r)` over the features that are present, plus expected contributions of the missing ones.

    A missing entry of a table adds `e_j + t g_j`. `e_j` is the contribution of its column on a usual training
    row (`usual_parts`), so that a usual gap neither raises nor lowers a score. `g_j` is the evidence of the
    gap in nats: half the square of its residual, which is 0 if gaps are usual. `t` converts nats into units
    of the score. It is `(q_95 - q_90) / log 2` of the scores of the training rows. If the scores have an
    exponential tail, this is the increase of a score that makes it less probable by a factor e. A gap that
    occurs in one row of a thousand then counts like the highest score of a thousand rows.

    This class is abstract. A subclass implements `learn` and `present`.
    """

    def build(self, input_shape: Any) -> None:
        self.expected: Any = None
        if "missing" in input_shape:
            size = input_shape["residual"][-1]
            self.expected = self.add_weight(
                shape=(size,), trainable=False, name="expected", initializer="zeros"
            )
            self.per_nat: Any = self.add_weight(
                shape=(), trainable=False, name="per_nat", initializer="zeros"
            )
        super().build(input_shape)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        super().adapt(accounts, least)
        self.learn(accounts, least)
        if self.expected is not None:
            self._learn_usual(accounts)
        return self

    def _learn_usual(self, accounts: Accounts) -> None:
        rows = sum(len(part["missing"]) for part in accounts())
        step = -(-rows // _ROWS)
        batches = [{key: value[::step] for key, value in self.taken(part).items()} for part in accounts()]
        parts = np.concatenate([ops.convert_to_numpy(self.present(part)) for part in batches])
        missing = np.concatenate([part["missing"] for part in batches]) > 0.5
        usual = usual_parts(parts, missing)
        low, high = np.quantile(np.where(missing, usual, parts).sum(axis=1), [0.9, 0.95])
        self.expected.assign(usual)
        self.per_nat.assign((high - low) / np.log(2.0))

    def learn(self, accounts: Accounts, least: np.ndarray | None) -> None:
        """Fit the weights that `present` uses. By default there are none."""

    def present(self, inputs: Mapping[str, Any]) -> Any:
        """Return the contribution of each feature, `(batch, features)`. That of a missing one is ignored."""
        raise NotImplementedError(f"{type(self).__name__} must write `present`.")

    def features(self, inputs: Mapping[str, Any]) -> Any:
        parts = self.present(inputs)
        if self.expected is None or "missing" not in inputs:
            return parts
        gap = self.expected + 0.5 * self.per_nat * ops.square(inputs["residual"])
        return ops.where(inputs["missing"] > 0.5, gap, parts)
