"""decided_case: the stored answers of a detector after a new calibration."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from kerasae.export.decision import Decision
from kerasae.export.parity._cases import Case
from kerasae.export.parity._scores import is_decided

from kerasae.losses import HIGHEST

#: Outputs of a detector that follow from its calibration.
DECIDED = ("p_value", "anomalous")


def decided_case(case: Case, scores: np.ndarray, decision: Decision) -> Case:
    """Return a case in which p-values and decisions are those of a new calibration.

    Rows whose score lies so near to a border that another runtime may decide otherwise are left out.

    Args:
        case: Rows, and the answers of the model with the former calibration.
        scores: Scores that the artifact answers for these rows.
        decision: New calibration.
    """
    judged = ~np.isnan(scores)
    kept = (decision.calibration.counts > 0) & (decision.calibration.scores < HIGHEST)
    borders = np.append(decision.calibration.scores[kept], decision.threshold)
    p_values = decision.calibration.p_values(np.where(judged, scores, HIGHEST))
    flags = _flagged(scores, p_values, decision.threshold, case.sent)
    new = {
        "p_value": np.where(judged, p_values, case.expected["p_value"]).astype("float32"),
        "anomalous": np.where(judged, flags, case.expected["anomalous"]).astype("int32"),
    }
    changed = dataclasses.replace(case, expected={**case.expected, **new})
    return changed.rows(~judged | is_decided(scores, borders))


def _flagged(
    scores: np.ndarray, p_values: np.ndarray, threshold: float, sent: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Return whether rows are flagged, `(rows,)`, as `Detector.anomalous` says."""
    flagged = scores > np.float32(threshold)
    if "false_alarms" in sent:
        rate = sent["false_alarms"].reshape(len(scores))
        flagged = np.where(rate > 0, (p_values <= rate) | (scores >= HIGHEST), flagged)
    if "threshold" in sent:
        own = sent["threshold"].reshape(len(scores))
        flagged = np.where(np.isfinite(own), scores > own, flagged)
    return flagged
