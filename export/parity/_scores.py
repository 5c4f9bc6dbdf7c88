"""Measures of anomaly scores: their level, their order, and the decisions that follow from them."""

import numpy as np
from kerasae.export.parity._tolerances import TOLERANCES
from kerasae.export.verify_edge import is_decided as is_ranked
from scipy.stats import spearmanr

from kerasae.losses import HIGHEST

#: Share of the held-out rows that count as abnormal by the scores of the model, if there is no detector.
_ABNORMAL = 0.05


def spread(values: np.ndarray) -> float:
    """Return the standard deviation; 1 if all values are equal."""
    return float(values.std()) or 1.0


def is_decided(scores: np.ndarray, borders: float | np.ndarray) -> np.ndarray:
    """Return which scores are further from all borders than float32 may move them, bool `(rows,)`.

    The last bit of a score at a threshold decides on which side it is, which says nothing about an artifact.

    Args:
        scores: Scores, `(rows,)`.
        borders: Thresholds, or scores at which a p-value steps.
    """
    rounding = TOLERANCES["float32"]["max_deviation"] * spread(scores[scores < HIGHEST])
    ordered = np.sort(np.ravel(borders))
    low, high = (np.searchsorted(ordered, scores + side * rounding, "left") for side in (-1, 1))
    return np.asarray(low == high)


def reason_measures(
    expected: dict[str, np.ndarray], got: dict[str, np.ndarray], channels: int | None = None
) -> dict[str, float]:
    """Return `first_reason`: the share of anomalous rows whose first reason is that of the model.

    Rows with two reasons of about the same share are left out.

    Args:
        expected: Answers of the model.
        got: Answers of the artifact.
        channels: Number of channels of a window, each of which is one reason. Defaults to `None`: each
            feature is one.
    """
    rows = (expected["anomalous"] > 0) & is_ranked(expected["share"])[:, 0]
    if not rows.any():
        return {}
    ours, theirs = (first_reason(side, channels)[rows] for side in (expected, got))
    return {"first_reason": float(np.mean(ours == theirs))}


def first_reason(answers: dict[str, np.ndarray], channels: int | None = None) -> np.ndarray:
    """Return the number of the first reason of each row, `(rows,)`; with `channels` that of its channel."""
    number = answers["reason"][:, 0]
    return np.asarray(number if channels is None else number % channels)


def score_measures(expected: np.ndarray, got: np.ndarray) -> dict[str, float]:
    """Return `score_shift`, and `rank_correlation` and `decisions` if there are at least 20 rows.

    Rows that cannot be scored are left out, because they all have the same score.
    """
    judged = expected < HIGHEST
    expected, got = expected[judged], got[judged]
    measures = {"score_shift": float(abs(got.mean() - expected.mean()) / spread(expected))}
    if len(expected) >= 20 and expected.std() > 0:
        measures["rank_correlation"] = float(spearmanr(expected, got).statistic) if got.std() > 0 else 0.0
        threshold = np.quantile(expected, 1 - _ABNORMAL)
        decided = is_decided(expected, threshold)
        if decided.any():
            measures["decisions"] = float(np.mean(((expected > threshold) == (got > threshold))[decided]))
    return measures
