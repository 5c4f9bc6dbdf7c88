"""recalibrate: a fitted detector with a new threshold, from normal rows of another place."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from kerasae.applications.anomaly.estimator import AnomalyDetector


def recalibrate(
    detector: AnomalyDetector, chunks: Iterable[Any], false_alarms: float, block: int = 1
) -> AnomalyDetector:
    """Set the threshold of a fitted detector again, to a conformal one. Its score does not change.

    Args:
        detector: Fitted detector, which is changed.
        chunks: Raw normal rows, part by part.
        false_alarms: Share of new normal rows that may be flagged, in (0, 1).
        block: Number of successive rows that may depend on each other, from 1. Defaults to 1.

    Returns:
        The detector.
    """
    scores = np.concatenate([detector.score_samples(raw) for raw in chunks])
    detector.threshold, detector.false_alarms = "conformal", false_alarms
    # The rows are new: what was doubtful about the former ones says nothing of them.
    state: dict[str, Any] = {
        "scores": scores,
        "labels": None,
        "block": block,
        "doubts": [],
        "elsewhere": True,
    }
    detector.set_state({**detector.state(), **state})
    return detector
