"""Sentences of the anomaly detector on what is flagged, and on the rows that it was calibrated with."""

import math

import numpy as np

from kerasae.data import has_label
from kerasae.thresholds import Threshold

#: Level of the range that is reported for the share of new normal rows that are flagged.
_CONFIDENCE = 0.95


def on_flags(threshold: Threshold, flagged: int, rows: int) -> list[tuple[bool, str]]:
    """Return how many rows are flagged, and which share of new normal rows would be.

    Args:
        threshold: Fitted threshold.
        flagged: Number of flagged rows.
        rows: Number of rows.
    """
    words = f"{flagged:,} of {rows:,} rows are flagged."
    if threshold.supervised:
        return [(True, words)]
    low, high = threshold.share_range(_CONFIDENCE)
    fewest, most = threshold.count_range(rows, _CONFIDENCE)
    rate = getattr(threshold, "false_alarms", None)
    asked = "" if rate is None else f", where {rate:.1%} is asked for"
    said = [
        (
            True,
            f"{words} Of new normal rows {low:.1%} to {high:.1%} would be, {fewest:,} to {most:,} if all "
            f"{rows:,} were normal ({_CONFIDENCE:.0%} confidence, from {threshold.rows_:,} calibration rows"
            f"{asked}).",
        )
    ]
    if rate is not None and threshold.rows_ < (needed := rows_needed(rate)):
        said.append(
            (
                False,
                f"A rate of {100 * rate:g} % needs at least {needed:,} calibration rows; there are "
                f"{threshold.rows_:,}, so that nothing bounds the share of false alarms at this rate.",
            )
        )
    return said


def rows_needed(rate: float) -> int:
    """Return the least number of calibration rows with which a rate of false alarms can be promised."""
    return math.ceil(1 / rate - 1e-9) - 1


def on_labels(labels: np.ndarray, odd: np.ndarray) -> list[tuple[bool, str]]:
    """Return what to say if calibration rows are known to be anomalies, which flags fewer rows.

    Args:
        labels: Labels of the calibration rows, `(rows,)`.
        odd: Whether a row has the label of anomalies, `(rows,)`.
    """
    if not odd.any():
        return []
    kinds = [str(kind) for kind in np.unique(labels[~odd & has_label(labels)])]
    return [
        (
            False,
            f"{int(odd.sum())} of the {len(odd):,} calibration rows have the rarer label, so fewer are "
            f"flagged than could be; --normal {kinds[0]} leaves such rows out.",
        )
    ]
