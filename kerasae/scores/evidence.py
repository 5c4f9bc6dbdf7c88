"""The combined evidence of several anomaly scores."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae.scores._base import Accounts, Score
from kerasae.scores._several import first_rules, several, stored

#: Number of knots of the curve from a score to its evidence, and number of doublings of the score beyond.
_KNOTS, _DOUBLINGS = 48, 40
#: Evidence beyond the training rows, in nats per standard deviation of the logarithm of the score.
_BEYOND = 0.3
#: Smallest score that is not 0.
_SMALLEST = 1e-9
#: Distance of two knots, relative to the score, below which they are the same score of several rows, and the
#: distance over which the curve rises there. Over a thousandth, the rounding of weights to float16 moved rows
#: over the whole rise, and so changed their ranks. On the even half of the tables of
#: `benchmarks/detector/oddbench.py` the mean AUROC is 78.06 with both.
_NEAREST, _RISE = 1e-3, 0.2


@keras.saving.register_keras_serializable(package="kerasae")
class EvidenceScore(Score):
    """`-sum_s log p_s` over several scores; `p_s` is the share of training rows with at least this score.

    The sum is Fisher's combination of p-values. It adds scores with different units, and a score that is
    high for one row in a thousand counts the same whatever its distribution. The logarithm of `p` is a
    piecewise linear function of the score. Where many rows have the same score, it rises over a fifth of that
    score, so that rounding does not decide. The highest score of `n` training rows has an evidence of `log n`
    nats. Beyond it the evidence grows slowly, by 0.3 nats per standard deviation of the
    logarithm of the score, so that no single score outweighs all others. It is linear between two doublings
    of the score, and ends after the fortieth. So it needs no logarithm, which has other last bits on other
    processors.

    The parts are dependent, so the sum itself is not the logarithm of a p-value; a threshold is set on other
    rows. The contribution of a feature is the sum of its shares of the scores, each weighted by its evidence.
    They sum to the score.

    Args:
        scores: Scores that are never negative, each as a name, a dict with `name` and arguments, or an
            object. Defaults to `("whitened", "prototypes")`: the model's error, and the distance from the
            training rows.

    Reference: Fisher 1932, *Statistical Methods for Research Workers*, section 21.1.
    """

    unit: ClassVar[str | None] = "evidence in nats, the sum of -log p of its scores among the training rows"

    def __init__(self, *, scores: Sequence[Any] = ("whitened", "prototypes"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scores = several(scores, least=1)
        self.needs = tuple(dict.fromkeys(key for score in self.scores for key in score.needs))  # type: ignore[misc]
        self.in_graph = all(score.in_graph for score in self.scores)  # type: ignore[misc]

    def suit(self, preprocessor: Any) -> None:
        for score in self.scores:
            score.suit(preprocessor)

    def build(self, input_shape: Any) -> None:
        for score in self.scores:
            if not score.built:
                score.build(input_shape)

        def weight(name: str, *shape: int) -> Any:
            return self.add_weight(shape=shape, trainable=False, name=name, initializer="zeros")

        count = len(self.scores)
        intervals = _KNOTS - 1 + _DOUBLINGS
        self.starts = weight("starts", count, intervals)
        self.inverse_widths = weight("inverse_widths", count, intervals)
        #: Evidence of each interval of the curve, in nats.
        self.steps = weight("steps", count, intervals)
        super().build(input_shape)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        for score in self.scores:
            score.block = self.block
            score.adapt(accounts, least)
        super().adapt(accounts)
        parts = [self._values(self.taken(part), training=True) for part in accounts()]
        values = np.concatenate([ops.convert_to_numpy(part) for part in parts])
        highest = np.log(len(values))
        levels = np.linspace(0.0, highest, _KNOTS)
        # Scores of rows and not numbers between them: many rows may have the same score.
        knots = np.quantile(values, 1.0 - np.exp(-levels), axis=0, method="higher").T.astype("float64")
        ends = np.maximum(knots[:, -1:], _SMALLEST) * 2.0 ** np.arange(_DOUBLINGS)
        self.starts.assign(np.concatenate([knots[:, :-1], ends], axis=1))
        gaps = np.diff(knots, axis=1)
        least = _NEAREST * knots[:, 1:] + _SMALLEST
        # At a score that several rows have, the curve would be vertical. A single one of few rows may be
        # several knots too.
        shared = np.array([_shared(*pair) for pair in zip(values.T, knots[:, :-1], strict=True)])
        rises = np.where(shared, _RISE * knots[:, 1:] + _SMALLEST, least)
        widths = np.where(gaps > least, gaps, rises)
        self.inverse_widths.assign(1.0 / np.concatenate([widths, ends], axis=1))
        deviations = np.log(np.maximum(values, _SMALLEST)).std(axis=0, keepdims=True).T
        doubled = np.log(2.0) * _BEYOND / np.maximum(deviations, 1e-3)
        inside = np.full(widths.shape, highest / (_KNOTS - 1))
        self.steps.assign(np.concatenate([inside, np.repeat(doubled, _DOUBLINGS, axis=1)], axis=1))
        return self

    def _values(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        values = [score.on_training_rows(inputs) if training else score(inputs) for score in self.scores]
        return ops.stack(values, axis=1)

    def _evidence(self, values: Any) -> Any:
        """Return the evidence of scores in nats, `(batch, scores)`."""
        share = ops.clip((values[:, :, None] - self.starts) * self.inverse_widths, 0.0, 1.0)
        return ops.sum(share * self.steps, axis=2)

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return ops.sum(self._evidence(self._values(inputs)), axis=1)

    def on_training_rows(self, inputs: Mapping[str, Any]) -> Any:
        return ops.sum(self._evidence(self._values(inputs, training=True)), axis=1)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        evidence = self._evidence(self._values(inputs))
        total = 0.0
        for number, score in enumerate(self.scores):
            parts = score.features(inputs)
            share = parts / ops.maximum(ops.sum(parts, axis=1, keepdims=True), 1e-30)
            total = total + share * evidence[:, number : number + 1]
        return total

    def broken(self, inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray | None:
        return first_rules(self.scores, inputs, number)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scores": stored(self.scores)}


def _shared(values: np.ndarray, knots: np.ndarray) -> np.ndarray:
    """Return which knots are the score of several rows, `(knots,)`."""
    ordered = np.sort(values)
    upper = np.searchsorted(ordered, (1 + _NEAREST) * knots + _SMALLEST, "right")
    return np.asarray(upper - np.searchsorted(ordered, knots, "left") > 1)
