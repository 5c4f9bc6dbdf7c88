"""VUS-PR and AUC-PR of scores on an axis of time: their columns, and how they are computed, in sentences."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from kerasae.applications.anomaly.timeline import TimeAxis
from kerasae.extras import missing_packages
from kerasae.metrics import Metric
from kerasae.metrics.volume import has_vus, vus_fits, vus_pr


def with_volume(
    metrics: Sequence[Metric], axis: TimeAxis, scores: np.ndarray, truth: np.ndarray | None
) -> list[Metric]:
    """Return the figures of a detector with VUS-PR beside the average precision, which is AUC-PR.

    Args:
        metrics: Figures of the detector.
        axis: Axis of time of the windows.
        scores: Score of each labelled window, `(rows,)`, in the order of time.
        truth: Whether each of them is an anomaly, `(rows,)`; `None` without labels.
    """
    value = None
    if _is_known(truth) and has_vus() and vus_fits(len(scores), longest_buffer(axis)):
        assert truth is not None
        value = vus_pr(truth, scores, longest_buffer(axis))
    found = []
    for metric in metrics:
        if metric.key == "average_precision":
            found += [
                dataclasses.replace(metric, heading="AUC-PR"),
                Metric("vus_pr", "VUS-PR", value, lower=False),
            ]
        else:
            found.append(metric)
    return found


def longest_buffer(axis: TimeAxis) -> int:
    """Return the longest tolerance around a labelled stretch, in stamps: the length of a window."""
    stride = int(np.median(np.diff(axis.rows))) if len(axis) > 1 else 1
    return max(1, axis.steps // max(stride, 1))


def on_volume(axis: TimeAxis, truth: np.ndarray | None, known: np.ndarray) -> list[str]:
    """Return how AUC-PR and VUS-PR are computed, or why VUS-PR is not; nothing without labels of two kinds.

    Args:
        axis: Axis of time of the windows.
        truth: Whether each window is an anomaly, `(rows,)`; `None` without labels.
        known: Whether each window has a label, `(rows,)`.
    """
    if truth is None or not _is_known(truth[known]):
        return []
    longest = longest_buffer(axis)
    said = "AUC-PR: average precision of the scores of single stamps; nothing is point-adjusted."
    if not has_vus():
        return [f"{said} {missing_packages('VUS-PR', ['aeon'], 'series')}"]
    if not vus_fits(int(known.sum()), longest):
        return [f"{said} VUS-PR is left out: {int(known.sum()):,} stamps would take minutes."]
    return [
        f"{said} VUS-PR (aeon): the mean of the area over tolerances around labelled stretches, from none to "
        f"the longest, {longest} stamps, as long as a window; all windows are taken as one sequence."
    ]


def _is_known(truth: np.ndarray | None) -> bool:
    return truth is not None and bool(truth.any() and not truth.all())
