"""A score of the residual, and the evidence that an entry is outside of the training rows."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from kerasae import registry
from kerasae.scores._base import Accounts, Score
from kerasae.scores.support import SupportScore

#: Assumed length of the tail of the scores of new rows, as a multiple of that of training rows.
_LONGER = 3.0
#: Number of doublings of a score beyond `q_95`, and the smallest score that is not 0.
_DOUBLINGS, _SMALLEST = 40, 1e-9
#: Smallest number of new rows. One of twenty lies beyond the quantile 95 %.
_ENOUGH = 20


@keras.saving.register_keras_serializable(package="kerasae")
class SupportedScore(Score):
    """`s(r) + t sum_j e_j(x)`: a score `s` of the residual, and the evidence `e_j` of `SupportScore` in nats.

    A model reconstructs a row from what is usual together, so a small negative price, a word with a typing
    error, or a drop-off before the pick-up may leave a small residual. The training rows alone show that no
    row has such an entry.

    `t` converts nats into units of `s`. It is the growth of a score that makes it less probable by a factor
    e, if the scores have an exponential tail: `(q_95 - q_50) / log 10` of normal rows that the weights have
    not seen (`adapt_to_new`). `AnomalyDetector` takes the validation rows. If there are fewer than twenty, as
    in `AutoencoderDetector` and in a combination of scores, which have none, `t` is `3 (q_95 - q_90) / log 2`
    of the training rows. This is a guess: the tail of new rows is as long as that of training rows on
    `airquality`, a table of `benchmarks/faults`, and twelve to eighteen times as long on `titanic`. The rule
    for new rows was chosen there, on the protocol `clean` with seeds 0 and 1.

    Above `q_95` the scores of normal rows have a longer tail than that, and a row with an evidence of 7 nats
    would not be among the highest. There a score grows by `2 log 2` nats as often as it doubles, as in a
    tail with a finite variance. It is linear between two doublings and ends after the fortieth. The order of
    rows without evidence stays the same, and a score up to `q_95` is unchanged.

    Args:
        score: Member of `kerasae.scores` that is never negative, as a name, a dict with `name` and arguments,
            or an object. Defaults to `"whitened"`.

    Raises:
        ValueError: If `score` is no score, or may be negative.
    """

    def __init__(self, *, score: Any = "whitened", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        serialized = isinstance(score, dict) and "class_name" in score
        self.score: Any = (
            keras.saving.deserialize_keras_object(score) if serialized else registry.get("score", score)
        )
        if not isinstance(self.score, Score):
            raise ValueError(
                f"`score` must be the name of a score or a dict with a `name`, received {score!r}."
            )
        if not self.score.positive:
            raise ValueError(
                f"`score` must be a score that is never negative, received {type(self.score).__name__}; take "
                "another score."
            )
        self.support = SupportScore()
        self.needs: tuple[str, ...] = tuple(  # type: ignore[misc]
            dict.fromkeys((*self.score.needs, *self.support.needs))
        )
        self.unit = self.score.unit  # type: ignore[misc]
        self.in_graph = self.score.in_graph  # type: ignore[misc]

    def suit(self, preprocessor: Any) -> None:
        self.score.suit(preprocessor)
        self.support.suit(preprocessor)

    def build(self, input_shape: Any) -> None:
        for part in (self.score, self.support):
            if not part.built:
                part.build(input_shape)

        def weight(name: str, *shape: int) -> Any:
            return self.add_weight(shape=shape, trainable=False, name=name, initializer="zeros")

        self.per_nat: Any = weight("per_nat")
        #: Starts of the intervals of the tail, the inverse of their widths, and what a score grows in each.
        self.starts, self.inverse_widths = weight("starts", _DOUBLINGS), weight("inverse_widths", _DOUBLINGS)
        self.steps = weight("steps", _DOUBLINGS)
        super().build(input_shape)

    def get_build_config(self) -> dict[str, Any]:
        return {**super().get_build_config(), "support": self.support.get_build_config()}

    def build_from_config(self, config: dict[str, Any]) -> None:
        self.support.build_from_config(config.pop("support"))
        super().build_from_config(config)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        self.score.block = self.block
        self.score.adapt(accounts, least)
        self.support.adapt(accounts, least)
        super().adapt(accounts, least)
        scores = _finite(self.score.on_training_rows(self.score.taken(part)) for part in accounts())
        middle, low, high = np.quantile(scores, [0.5, 0.9, 0.95])
        self._set(middle, _LONGER * (high - low) / np.log(2.0))
        return self

    def adapt_to_new(self, accounts: Accounts) -> Self:
        if self.score.reads_new_rows:
            self.score.adapt_to_new(accounts)
        scores = _finite(self.score(self.score.taken(part)) for part in accounts())
        if len(scores) >= _ENOUGH:
            middle, high = np.quantile(scores, [0.5, 0.95])
            self._set(middle, (high - middle) / np.log(10.0))
        return self

    def _set(self, middle: float, per_nat: float) -> None:
        """Set the worth of a nat, and the tail of the score from `q_95` on."""
        self.per_nat.assign(per_nat)
        begin = max(middle + np.log(10.0) * per_nat, _SMALLEST)
        starts = begin * 2.0 ** np.arange(_DOUBLINGS)
        self.starts.assign(starts)
        self.inverse_widths.assign(1.0 / starts)
        self.steps.assign(np.full(_DOUBLINGS, 2.0 * np.log(2.0) * per_nat))

    def _bent(self, scores: Any) -> Any:
        """Return scores `s` as far as `q_95`, and beyond it by doublings, `(batch,)`."""
        share = ops.clip((scores[:, None] - self.starts) * self.inverse_widths, 0.0, 1.0)
        return ops.minimum(scores, self.starts[0]) + ops.sum(share * self.steps, axis=1)

    def on_training_rows(self, inputs: Mapping[str, Any]) -> Any:
        return self._bent(self.score.on_training_rows(inputs)) + self.per_nat * self.support(inputs)

    def call(self, inputs: Mapping[str, Any]) -> Any:
        return self._bent(self.score(inputs)) + self.per_nat * self.support(inputs)

    def features(self, inputs: Mapping[str, Any]) -> Any:
        scores = ops.maximum(self.score(inputs), _SMALLEST)
        share = ops.expand_dims(self._bent(scores) / scores, axis=1)
        return share * self.score.features(inputs) + self.per_nat * self.support.features(inputs)

    def broken(self, inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray:
        return self.support.broken(inputs, number)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "score": keras.saving.serialize_keras_object(self.score)}


def _finite(parts: Iterable[Any]) -> np.ndarray:
    """Return the finite ones among scores that come in parts, `(rows,)`."""
    scores = np.concatenate([ops.convert_to_numpy(part) for part in parts])
    return scores[np.isfinite(scores)]
