"""A quantile of the scores as a threshold."""

import numpy as np

from kerasae.thresholds._base import Threshold, check_rate


class QuantileThreshold(Threshold):
    """The quantile of held-out scores above which the share `false_alarms` of new ones lies on average.

    Between two held-out scores it is interpolated: the rank is `(1 - false_alarms) (n + 1)` of `n`, which
    for new scores of the same distribution is right on average. Beyond the greatest score it stays there.

    Args:
        false_alarms: share of new normal rows above it, in (0, 1).

    Reference: Hyndman and Fan 1996, *The American Statistician* 50(4), definition 6.
    """

    def __init__(self, *, false_alarms: float = 0.05) -> None:
        check_rate(false_alarms)
        self.false_alarms = false_alarms

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        return float(np.quantile(scores, 1 - self.false_alarms, method="weibull"))
