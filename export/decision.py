"""Decision: the numbers of a detector that a new calibration sets, and what they decide."""

import dataclasses
import math
from typing import Any, Self

import numpy as np

from kerasae.calibration import Calibration, check_rate
from kerasae.thresholds import ConformalThreshold


@dataclasses.dataclass(frozen=True)
class Decision:
    """Threshold and calibration of a detector, by the scores of normal rows.

    Args:
        threshold: Threshold; a row with a higher score is an anomaly.
        calibration: Scores of normal rows.
        false_alarms: Share of new normal rows that may be flagged. Defaults to `None`: it is not known.
    """

    threshold: float
    calibration: Calibration
    false_alarms: float | None = None

    @classmethod
    def of(cls, scores: np.ndarray, false_alarms: float, block: int = 1) -> Self:
        """Return the conformal decision by scores of normal rows.

        Args:
            scores: Scores of normal rows, `(rows,)`, in the order of time if they depend on each other.
            false_alarms: Share of new normal rows that may be flagged, in (0, 1).
            block: Number of successive rows that may depend on each other, from 1. Defaults to 1.

        Raises:
            ValueError: If there are too few rows, as for `check_rows`.
        """
        check_rows(len(scores), false_alarms, block)
        threshold = ConformalThreshold(false_alarms=false_alarms).fit(scores, block=block).threshold_
        return cls(threshold, Calibration.of(scores, block), false_alarms)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Weights of a detector by their names, float32."""
        return {
            "threshold": np.array(self.threshold, "float32"),
            "calibration": self.calibration.scores,
            "calibration_counts": self.calibration.counts,
        }

    @property
    def facts(self) -> dict[str, Any]:
        """Facts for the manifest of a bundle."""
        return {
            "threshold": self.threshold,
            "false_alarms": self.false_alarms,
            "calibration_rows": self.calibration.rows,
            "calibration_block": self.calibration.block,
        }


def check_rows(rows: int, false_alarms: float, block: int = 1) -> None:
    """Raise a ValueError if there are too few normal rows to set a threshold.

    Args:
        rows: Number of rows. A rate needs `1 / false_alarms - 1` that are independent.
        false_alarms: Share of new normal rows that may be flagged, in (0, 1).
        block: Number of successive rows that may depend on each other. With more than one, two blocks are
            enough, because a threshold can be estimated where the rate cannot be promised. Defaults to 1.
    """
    check_rate(false_alarms)
    if block > 1:
        if rows < 2 * block:
            raise ValueError(
                f"Expected at least {2 * block:,} normal windows, two blocks of {block} that share readings, "
                f"received {rows:,}; send a longer log."
            )
        return
    needed = math.ceil(1 / false_alarms - 1e-9) - 1
    if rows < needed:
        raise ValueError(
            f"Expected at least {needed:,} normal rows for a rate of false alarms of {false_alarms:g} "
            f"(1 / {false_alarms:g} - 1), received {rows:,}; send more rows, or allow more false alarms "
            "(--false-alarms)."
        )
