"""Detector: a fitted score, its calibration and its threshold, as one file."""

import functools
import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasae.calibration import SIZE, Calibration
from kerasae.keras_classes import Model
from kerasae.losses import HIGHEST, comparable, greatest
from kerasae.scores._base import Score
from kerasae.scores._expectation import Expectation

#: Number of features that `reasons` names.
REASONS = 3


@keras.saving.register_keras_serializable(package="kerasae")
class Detector(Model):
    """Decides from the account of an example, which a codec computes, whether it is an anomaly.

    Three weights hold what `calibrate` sets: `threshold`, a scalar, and `calibration` and
    `calibration_counts`, each `(512,)`, the scores of normal rows and their numbers as in
    `kerasae.calibration`. All are float32. An artifact is calibrated for another site by overwriting these
    numbers. They hold the rows that are added for a block of windows, too. All methods except `calibrate` can
    run inside a graph of operations that TFLite has.

    Args:
        score: Fitted score, or its config.
        expectation: Fitted expectation, or its config. Defaults to `None`: reasons come without an expected
            value.
        false_alarms: Share of new normal rows that the threshold should flag, which `calibrate` sets.
            Defaults to `None`, for a threshold that is not set by this share.
        block: Number of successive calibration rows that may depend on each other, from 1, which `calibrate`
            sets. Defaults to 1.
        channels: Number of channels of a window, whose features are the steps by the channels. A channel is
            then one reason, and its share is that of all its steps. Defaults to `None`: each feature is a
            reason.
        alarm: Arguments of `kerasae.calibration.AlarmRule` but the threshold, by which a stream of windows
            gives alarms. Defaults to `None`: an alarm lasts as long as scores are above the threshold.
        fold: How a report folds the scores of the windows that hold a time stamp. The detector itself judges
            single windows, so that an export refuses any other than `"last"`, which is the default.

    Call arguments:
        inputs: Result of `Autoencoder.account`, a dict of `code`, `residual`, `nll` and, for a table,
            `missing`.

    Returns:
        The finite score, `(batch,)`; `HIGHEST` for an example that cannot be scored.
    """

    def __init__(
        self,
        score: Score | dict[str, Any],
        expectation: Expectation | dict[str, Any] | None = None,
        *,
        false_alarms: float | None = None,
        block: int = 1,
        channels: int | None = None,
        alarm: dict[str, Any] | None = None,
        fold: str = "last",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.channels = channels
        self.alarm = None if alarm is None else dict(alarm)
        self.fold = fold
        self.score: Any = _restored(score)
        self.expectation: Any = _restored(expectation)
        self.false_alarms = false_alarms
        self.block = block
        #: Threshold; an example with a higher score is an anomaly. Infinite before `calibrate`.
        self.threshold: Any = self._number("threshold", (), np.inf)
        self.calibration: Any = self._number("calibration", (SIZE,), HIGHEST)
        self.calibration_counts: Any = self._number("calibration_counts", (SIZE,), 0.0)

    def _number(self, name: str, shape: tuple[int, ...], value: float) -> Any:
        start = keras.initializers.Constant(value)
        return self.add_weight(shape=shape, initializer=start, dtype="float32", trainable=False, name=name)

    # Calibration ---------------------------------------------------------------------------------

    def calibrate(
        self, scores: np.ndarray, threshold: float, false_alarms: float | None = None, block: int = 1
    ) -> None:
        """Set threshold and calibration.

        Args:
            scores: Scores of normal rows that the training did not see, `(rows,)`.
            threshold: Threshold; an example with a higher score is an anomaly.
            false_alarms: Share of new normal rows that the threshold should flag. Defaults to `None`, for a
                threshold that is not set by this share.
            block: Number of successive rows that may depend on each other, from 1. Defaults to 1.
        """
        calibration = Calibration.of(scores, block)
        self.threshold.assign(threshold)
        self.calibration.assign(calibration.scores)
        self.calibration_counts.assign(calibration.counts)
        self.false_alarms, self.block = false_alarms, block

    @property
    def kept(self) -> Calibration:
        """Scores of the calibration rows, as NumPy arrays."""
        scores, counts = map(ops.convert_to_numpy, (self.calibration, self.calibration_counts))
        return Calibration(scores, counts, self.block)

    @property
    def calibration_rows(self) -> int:
        """Number of normal rows of the calibration; 0 before `calibrate`."""
        return self.kept.rows

    def _read(self, name: str) -> Any:
        """Return a weight as a tensor, which has its name in an artifact too."""
        with keras.name_scope(name):
            return ops.copy(getattr(self, name))

    # Score and decision --------------------------------------------------------------------------

    def call(self, inputs: Mapping[str, Any]) -> Any:
        entries = self.score.taken(inputs)
        # The score of inputs that are not finite may be finite, because maxima and int8 lose NaN.
        scorable = [ops.all(_finite(part), axis=1) for part in entries.values()]
        if "missing" in entries:
            # A row without any entry cannot be scored.
            scorable.append(ops.any(entries["missing"] < 0.5, axis=1))
        score = comparable(self.score(entries))
        return ops.where(functools.reduce(ops.logical_and, scorable), score, ops.full_like(score, HIGHEST))

    def p_value(self, score: Any) -> Any:
        """Return the conformal p-value of scores, `(batch,)`, as `Calibration.p_values` does."""
        at_least = ops.greater_equal(self._read("calibration"), ops.expand_dims(comparable(score), 1))
        counts = self._read("calibration_counts")
        above, below = (
            ops.sum(ops.where(rows, counts, 0.0), axis=1) for rows in (at_least, ops.logical_not(at_least))
        )
        # A converter would replace the sum of all counts by a number, which no new calibration reaches.
        return (1.0 + above) / (1.0 + above + below)

    def anomalous(self, score: Any, threshold: Any = None, false_alarms: Any = None) -> Any:
        """Return whether scores are those of anomalies, bool; a NaN is.

        Args:
            score: Scores, `(batch,)`.
            threshold: Threshold in place of the calibrated one, a scalar or `(batch,)`. Where it is not
                finite it is as if it were not given. Defaults to `None`.
            false_alarms: Share of new normal rows that may be flagged, a scalar or `(batch,)`. A row is
                flagged if its p-value is at most this share. Where it is NaN or not positive, and where
                `threshold` is given, it is as if it were not given. Defaults to `None`.
        """
        score = comparable(score)
        flagged = ops.greater(score, self._read("threshold"))
        if false_alarms is not None:
            # A row that cannot be scored is flagged, also where too few rows are known for the rate.
            improbable = ops.logical_or(
                ops.less_equal(self.p_value(score), false_alarms), ops.greater_equal(score, HIGHEST)
            )
            flagged = ops.where(ops.greater(false_alarms, 0.0), improbable, flagged)
        if threshold is not None:
            flagged = ops.where(_finite(threshold), ops.greater(score, threshold), flagged)
        return flagged

    # Reasons -------------------------------------------------------------------------------------

    def features(self, inputs: Mapping[str, Any]) -> Any:
        """Return the contribution of each feature to the score, `(batch, features)`."""
        # An export finds the products inside a score by its name, and keeps them in float32.
        with keras.name_scope(self.score.name):
            return self.score.features(self.score.taken(inputs))

    def maps(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the score knows of each place of an example, by name; see `Score.maps`."""
        with keras.name_scope(self.score.name):
            answers: dict[str, Any] = self.score.maps(self.score.taken(inputs))
        return answers

    def shares(self, inputs: Mapping[str, Any], score: Any, sound: Any = None) -> Any:
        """Return the share of each feature in the score, `(batch, features)`, in [0, 1] with sum 1.

        A density may exceed 1, so a contribution may be negative: shares are of the positive ones. If there
        is none, all shares are 0. An example that cannot be scored is explained by its unsound entries alone.

        Args:
            inputs: Result of `Autoencoder.account`.
            score: Scores of the same examples, `(batch,)`.
            sound: Whether an entry is a finite number, `(batch, features)`; others make an example impossible
                to score. Defaults to `None`: the entry has a finite residual, and is not missing.
        """
        added = self.features(inputs)
        finite = _finite(added)
        if sound is None:
            sound = _finite(inputs["residual"])
            if "missing" in inputs:
                sound = ops.logical_and(sound, inputs["missing"] < 0.5)
        # Converters turn the negation of a comparison into the opposite one, which is false for NaN too.
        unsound = ops.where(sound, 0.0, 1.0)
        # Some numbers are finite, but so extreme that the score is not.
        some = ops.max(unsound, axis=1, keepdims=True) > 0.5
        blamed = ops.where(some, unsound, ops.where(finite, 0.0, 1.0))
        known = ops.where(finite, ops.maximum(added, 0.0), 0.0)
        parts = ops.where(ops.expand_dims(ops.greater_equal(score, HIGHEST), 1), blamed, known)
        # The sum of great contributions would overflow.
        parts = parts / ops.maximum(ops.max(parts, axis=1, keepdims=True), 1e-30)
        return parts / ops.maximum(ops.sum(parts, axis=1, keepdims=True), 1e-30)

    def reasons(
        self, inputs: Mapping[str, Any], score: Any, sound: Any = None, most: int = REASONS
    ) -> tuple[Any, Any]:
        """Return the strongest reasons for the scores, the first one first.

        Args:
            inputs: Result of `Autoencoder.account`.
            score: Scores of the same examples, `(batch,)`.
            sound: Whether an entry is a finite number, as for `shares`. Defaults to `None`.
            most: Number of reasons. Defaults to 3. There are fewer if an example has fewer features.

        Returns:
            The numbers of the features, `(batch, reasons)`, int32, and their shares of the score. If shares
            are equal, the lower number is first. With `channels`, a number is that of the step with the
            greatest share of its channel, and the share is that of the channel.
        """
        shares = self.shares(inputs, score, sound)
        if self.channels is not None:
            return self._by_channel(shares, most)
        share, number = ops.top_k(shares, min(most, shares.shape[1]))
        return ops.cast(number, "int32"), share

    def broken(self, inputs: Mapping[str, Any], number: np.ndarray) -> np.ndarray | None:
        """Return the rules that entries break, `(rows, reasons)`; see `Score.broken`."""
        return self.score.broken(self.score.taken(inputs), number)

    def _by_channel(self, shares: Any, most: int) -> tuple[Any, Any]:
        """Return the strongest channels, each as the number of its strongest feature, and their shares."""
        channels = self.channels or 1
        steps = shares.shape[1] // channels
        by_channel = ops.transpose(ops.reshape(shares, (-1, steps, channels)), (0, 2, 1))
        share, channel = ops.top_k(ops.sum(by_channel, axis=2), min(most, channels))
        chosen = ops.expand_dims(ops.one_hot(channel, channels), -1)
        step = greatest(ops.sum(chosen * ops.expand_dims(by_channel, 1), axis=2))
        return step * channels + ops.cast(channel, "int32"), share

    # Storage -------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        if not self.score.built:
            self.score.build(input_shape)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        config = {
            "score": keras.saving.serialize_keras_object(self.score),
            "expectation": keras.saving.serialize_keras_object(self.expectation),
            "false_alarms": self.false_alarms,
            "block": self.block,
            "channels": self.channels,
            "alarm": self.alarm,
            "fold": self.fold,
        }
        return {**super().get_config(), **config}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "Detector":
        if "threshold" in config:
            raise ValueError(
                "Expected a detector with its calibration, received one that was fitted before detectors "
                "kept it; fit it again (`kerasae apply anomaly RUN --refit`)."
            )
        return cls(**config)


def _restored(part: Any) -> Any:
    return keras.saving.deserialize_keras_object(part) if isinstance(part, dict) else part


def _finite(values: Any) -> Any:
    # In TFLite a comparison is the only test for NaN that no conversion removes.
    return ops.less(ops.abs(values), math.inf)
