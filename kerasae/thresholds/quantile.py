"""A quantile of the scores as a threshold."""

import numpy as np

from kerasae.thresholds._base import Threshold, check_rate


class QuantileThreshold(Threshold):
    """The quantile of held-out scores above which the share `false_alarms` of them lies.

    Args:
        false_alarms: share of the held-out rows above it, in (0, 1).
    """

    def __init__(self, *, false_alarms: float = 0.05) -> None:
        check_rate(false_alarms)
        self.false_alarms = false_alarms

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        return float(np.quantile(scores, 1 - self.false_alarms))
