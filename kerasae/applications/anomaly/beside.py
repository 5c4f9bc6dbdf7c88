"""SimpleDetector: a way to detect anomalies without a model, judged as a detector of a model is."""

from typing import Any, Self

import numpy as np

from kerasae.applications.anomaly._labels import anomalous, normal_rows, only_normal, usual_label
from kerasae.applications.anomaly.timeline import AlarmSettings, folded_block, stamp_scores
from kerasae.baselines import DetectingBaseline
from kerasae.data import Data, has_label
from kerasae.thresholds import Threshold


class SimpleDetector:
    """Baseline that detects anomalies, with a threshold and a rule of alarms as a detector of a model has.

    Args:
        baseline: Fitted baseline.
        data: Data whose preprocessor gives `x`.
        normal: Label of the normal rows; `None` for all rows.
    """

    threshold_: float
    fitted_stamps_: Threshold
    alarm_rule_: AlarmSettings
    fold: str

    def __init__(self, baseline: DetectingBaseline, data: Data, normal: Any) -> None:
        self._baseline, self._data, self._normal = baseline, data, normal
        self.title = baseline.title

    def calibrate(self, threshold: Any, alarm_rule: AlarmSettings, fold: str = "last") -> Self:
        """Fit a threshold on the calibration rows, and return the object.

        Args:
            threshold: Threshold that is not fitted yet.
            alarm_rule: When alarms begin and end.
            fold: How the scores of the windows that hold a time stamp are folded. Defaults to `"last"`.
        """
        self.alarm_rule_, self.fold = alarm_rule, fold
        split = only_normal(self._data.calibration, None if threshold.supervised else self._normal)
        rows = normal_rows(self._data, "calibration", None if threshold.supervised else self._normal)
        scores, labels = np.concatenate([self.score_samples(raw) for raw in rows]), None
        if (stamps := stamp_scores(split, scores, fold)) is not None:
            scores = stamps
        if threshold.supervised and (given := self._data.calibration.labels) is not None:
            known = has_label(given)
            scores, labels = scores[known], self.anomalous_labels(given[known])
        threshold.fit(scores, labels, folded_block(split.block, fold))
        self.fitted_stamps_ = threshold
        self.threshold_ = threshold.threshold_
        return self

    def score_samples(self, raw: Any) -> np.ndarray:
        """Score raw examples, `(rows,)`; higher is more abnormal."""
        return self._baseline.score_samples(self._data.to_x(raw))

    def anomalous_labels(self, labels: np.ndarray) -> np.ndarray:
        """Return whether labels are those of anomalies, `(rows,)`, bool; False for a row without a label."""
        return anomalous(labels, self._normal, usual_label(self._data.train.labels))


def simple_detectors(data: Data, normal: Any) -> dict[str, SimpleDetector]:
    """Return the ways without a model that suit the data, fitted on normal training rows, by name.

    They have no threshold yet. There are none without a calibration split, which sets it.

    Args:
        data: Data with a training split.
        normal: Label of the normal rows; `None` for all rows.
    """
    baselines = DetectingBaseline.all_for(data.spec)
    if not baselines or not len(data.calibration):
        return {}
    few = data.drawn("train", max(one.most_rows for one in baselines))
    x = np.concatenate([few.to_x(raw) for raw in normal_rows(few, "train", normal, usual=True)])
    return {one.name: SimpleDetector(one.fit(x[: one.most_rows]), data, normal) for one in baselines}


def known_truth(data: Data, normal: Any) -> tuple[np.ndarray, np.ndarray] | None:
    """Return which test rows have a label, and which of these are anomalies; `None` if not both kinds exist.

    Args:
        data: Data with a test split.
        normal: Label of the normal rows. `None` counts the rarer of two labels of the training rows as the
            anomaly.

    Returns:
        Two arrays of booleans, `(rows,)` and `(labelled rows,)`.
    """
    if (labels := data.test.labels) is None:
        return None
    known = has_label(labels)
    truth = anomalous(labels[known], normal, usual_label(data.train.labels))
    return (known, truth) if truth.any() and not truth.all() else None
