"""The p-values and decisions that follow from scores, for stored answers and for the proof of an artifact."""

import dataclasses
from collections.abc import Mapping

import numpy as np
from kerasae.export.decision import Decision
from kerasae.export.parity._cases import Case
from kerasae.export.parity._scores import is_decided

from kerasae.losses import HIGHEST

#: Outputs of a detector that follow from its calibration.
DECIDED = ("p_value", "anomalous")
#: Largest difference of two p-values that are computed from the same score, relative to them.
_ROUNDING = 1e-5


def decided_case(case: Case, scores: np.ndarray, decision: Decision) -> Case:
    """Return a case in which p-values and decisions are those of a new calibration.

    Rows whose score lies so near to a border that another runtime may decide otherwise are left out.

    Args:
        case: Rows, and the answers of the model with the former calibration.
        scores: Scores that the artifact answers for these rows.
        decision: New calibration.
    """
    new, decided = _decisions(case, scores, decision)
    return dataclasses.replace(case, expected={**case.expected, **new}).rows(decided)


def decision_faults(
    case: Case, answers: Mapping[str, np.ndarray], decision: Decision, where: str
) -> list[str]:
    """Return a sentence for each output of a detector that does not follow from the scores of the artifact.

    The scores of an artifact may differ from those of the model, by more in int8 than in float32. Its
    decisions may not differ from its own scores, whatever its precision. Rows whose score lies near a border
    are left out, as by `decided_case`.

    Args:
        case: Rows, and the answers of the model.
        answers: Answers of the artifact for these rows.
        decision: Threshold and calibration that the artifact should have.
        where: Name of the signature, for the sentences.
    """
    if not {"score", *DECIDED} <= {*answers} or not {*DECIDED} <= {*case.expected}:
        return []
    scores = np.asarray(answers["score"])
    expected, decided = _decisions(case, scores, decision)
    compared = dict.fromkeys(DECIDED, decided)
    if "false_alarms" not in case.sent:
        # Only the threshold decides, and the scores of a calibration may lie close together.
        compared["anomalous"] = _apart(scores, decision.threshold)
    said = []
    for name, rows in compared.items():
        same = np.isclose(answers[name], expected[name], rtol=_ROUNDING, atol=0.0)
        if wrong := int((rows & ~same).sum()):
            said.append(
                f"{where} {name}: {wrong} of {int(rows.sum())} rows do not follow from the scores of the "
                "artifact and its calibration, expected none"
            )
    return said


def _decisions(
    case: Case, scores: np.ndarray, decision: Decision
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return p-values and decisions by scores, and which rows are not near a border, bool `(rows,)`."""
    judged = ~np.isnan(scores)
    kept = (decision.calibration.counts > 0) & (decision.calibration.scores < HIGHEST)
    borders = np.append(decision.calibration.scores[kept], decision.threshold)
    p_values = decision.calibration.p_values(np.where(judged, scores, HIGHEST))
    flags = _flagged(scores, p_values, decision.threshold, case.sent)
    decisions = {
        "p_value": np.where(judged, p_values, case.expected["p_value"]).astype("float32"),
        "anomalous": np.where(judged, flags, case.expected["anomalous"]).astype("int32"),
    }
    return decisions, _apart(scores, borders)


def _apart(scores: np.ndarray, borders: float | np.ndarray) -> np.ndarray:
    """Return which scores are not near a border, bool `(rows,)`; a NaN is not."""
    apart = np.isnan(scores)
    if (judged := ~apart).any():
        apart[judged] = is_decided(scores[judged], borders)
    return apart


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
