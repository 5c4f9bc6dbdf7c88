"""ResidualScore: a score of residuals, in which a missing entry counts as usual."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from keras import ops

from kerasae.losses import usual_parts
from kerasae.scores._base import Accounts, Score

#: Training rows, at most and evenly from all, from which it is learned what is usual.
_ROWS = 20_000


class ResidualScore(Score):
    """`sum_j s_j(r)` over the features that are there, and what is expected of the others.

    A missing entry of a table adds `e_j + t g_j`. `e_j` is what its column adds on a usual training row
    (`usual_parts`), so that a gap of a usual kind neither raises nor lowers a score. `g_j` is the
    evidence of the gap in nats, half the square of its residual, which is 0 where gaps are usual. `t` turns
    nats into units of the score: it is `(q_95 - q_90) / log 2` of the training rows' scores, by which a
    score with an exponential tail rises where its chance falls by a factor e. A gap that one row in a
    thousand has is then as odd as the oddest of a thousand rows.

    Abstract. A subclass writes `learn` and `present`.
    """

    def build(self, input_shape: Any) -> None:
        self.expected: Any = None
        if "missing" in input_shape:
            size = input_shape["residual"][-1]
            self.expected = self.add_weight(
                shape=(size,), trainable=False, name="expected", initializer="zeros"
            )
            self.per_nat = self.add_weight(shape=(), trainable=False, name="per_nat", initializer="zeros")
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
        some = [{key: value[::step] for key, value in self.taken(part).items()} for part in accounts()]
        parts = np.concatenate([ops.convert_to_numpy(self.present(part)) for part in some])
        missing = np.concatenate([part["missing"] for part in some]) > 0.5
        usual = usual_parts(parts, missing)
        low, high = np.quantile(np.where(missing, usual, parts).sum(axis=1), [0.9, 0.95])
        self.expected.assign(usual)
        self.per_nat.assign((high - low) / np.log(2.0))

    def learn(self, accounts: Accounts, least: np.ndarray | None) -> None:
        """Fits what `present` needs; nothing, unless a subclass says otherwise."""

    def present(self, inputs: Mapping[str, Any]) -> Any:
        """What each feature adds, `(batch, features)`; that of a missing entry has no meaning."""
        raise NotImplementedError(f"{type(self).__name__} must write `present`.")

    def features(self, inputs: Mapping[str, Any]) -> Any:
        found = self.present(inputs)
        if self.expected is None or "missing" not in inputs:
            return found
        gap = self.expected + 0.5 * self.per_nat * ops.square(inputs["residual"])
        return ops.where(inputs["missing"] > 0.5, gap, found)
