"""Several anomaly scores as one."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from kerasae import registry
from kerasae.scores._base import Accounts, Score


@keras.saving.register_keras_serializable(package="kerasae")
class CombinationScore(Score):
    """`exp` of the mean of several scores, each as its logarithm in deviations from that of normal rows.

    Scores of different units are brought to one: `e` is a deviation of the logarithm above its mean, 1
    the mean. What a feature adds is its share of each score, on the average.

    Args:
        scores: names, dicts with `name` and arguments, or scores.

    Reference: Aggarwal and Sathe 2015, SIGKDD Explorations 17(1), for averages of standardised scores.
    """

    unit: ClassVar[str | None] = "power of e, 1 for a usual row and e for one deviation above it"
    needs: ClassVar[tuple[str, ...]] = ("code", "residual")

    def __init__(self, *, scores: Sequence[Any] = ("whitened", "nearest_neighbours"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(scores, str) or len(scores) < 2:
            raise ValueError(f"`scores` must be a list of at least two scores, received {scores!r}.")
        self.scores = [
            keras.saving.deserialize_keras_object(one) if _serialized(one) else registry.get("score", one)
            for one in scores
        ]
        if odd := [one for one in self.scores if not isinstance(one, Score)]:
            raise ValueError(f"`scores` must be names of scores or dicts with a `name`, received {odd[0]!r}.")
        if wrong := [type(one).__name__ for one in self.scores if not one.positive]:
            raise ValueError(f"`scores` must be of scores that are never negative, received {wrong[0]}.")
        self.needs = tuple(dict.fromkeys(key for one in self.scores for key in one.needs))  # type: ignore[misc]
        self.in_graph = all(one.in_graph for one in self.scores)  # type: ignore[misc]

    def build(self, input_shape: Any) -> None:
        for one in self.scores:
            if not one.built:
                one.build(input_shape)
        shape = (len(self.scores),)
        self.center = self.add_weight(shape=shape, trainable=False, name="center", initializer="zeros")
        self.scale = self.add_weight(shape=shape, trainable=False, name="scale", initializer="ones")
        super().build(input_shape)

    def adapt(self, accounts: Accounts, least: np.ndarray | None = None) -> Self:
        for one in self.scores:
            one.adapt(accounts, least)
        super().adapt(accounts)
        parts = [self._logarithms(self.taken(part), training=True) for part in accounts()]
        found = np.concatenate([ops.convert_to_numpy(part) for part in parts])
        self.center.assign(found.mean(axis=0))
        self.scale.assign(np.maximum(found.std(axis=0), 1e-6))
        return self

    def _logarithms(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        found = [one.on_training_rows(inputs) if training else one(inputs) for one in self.scores]
        columns = [ops.log(ops.maximum(one, 1e-12)) for one in found]
        return ops.stack(columns, axis=1)

    def call(self, inputs: Mapping[str, Any]) -> Any:
        mean = ops.mean((self._logarithms(inputs) - self.center) / self.scale, axis=1)
        # Within what a float holds: beyond e^80 nothing is odder.
        return ops.exp(ops.clip(mean, -80.0, 80.0))

    def features(self, inputs: Mapping[str, Any]) -> Any:
        parts = [one.features(inputs) for one in self.scores]
        shares = [part / ops.maximum(ops.sum(part, axis=1, keepdims=True), 1e-30) for part in parts]
        return ops.mean(ops.stack(shares), axis=0) * self.call(inputs)[:, None]

    def get_config(self) -> dict[str, Any]:
        scores = [keras.saving.serialize_keras_object(one) for one in self.scores]
        return {**super().get_config(), "scores": scores}


def _serialized(value: Any) -> bool:
    return isinstance(value, dict) and "class_name" in value
