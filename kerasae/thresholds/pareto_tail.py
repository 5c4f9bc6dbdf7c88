"""A threshold in the tail, beyond what was seen."""

import numpy as np
from scipy.stats import genpareto

from kerasae.thresholds._base import Threshold, check_rate


class ParetoTailThreshold(Threshold):
    """The score that normal examples exceed with probability `false_alarms`, from a fitted tail.

    The excesses over a high quantile of the held-out scores follow a generalised Pareto distribution
    (Pickands 1975), fitted by maximum likelihood. So rates far below `1 / rows` have a threshold, which
    rests on the fit.

    Args:
        false_alarms: the rate, in (0, 1).
        tail: share of the held-out rows that make the tail, in (0, 1).

    Raises:
        ValueError: for fewer than ten rows in the tail.

    Reference: Siffer, Fouque, Termier, Largouet 2017, KDD, section 3.2.
    """

    def __init__(self, *, false_alarms: float = 0.001, tail: float = 0.1) -> None:
        check_rate(false_alarms)
        if isinstance(tail, bool) or not 0 < tail < 1:
            raise ValueError(f"`tail` must be in (0, 1), received {tail!r}.")
        self.false_alarms = false_alarms
        self.tail = tail

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        if self.false_alarms >= self.tail:
            return float(np.quantile(scores, 1 - self.false_alarms))
        begin = float(np.quantile(scores, 1 - self.tail))
        # A row that cannot be judged has the largest float32. It is beyond any threshold, and says nothing
        # of the tail's shape.
        judged = scores[scores < np.finfo("float32").max]
        excesses = judged[judged > begin] - begin
        if len(excesses) < 10:
            raise ValueError(
                f"A tail needs at least 10 held-out rows, received {len(excesses)} of {len(scores)}; raise "
                "`tail`, or take another threshold."
            )
        shape, _, scale = genpareto.fit(excesses, floc=0.0)
        unjudged = len(scores) - len(judged)
        beyond = (self.false_alarms * len(scores) - unjudged) / len(excesses)
        if beyond <= 0:
            return float(judged.max())
        return begin + float(genpareto.isf(min(beyond, 1.0), shape, scale=scale))
