"""The greatest held-out score as a threshold."""

import numpy as np

from kerasae.thresholds._base import Threshold


class GreatestThreshold(Threshold):
    """The greatest held-out score, or `least` if that is higher.

    It suits a score with a meaning of its own, whose held-out rows are too few for a small rate of false
    alarms. Of `n` held-out rows that are exchangeable with a new one, the probability of a false alarm is at
    most `1 / (n + 1)`, as for any conformal threshold. Neighbouring windows of a log are not exchangeable.

    Args:
        least: Smallest threshold, in units of the score. Defaults to minus infinity.
    """

    def __init__(self, *, least: float = -np.inf) -> None:
        self.least = float(least)

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        # A row that cannot be scored has the largest float32 as its score, and would silence all alarms.
        scored = scores[scores < np.finfo("float32").max]
        return max(self.least, float(scored.max(initial=-np.inf)))
