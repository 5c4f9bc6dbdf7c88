"""is_close: whether a quantised file decides as the float32 file does."""

from collections.abc import Mapping

import numpy as np
from kerasae.export.parity import TOLERANCES, first_reason, spread
from kerasae.export.verify_edge import EdgeModel
from scipy.stats import spearmanr

from kerasae.losses import HIGHEST

#: Smallest rank correlation of the scores of `detect`.
_LEAST_RANKS = 0.998
#: Smallest share of rows with the same first reason. Ordinary rows have many reasons of about the same share,
#: so of the anomalous rows more agree.
_LEAST_REASONS = 0.97
#: Share of the tolerances for held-out rows, which lie further from the rows that set the ranges.
_SHARE = 0.5


def is_close(
    content: bytes,
    quantized: bytes,
    sent: dict[str, np.ndarray],
    margin: float,
    channels: int | None = None,
    bounds: Mapping[str, float] = TOLERANCES["int8"],
) -> bool:
    """Return whether two files agree in the order of the scores, the first reasons and the error.

    The scores are those of `detect` and the reconstruction errors of `anomaly_score`, as far as the files
    answer them. The error of a model that reconstructs well is made of small residuals, which 256 steps of an
    activation drown.

    Args:
        content: Bytes of the float32 file.
        quantized: Bytes of the quantised file.
        sent: Training rows, as the files receive them.
        margin: Difference of the two largest shares of a score from which on the first reason of a row
            counts.
        channels: Number of channels of a window, each of which is one reason. Defaults to `None`: each
            feature is one.
        bounds: Tolerances of the precision on held-out rows. Defaults to those of int8.
    """
    files = [EdgeModel(one) for one in (content, quantized)]
    signatures = files[0].signatures()
    if "detect" in signatures:
        exact, rounded = (file.run("detect", sent) for file in files)
        share = np.pad(exact["share"], ((0, 0), (0, 1)))
        decided = share[:, 0] - share[:, 1] >= margin
        same = (first_reason(exact, channels) == first_reason(rounded, channels))[decided]
        if same.size and np.mean(same) < _LEAST_REASONS:
            return False
        if not _agree(exact["score"], rounded["score"], _LEAST_RANKS, bounds):
            return False
    if "anomaly_score" not in signatures:
        # A file with the signature `detect` alone gives no errors.
        return True
    errors = [file.run("anomaly_score", sent)["score"] for file in files]
    least_ranks = 1 - _SHARE * (1 - bounds["rank_correlation"])
    if not _agree(errors[0], errors[1], least_ranks, bounds):
        return False
    known = errors[0] < HIGHEST
    change = np.mean(errors[1][known]) - np.mean(errors[0][known])
    return bool(abs(change) <= _SHARE * (bounds["error_ratio"] - 1) * np.mean(np.abs(errors[0][known])))


def _agree(exact: np.ndarray, rounded: np.ndarray, least_ranks: float, bounds: Mapping[str, float]) -> bool:
    """Return whether scores have the same order and, in standard deviations, about the same values."""
    if np.ptp(exact) == 0:
        return float(np.ptp(rounded)) == 0
    if np.nan_to_num(spearmanr(exact.ravel(), rounded.ravel()).statistic) < least_ranks:
        return False
    judged = exact < HIGHEST
    changes = np.abs(exact - rounded)[judged]
    return not changes.size or bool(
        changes.mean() <= _SHARE * bounds["score_mean_deviation"] * spread(exact[judged])
    )
