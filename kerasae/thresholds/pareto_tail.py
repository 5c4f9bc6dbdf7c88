"""A threshold from a fitted tail of the scores."""

import numpy as np
from scipy.stats import genpareto

from kerasae.calibration import check_rate
from kerasae.thresholds._base import Threshold


class ParetoTailThreshold(Threshold):
    """The score that normal examples exceed with probability `false_alarms`, from a fitted tail.

    The excesses over a high quantile of the held-out scores follow a generalised Pareto distribution
    (Pickands 1975), which is fitted by maximum likelihood. The fit gives a threshold also for a rate far
    below `1 / rows`, but this threshold depends on the fit.

    Args:
        false_alarms: Rate of false alarms, in (0, 1). Defaults to 0.001.
        tail: Share of the held-out rows that form the tail, in (0, 1). Defaults to 0.1.

    Raises:
        ValueError: If there are fewer than ten rows in the tail.

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
        # A row that cannot be scored has the largest float32 as its score. It is above any threshold, but
        # does not belong to the shape of the tail.
        scored = scores[scores < np.finfo("float32").max]
        excesses = scored[scored > begin] - begin
        if len(excesses) < 10:
            raise ValueError(
                f"A tail needs at least 10 held-out rows, received {len(excesses)} of {len(scores)}; raise "
                "`tail`, or take another threshold (--threshold quantile)."
            )
        shape, _, scale = genpareto.fit(excesses, floc=0.0)
        unscored = len(scores) - len(scored)
        beyond = (self.false_alarms * len(scores) - unscored) / len(excesses)
        if beyond <= 0:
            return float(scored.max())
        return begin + float(genpareto.isf(min(beyond, 1.0), shape, scale=scale))
