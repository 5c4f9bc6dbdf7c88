"""A threshold at a number of standard deviations above the median."""

import numpy as np
from scipy.stats import median_abs_deviation

from kerasae.thresholds._base import Threshold


class MedianDeviationThreshold(Threshold):
    """`median + deviations * MAD / 0.6745` of the logarithms of held-out scores.

    MAD is the median absolute deviation. Anomalies among the held-out rows hardly move this threshold. The
    logarithm makes the long tail of a distance nearly symmetric. It is left out if a score is 0 or negative.

    Args:
        deviations: Distance from the median, in standard deviations of a normal distribution. Defaults to
            3.5.

    Reference: Iglewicz and Hoaglin 1993, *How to Detect and Handle Outliers*, for 3.5.
    """

    def __init__(self, *, deviations: float = 3.5) -> None:
        if isinstance(deviations, bool) or not deviations > 0:
            raise ValueError(f"`deviations` must be positive, received {deviations!r}.")
        self.deviations = deviations

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        logarithmic = bool((scores > 0).all())
        values = np.log(scores) if logarithmic else scores
        bound = np.median(values) + self.deviations * median_abs_deviation(values, scale="normal")
        return float(np.exp(bound) if logarithmic else bound)
