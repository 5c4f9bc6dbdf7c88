"""Three standard deviations above the mean as a threshold."""

import numpy as np

from kerasae.thresholds import Threshold


class ThreeSigmaThreshold(Threshold):
    """The mean of the held-out scores plus `sigmas` standard deviations.

    Args:
        sigmas: Number of standard deviations. Defaults to 3.
    """

    def __init__(self, *, sigmas: float = 3.0) -> None:
        self.sigmas = sigmas

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        return float(scores.mean() + self.sigmas * scores.std())
