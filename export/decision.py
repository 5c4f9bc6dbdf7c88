"""Decision: the numbers of a detector that a new calibration sets, and what they decide."""

import dataclasses
import math
from typing import Any, Self

import numpy as np

from kerasae.calibration import Calibration
from kerasae.thresholds import ConformalThreshold


@dataclasses.dataclass(frozen=True)
class Decision:
    """Threshold and calibration of a detector, by the scores of normal rows.

    Args:
        threshold: Threshold; a row with a higher score is an anomaly.
        calibration: Scores of normal rows.
        false_alarms: Share of new normal rows that may be flagged.
    """

    threshold: float
    calibration: Calibration
    false_alarms: float

    @classmethod
    def of(cls, scores: np.ndarray, false_alarms: float) -> Self:
        """Return the conformal decision by scores of normal rows, `(rows,)`.

        Raises:
            ValueError: If there are fewer rows than the rate needs, `1 / false_alarms - 1`.
        """
        check_rows(len(scores), false_alarms)
        threshold = ConformalThreshold(false_alarms=false_alarms).fit(scores).threshold_
        return cls(threshold, Calibration.of(scores), false_alarms)

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
        }


def check_rows(rows: int, false_alarms: float) -> None:
    """Raise a ValueError if there are fewer normal rows than a rate of false alarms needs."""
    if not 0 < false_alarms < 1:
        raise ValueError(f"`false_alarms` must be in (0, 1), received {false_alarms!r}.")
    needed = math.ceil(1 / false_alarms - 1e-9) - 1
    if rows < needed:
        raise ValueError(
            f"Expected at least {needed:,} normal rows for a rate of false alarms of {false_alarms:g} "
            f"(1 / {false_alarms:g} - 1), received {rows:,}; send more rows, or allow more false alarms "
            "(--false-alarms)."
        )
