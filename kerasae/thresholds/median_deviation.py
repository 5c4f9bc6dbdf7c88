"""A threshold at a number of standard deviations above the median."""

import numpy as np
from scipy.stats import median_abs_deviation

from kerasae.thresholds._base import Threshold

#: Standard deviation of a normal distribution over its mean absolute deviation, `sqrt(pi / 2)`.
_OF_MEAN = 1.2533


class MedianDeviationThreshold(Threshold):
    """`median + deviations * MAD / 0.6745` of the logarithms of held-out scores.

    MAD is the median absolute deviation. Anomalies among the held-out rows hardly move this threshold. The
    logarithm makes the long tail of a distance nearly symmetric. It is left out if a score is 0 or negative.
    If more than half of the scores are equal, MAD is 0, and 1.2533 times the mean absolute deviation takes
    the place of MAD / 0.6745.

    Args:
        deviations: Distance from the median, in standard deviations of a normal distribution. Defaults to
            3.5.

    Reference: Iglewicz and Hoaglin 1993, *How to Detect and Handle Outliers*, for 3.5 and for MAD 0.
    """

    def __init__(self, *, deviations: float = 3.5) -> None:
        if isinstance(deviations, bool) or not deviations > 0:
            raise ValueError(f"`deviations` must be positive, received {deviations!r}.")
        self.deviations = deviations

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        logarithmic = bool((scores > 0).all())
        values = np.log(scores) if logarithmic else scores
        middle = np.median(values)
        spread = median_abs_deviation(values, scale="normal")
        if not spread:
            spread = _OF_MEAN * np.abs(values - middle).mean()
        bound = middle + self.deviations * spread
        return float(np.exp(bound) if logarithmic else bound)
