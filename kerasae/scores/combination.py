"""Combination of several anomaly scores."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae.scores._base import Accounts, Score
from kerasae.scores._several import first_rules, several, stored


@keras.saving.register_keras_serializable(package="kerasae")
class CombinationScore(Score):
    """`exp` of the mean of the standardised logarithms of several scores.

    The logarithm of each score is standardised with its mean and standard deviation on the training rows.
    Scores with different units thus become comparable: 1 is the mean, and `e` is one standard deviation above
    it. The contribution of a feature is its mean share of the scores.

    Args:
        scores: At least two scores, each as a name, a dict with `name` and arguments, or an object. None of
            them may be negative. Defaults to `("whitened", "nearest_neighbours")`.

    Reference: Aggarwal and Sathe 2015, SIGKDD Explorations 17(1), for averages of standardised scores.
    """

    unit: ClassVar[str | None] = "power of e, 1 for a usual row and e for one deviation above it"
    needs: ClassVar[tuple[str, ...]] = ("code", "residual")

    def __init__(self, *, scores: Sequence[Any] = ("whitened", "nearest_neighbours"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scores = several(scores, least=2)
        self.needs = tuple(dict.fromkeys(key for score in self.scores for key in score.needs))  # type: ignore[misc]
        self.in_graph = all(score.in_graph for score in self.scores)  # type: ignore[misc]

    def build(self, input_shape: Any) -> None:
        for score in self.scores:
            if not score.built:
                score.build(input_shape)
        shape = (len(self.scores),)
        self.center = self.add_weight(shape=shape, trainable=False, name="center", initializer="zeros")
        self.scale = self.add_weight(shape=shape, trainable=False, name="scale", initializer="ones")
        super().build(input_shape)

    def suit(self, preprocessor: Any) -> None:
        for score in self.scores:
            score.suit(preprocessor)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        for score in self.scores:
            score.block = self.block
            score.adapt(accounts, least)
        super().adapt(accounts)
        parts = [self._logarithms(self.taken(part), training=True) for part in accounts()]
        logarithms = np.concatenate([ops.convert_to_numpy(part) for part in parts])
        self.center.assign(logarithms.mean(axis=0))
        self.scale.assign(np.maximum(logarithms.std(axis=0), 1e-6))
        return self

    def _logarithms(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        values = [score.on_training_rows(inputs) if training else score(inputs) for score in self.scores]
        columns = [ops.log(ops.maximum(value, 1e-12)) for value in values]
        return ops.stack(columns, axis=1)

    def call(self, inputs: Mapping[str, Any]) -> Any:
        mean = ops.mean((self._logarithms(inputs) - self.center) / self.scale, axis=1)
        # Beyond e^80 a float32 would overflow.
        return ops.exp(ops.clip(mean, -80.0, 80.0))

    def features(self, inputs: Mapping[str, Any]) -> Any:
        parts = [score.features(inputs) for score in self.scores]
        shares = [part / ops.maximum(ops.sum(part, axis=1, keepdims=True), 1e-30) for part in parts]
        return ops.mean(ops.stack(shares), axis=0) * self.call(inputs)[:, None]

    def broken(self, inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray | None:
        return first_rules(self.scores, inputs, number)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scores": stored(self.scores)}
