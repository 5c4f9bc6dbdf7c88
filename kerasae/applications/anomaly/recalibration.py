"""recalibrate: a fitted detector with a new threshold, from normal rows of another place."""

from typing import Any

import numpy as np

from kerasae.applications.anomaly.estimator import AnomalyDetector
from kerasae.applications.anomaly.timeline import stamp_scores
from kerasae.data import Examples


def recalibrate(detector: AnomalyDetector, rows: Examples, false_alarms: float) -> AnomalyDetector:
    """Set the threshold of a fitted detector again, to a conformal one. Its score does not change.

    Args:
        detector: Fitted detector, which is changed.
        rows: Normal rows.
        false_alarms: Share of new normal rows that may be flagged, in (0, 1).

    Returns:
        The detector.
    """
    scores = np.concatenate([detector.score_samples(raw) for raw in rows.chunks()])
    detector.threshold, detector.false_alarms = "conformal", false_alarms
    # The rows are new: what was doubtful about the former ones says nothing of them.
    state: dict[str, Any] = {
        "scores": scores,
        "labels": None,
        "stamps": stamp_scores(rows, scores, detector.fold),
        "block": rows.block,
        "doubts": [],
        "elsewhere": True,
    }
    if detector.whole_ is not None and hasattr(rows, "whole"):
        state |= {"whole_scores": detector.whole_.scores(rows.whole()), "whole_labels": None}
    detector.set_state({**detector.state(), **state})
    return detector
