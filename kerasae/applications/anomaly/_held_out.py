"""judged: scores of rows that the model has not seen, by which a threshold is set."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kerasae import registry
from kerasae.applications.anomaly.timeline import ChannelSpread, stamp_scores
from kerasae.data import Data, has_label
from kerasae.losses import HIGHEST
from kerasae.preprocessing import slices
from kerasae.thresholds import Threshold

if TYPE_CHECKING:
    from kerasae.applications.anomaly.estimator import AnomalyDetector


class Judged(NamedTuple):
    """Scores of rows that the model has not seen.

    Attributes:
        scores: Scores, `(rows,)`.
        labels: Whether each row is an anomaly, `(rows,)`; `None` unless the threshold is fitted on labels.
        spread: Spread of the residual of the last reading of each channel of a window, `(channels,)`, in `x`.
        block: Number of successive rows that share readings.
        stamps: Folded scores of the rows, `(rows,)`; `None` if nothing is folded.
    """

    scores: np.ndarray
    labels: np.ndarray | None
    spread: np.ndarray
    block: int
    stamps: np.ndarray | None


def check_calibration(detector: "AnomalyDetector", data: Data, threshold: Threshold) -> None:
    """Raise a ValueError if there are too few rows for a threshold, before anything is computed.

    Args:
        detector: Detector before `fit`. With `cross_fit`, the folds of the training rows are held out too,
            but for a threshold that is fitted on labels.
        data: Data of the detector.
        threshold: Threshold.
    """
    if detector.cross_fit and not threshold.supervised:
        threshold.check_rows(len(data.train) + len(data.calibration), data.train.block)
        return
    if not len(data.calibration):
        raise ValueError(
            "Expected calibration rows, which the training does not use, for the threshold, received "
            "none; train again, with --set data.calibration=0.1 or more."
        )
    if threshold.supervised:
        return
    rows: Any = detector.calibration_rows(data)
    if len(rows):
        threshold.check_rows(len(rows), rows.block)
        if hasattr(rows, "whole") and registry.get("score", detector.score_of(data.spec)).any_size:
            threshold.check_rows(len(rows.whole()))


def judged(
    detector: "AnomalyDetector", data: Data, unseen: list[dict[str, np.ndarray]], threshold: Threshold
) -> Judged:
    """Score the calibration split, and training rows by their accounts.

    Args:
        detector: Detector with a fitted score.
        data: Data of the detector.
        unseen: Accounts of training rows by models that have not seen them, in parts. They have no labels, so
            a threshold that is fitted on labels does without them.
        threshold: Threshold.
    """
    split, labels = data.calibration, None
    spread = ChannelSpread(data.spec)
    parts: list[np.ndarray] = []
    if unseen and not threshold.supervised:
        parts += [adapted(detector, spread.seen(part)) for part in unseen]
    if len(split):
        rest = detector.accounts(data, "calibration", everything=threshold.supervised)
        parts += [detector.scores(spread.seen(part)) for part in rest]
    scores = np.concatenate(parts)
    stamps = None
    if len(split) and not unseen:
        rows = split if threshold.supervised else detector.calibration_rows(data)
        stamps = stamp_scores(rows, scores, detector.fold)
    if split.labels is not None and threshold.supervised:
        known = has_label(split.labels)
        scores, labels = scores[known], detector.anomalous_labels(split.labels[known])
        stamps = None if stamps is None else stamps[known]
    block = max(split.block, detector.detector_.score.block if unseen else 1)
    return Judged(scores, labels, spread.value, block, stamps)


def adapted(detector: "AnomalyDetector", account: Mapping[str, np.ndarray]) -> np.ndarray:
    """Score examples to which the score was adapted, each as if it had not been, `(rows,)`."""
    usual, score = detector.scores(account), detector.detector_.score
    parts = [score.on_training_rows(score.taken(part)) for part in slices(account, 2048)]
    return np.where(usual >= HIGHEST, usual, np.concatenate([np.asarray(part, "float64") for part in parts]))
