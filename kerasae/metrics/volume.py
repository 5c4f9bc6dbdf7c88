"""vus_pr: the volume under the precision-recall surface of scores on an axis of time, by the library aeon."""

import numpy as np

from kerasae.extras import import_extra, is_installed

#: Largest product of stamps and buffers; aeon takes about 12 seconds for it on one core.
_MOST = 5_000_000


def has_vus() -> bool:
    """Return whether aeon, which computes the volume, is installed."""
    return is_installed("aeon")


def vus_fits(count: int, longest_buffer: int) -> bool:
    """Return whether the volume of so many stamps and buffers is computed in seconds."""
    return count * (longest_buffer + 1) <= _MOST


def vus_pr(truth: np.ndarray, scores: np.ndarray, longest_buffer: int) -> float:
    """Return the volume under the precision-recall surface (VUS-PR), in [0, 1].

    It is the mean of the area under the precision-recall curve over tolerances around labelled stretches.
    There is no point adjustment.

    Args:
        truth: Whether each time stamp is labelled as an anomaly, `(stamps,)`, bool, with some of both.
        scores: Score of each time stamp, `(stamps,)`; higher is more abnormal.
        longest_buffer: Longest tolerance, in stamps; half of it lies on each side of a stretch. All from 0
            to this one are averaged.

    Raises:
        ImportError: If aeon is not installed.

    Reference: Paparrizos et al. 2022, PVLDB 15(11).
    """
    measures = import_extra("aeon.benchmarking.metrics.anomaly_detection", "series", "VUS-PR")
    return float(
        measures.range_pr_vus_score(truth.astype("int64"), np.asarray(scores, "float64"), longest_buffer)
    )
