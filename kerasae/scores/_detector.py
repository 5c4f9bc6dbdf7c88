"""Detector: a fitted score and its threshold, as one file."""

import functools
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.keras_classes import Model
from kerasae.losses import HIGHEST, comparable
from kerasae.scores._base import Score


@keras.saving.register_keras_serializable(package="kerasae")
class Detector(Model):
    """Decides from the account of an example, which a codec computes, whether it is an anomaly.

    Args:
        score: Fitted score, or its config.
        threshold: Threshold; an example with a higher score is an anomaly.
        false_alarms: Share of new normal rows that the threshold should flag. Defaults to `None`, for a
            threshold that is not set by this share.
        calibration_rows: Number of rows on which the threshold was fitted. Defaults to `None`, unknown.

    Call arguments:
        inputs: Result of `Autoencoder.account`, a dict of `code`, `residual`, `nll` and, for a table,
            `missing`.

    Returns:
        The finite score, `(batch,)`; `HIGHEST` for an example that cannot be scored.
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
        entries = self.score.taken(inputs)
        # The score of inputs that are not finite may be finite, because maxima and int8 lose NaN.
        scorable = [ops.all(ops.less(ops.abs(part), float("inf")), axis=1) for part in entries.values()]
        if "missing" in entries:
            # A row without any entry cannot be scored.
            scorable.append(ops.any(entries["missing"] < 0.5, axis=1))
        score = comparable(self.score(entries))
        return ops.where(functools.reduce(ops.logical_and, scorable), score, ops.full_like(score, HIGHEST))

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """Return the contribution of each feature to the score, `(batch, features)`."""
        return self.score.features(self.score.taken(inputs))

    def anomalous(self, score: Any) -> Any:
        """Return whether scores exceed the threshold, bool; a NaN does. It is safe in a graph."""
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
