"""A threshold whose rate of false alarms is promised."""

import math

import numpy as np
from scipy.stats import false_discovery_control

from kerasae.thresholds._base import Threshold, check_rate


class ConformalThreshold(Threshold):
    """At most the share `false_alarms` of normal examples is flagged, whatever the scores are.

    The p-value of an example is `(1 + #{held-out scores >= its own}) / (n + 1)`; it is flagged where
    that is at most `false_alarms`. For examples exchangeable with the `n` held-out ones the chance of a
    false alarm is `floor(false_alarms (n + 1)) / (n + 1)`, and among `m` of them, for one calibration,
    the count follows a beta-binomial distribution with `k` and `n + 1 - k`, `k = floor(false_alarms
    (n + 1))`. Where scores are equal it is less, and so is it by the few scores that lie between a held-out
    score and the threshold above it.

    Args:
        false_alarms: the rate promised.

    Raises:
        ValueError: for fewer held-out rows than the rate needs, `1 / false_alarms - 1`.

    Reference: Vovk, Gammerman, Shafer 2005; Bates, Candes, Lei, Romano, Sesia 2023, *Annals of Statistics*
    51(1), section 2 and, for many examples at once, theorem 2; Benjamini and Hochberg 1995.
    """

    def __init__(self, *, false_alarms: float = 0.05) -> None:
        check_rate(false_alarms)
        self.false_alarms = false_alarms

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        scores = np.sort(scores)
        # 0.05 * 20 is 1 and must not become 0 by rounding.
        allowed = math.floor(self.false_alarms * (len(scores) + 1) + 1e-9)
        if allowed < 1:
            raise ValueError(
                f"A conformal threshold at a rate of {self.false_alarms:g} needs at least "
                f"{math.ceil(1 / self.false_alarms - 1e-9) - 1} held-out rows, received {len(scores)}; allow "
                "more false alarms (--false-alarms), or take another threshold."
            )
        self.scores_ = scores
        return float(scores[len(scores) - allowed])

    def _ranks(self) -> tuple[tuple[int, int], tuple[int, int]]:
        # It lies at a held-out score, so the distribution is known exactly.
        rank = min(self.above_ + 1, self.rows_)
        return (rank, self.rows_ + 1 - rank), (rank, self.rows_ + 1 - rank)

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """The conformal p-value of each score, `(rows,)`, in [1 / (n + 1), 1]."""
        return conformal_p_values(self.scores_, scores)

    def discoveries(self, scores: np.ndarray, rate: float) -> np.ndarray:
        """Those among many examples that are flagged together, `(rows,)`, bool.

        Of those flagged at most the share `rate` is expected to be normal (Benjamini and Hochberg;
        conformal p-values are positively dependent, under which it holds).
        """
        return false_discovery_control(self.p_values(scores), method="bh") <= rate


def conformal_p_values(held_out: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """`(1 + #{held-out scores >= its own}) / (n + 1)` for each score, `(rows,)`."""
    ordered = np.sort(np.asarray(held_out, "float64"))
    above = len(ordered) - np.searchsorted(ordered, np.asarray(scores, "float64"), side="left")
    return np.asarray((1.0 + above) / (len(ordered) + 1.0))
