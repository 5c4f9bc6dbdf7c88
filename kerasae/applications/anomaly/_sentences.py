"""Sentences of the anomaly detector on what is flagged, and on the rows that it was calibrated with."""

import math
from typing import TYPE_CHECKING

import numpy as np

from kerasae.data import Data, has_label
from kerasae.thresholds import Threshold

if TYPE_CHECKING:
    from kerasae.applications.anomaly.estimator import AnomalyDetector

#: Level of the range that is reported for the share of new normal rows that are flagged.
_CONFIDENCE = 0.95


def on_flags(threshold: Threshold, flagged: int, rows: int, unit: str = "row") -> list[tuple[bool, str]]:
    """Return how many rows are flagged, and which share of new normal rows would be.

    Args:
        threshold: Fitted threshold.
        flagged: Number of flagged rows.
        rows: Number of rows.
        unit: Word for a row. Defaults to `"row"`.
    """
    words = f"{flagged:,} of {rows:,} {unit}s are flagged."
    if threshold.supervised:
        return [(True, words)]
    low, high = threshold.share_range(_CONFIDENCE)
    fewest, most = threshold.count_range(rows, _CONFIDENCE)
    rate, block = getattr(threshold, "false_alarms", None), threshold.block_
    asked = "" if rate is None else f", where {rate:.1%} is asked for"
    blocks = "" if block == 1 else f" in {threshold.rows_ / block:.3g} blocks of {block}"
    said = [
        (
            True,
            f"{words} Of new normal {unit}s {low:.1%} to {high:.1%} would be, {fewest:,} to {most:,} if all "
            f"{rows:,} were normal ({_CONFIDENCE:.0%} confidence, from {threshold.rows_:,} calibration "
            f"{unit}s{blocks}{asked}).",
        )
    ]
    if flagged > max(most, rows / 2):
        said.append(
            (
                False,
                f"More than half of the {unit}s are flagged: these {unit}s differ as a whole from those of "
                "the training, as another machine, place or time does, and which of them are odd cannot be "
                "said. "
                f"Train on such {unit}s, or set the threshold again with normal ones (kerasae calibrate).",
            )
        )
    if rate is not None and threshold.rows_ < (needed := rows_needed(rate, block)):
        lacking = (
            f"A rate of {100 * rate:g} % needs at least {needed:,} calibration {unit}s; there are "
            f"{threshold.rows_:,}, so that nothing bounds the share of false alarms at this rate"
        )
        if block > 1:
            least = 100 * block / (threshold.rows_ + block)
            lacking += (
                f". What is promised is at most {least:.2g} % on average; that it is {100 * rate:g} % is an "
                "estimate by the tail of the highest scores of blocks (--set data.calibration=0.3 keeps more "
                f"{unit}s)"
            )
        said.append((False, f"{lacking}."))
    return said


def rows_needed(rate: float, block: int = 1) -> int:
    """Return the least number of calibration rows with which a rate of false alarms can be promised.

    Args:
        rate: Rate of false alarms, in (0, 1).
        block: Number of successive rows that may depend on each other, from 1. Defaults to 1.
    """
    return math.ceil(block / rate - 1e-9) - block


def on_blocks(block: int, counted: str = "windows") -> str:
    """Return how p-values take rows that share readings or an image, for a note; empty for other rows.

    Args:
        block: Number of successive rows that count as one, from 1.
        counted: Word for the rows: `"windows"` of a log or `"crops"` of images. Defaults to `"windows"`.
    """
    if block == 1:
        return ""
    alike = "neighbouring windows share readings and" if counted == "windows" else f"{counted} of an image"
    holds = "any log whose" if counted == "windows" else "images whose"
    drift = ", and not for one that drifts" if counted == "windows" else ""
    return (
        f" {block} {alike} count as one: the p-value is ({block} + {counted} at least as odd) / ({block} + "
        f"{counted}), which holds on average for {holds} stretches of {block} {counted} are alike{drift}."
    )


def on_calibration(detector: "AnomalyDetector", data: Data) -> list[tuple[bool, str]]:
    """Return the sentences to add if the calibration rows are known to contain anomalies."""
    labels = data.calibration.labels
    if detector.normal is not None or labels is None:
        return []
    return on_labels(labels, detector.anomalous_labels(labels))


def on_labels(labels: np.ndarray, odd: np.ndarray) -> list[tuple[bool, str]]:
    """Return what to say if calibration rows are known to be anomalies, which flags fewer rows.

    Args:
        labels: Labels of the calibration rows, `(rows,)`.
        odd: Whether a row has the label of anomalies, `(rows,)`.
    """
    kinds = [str(kind) for kind in np.unique(labels[~odd & has_label(labels)])]
    if not odd.any() or not kinds:
        return []
    rarer = " or ".join(str(kind) for kind in np.unique(labels[odd]))
    return [
        (
            False,
            f"{int(odd.sum())} of the {len(odd):,} calibration rows have the rarer label, {rarer}, "
            "which counts as the anomaly, so fewer are flagged than could be; "
            f"--normal {kinds[0]} leaves such rows out.",
        )
    ]
