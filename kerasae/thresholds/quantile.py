"""A quantile of the held-out scores as a threshold."""

import numpy as np

from kerasae.calibration import check_rate
from kerasae.thresholds._base import Threshold


class QuantileThreshold(Threshold):
    """The quantile of held-out scores above which the share `false_alarms` of new scores lies on average.

    The quantile has the rank `(1 - false_alarms) (n + 1)` among `n` scores and is interpolated between two
    scores. For new scores from the same distribution it is right on average. A rank above `n` gives the
    largest score.

    Args:
        false_alarms: Expected share of new normal rows above the threshold, in (0, 1). Defaults to 0.05.

    Reference: Hyndman and Fan 1996, *The American Statistician* 50(4), definition 6.
    """

    def __init__(self, *, false_alarms: float = 0.05) -> None:
        check_rate(false_alarms)
        self.false_alarms = false_alarms

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        return float(np.quantile(scores, 1 - self.false_alarms, method="weibull"))
