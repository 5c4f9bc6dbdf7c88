"""Detector: a fitted score and its threshold, as one file."""

import functools
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.losses import HIGHEST, comparable
from kerasae.scores._base import Score


@keras.saving.register_keras_serializable(package="kerasae")
class Detector(keras.Model):
    """What decides whether an example is anomalous, once a codec has explained it.

    Args:
        score: a fitted score, or its config.
        threshold: above it, strictly, an example is anomalous.
        false_alarms: Share of new normal rows that the threshold is meant to flag; `None` where it is
            not found from one.
        calibration_rows: Number of rows that the threshold was found from; `None` if unknown.

    Call arguments:
        inputs: a dict as `Autoencoder.account` gives it: `code`, `residual`, `nll`, of tables `missing`.

    Returns:
        The score, `(batch,)`: finite, and `HIGHEST` for an example that cannot be judged.
    """

    def __init__(
        self,
        score: Score | dict[str, Any],
        threshold: float,
        *,
        false_alarms: float | None = None,
        calibration_rows: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.score: Any = keras.saving.deserialize_keras_object(score) if isinstance(score, dict) else score
        self.threshold = float(threshold)
        self.false_alarms, self.calibration_rows = false_alarms, calibration_rows

    def call(self, inputs: Mapping[str, Any]) -> Any:
        needed = self.score.taken(inputs)
        # A score of what is not finite may be finite itself: maxima and int8 lose NaN on the way.
        told = [ops.all(ops.less(ops.abs(part), float("inf")), axis=1) for part in needed.values()]
        if "missing" in needed:
            # Of a row without any entry nothing can be said.
            told.append(ops.any(needed["missing"] < 0.5, axis=1))
        score = comparable(self.score(needed))
        return ops.where(functools.reduce(ops.logical_and, told), score, ops.full_like(score, HIGHEST))

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """What each feature adds to the score, `(batch, features)`."""
        return self.score.features(self.score.taken(inputs))

    def anomalous(self, score: Any) -> Any:
        """Whether scores exceed the threshold, bool; safe in a graph. A score that is NaN does."""
        return ops.greater(comparable(score), np.float32(self.threshold))

    def build(self, input_shape: Any) -> None:
        if not self.score.built:
            self.score.build(input_shape)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        config = {
            "score": keras.saving.serialize_keras_object(self.score),
            "threshold": self.threshold,
            "false_alarms": self.false_alarms,
            "calibration_rows": self.calibration_rows,
        }
        return {**super().get_config(), **config}
