"""is_close: whether an int8 file decides as the float32 file does."""

import numpy as np
from kerasae.export.parity import TOLERANCES, first_reason, spread
from kerasae.export.verify_edge import EdgeModel
from scipy.stats import spearmanr

from kerasae.losses import HIGHEST

#: Smallest rank correlations of the scores of `detect`, and of the reconstruction errors. The score of a
#: model that reconstructs well is made of small residuals, which 256 steps of an activation drown.
_LEAST_RANKS, _LEAST_ERROR_RANKS = 0.998, 0.995
#: Smallest share of rows with the same first reason. Ordinary rows have many reasons of about the same share,
#: so of the anomalous rows more agree.
_LEAST_REASONS = 0.97
#: Largest mean change of a score, in standard deviations: half of what is allowed on held-out rows, which lie
#: further from the rows that set the ranges.
_MOST_CHANGE = 0.5 * TOLERANCES["int8"]["mean_deviation"]
#: Largest change of the mean reconstruction error, relative to it.
_MOST_ERROR = 0.03


def is_close(
    content: bytes,
    quantized: bytes,
    sent: dict[str, np.ndarray],
    margin: float,
    channels: int | None = None,
) -> bool:
    """Return whether two files agree in the order of the scores, the first reasons and the error.

    It is True for files without a detector.

    Args:
        content: Bytes of the float32 file.
        quantized: Bytes of the quantised file.
        sent: Training rows, as the files receive them.
        margin: Difference of the two largest shares of a score from which on the first reason of a row
            counts.
        channels: Number of channels of a window, each of which is one reason. Defaults to `None`: each
            feature is one.
    """
    files = [EdgeModel(one) for one in (content, quantized)]
    if "detect" not in files[0].signatures():
        return True
    exact, rounded = (file.run("detect", sent) for file in files)
    share = np.pad(exact["share"], ((0, 0), (0, 1)))
    decided = share[:, 0] - share[:, 1] >= margin
    same = (first_reason(exact, channels) == first_reason(rounded, channels))[decided]
    if same.size and np.mean(same) < _LEAST_REASONS:
        return False
    if _ranks(exact["score"], rounded["score"]) < _LEAST_RANKS:
        return False
    judged = exact["score"] < HIGHEST
    changes = np.abs(exact["score"] - rounded["score"])[judged]
    if changes.size and changes.mean() > _MOST_CHANGE * spread(exact["score"][judged]):
        return False
    if "anomaly_score" not in files[0].signatures():
        # A file with the signature `detect` alone gives no errors.
        return True
    errors = [file.run("anomaly_score", sent)["score"] for file in files]
    if _ranks(*errors) < _LEAST_ERROR_RANKS:
        return False
    known = errors[0] < HIGHEST
    change = np.mean(errors[1][known]) - np.mean(errors[0][known])
    return bool(abs(change) <= _MOST_ERROR * np.mean(np.abs(errors[0][known])))


def _ranks(one: np.ndarray, other: np.ndarray) -> float:
    """Return the rank correlation of two scores; 1 if all rows have the same."""
    if np.ptp(one) == 0:
        return float(np.ptp(other) == 0)
    return float(np.nan_to_num(spearmanr(one.ravel(), other.ravel()).statistic))
