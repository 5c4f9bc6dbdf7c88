"""A threshold with a guaranteed rate of false alarms."""

import math
from typing import Self

import numpy as np
from scipy.stats import false_discovery_control

from kerasae.calibration import check_block, check_rate
from kerasae.thresholds._base import Threshold
from kerasae.thresholds._peaks import beyond_peaks


class ConformalThreshold(Threshold):
    """Flags at most the share `false_alarms` of normal examples, for any distribution of the scores.

    The p-value of an example is `(1 + #{held-out scores >= its score}) / (n + 1)`. The example is flagged if
    its p-value is at most `false_alarms`. Let `k = floor(false_alarms (n + 1))`. For examples that are
    exchangeable with the `n` held-out ones, the probability of a false alarm is `k / (n + 1)`. With one
    calibration, the number of false alarms among `m` of them follows a beta-binomial distribution with
    parameters `k` and `n + 1 - k`. Equal scores lower the rate, and so do the few scores between a held-out
    score and the threshold just above it.

    Windows of a log that share readings are not independent. With blocks of `L` such windows the p-value is
    `(L + #{held-out scores >= its score}) / (L + n)`. The expected share of false alarms among new windows is
    then at most `false_alarms`, if blocks of successive windows are exchangeable (conformal risk control).
    This needs `n >= L / false_alarms - L` windows. With fewer, nothing is promised for any distribution. The
    threshold then is the greatest held-out score, or where the tail of the highest score of each block leads
    to, if that is higher. `promised` says which rate is promised in any case.

    Args:
        false_alarms: Guaranteed rate of false alarms, in (0, 1). Defaults to 0.05.

    Attributes:
        promised: Least rate that the held-out rows can guarantee, `block_ / (rows_ + block_)`.

    Raises:
        ValueError: If there are fewer held-out rows than the rate needs, `1 / false_alarms - 1`, and the rows
            are no windows that share readings.

    Reference: Vovk, Gammerman, Shafer 2005; Bates, Candes, Lei, Romano, Sesia 2023, *Annals of Statistics*
    51(1), section 2 and, for many examples at once, theorem 2; Benjamini and Hochberg 1995; Angelopoulos,
    Bates, Fisch, Lei, Schuster 2022, arXiv:2208.02814, for blocks.
    """

    def __init__(self, *, false_alarms: float = 0.05) -> None:
        check_rate(false_alarms)
        self.false_alarms = false_alarms

    @classmethod
    def fitted(cls, threshold: float, rows: int, false_alarms: float, block: int = 1) -> Self:
        """Return a fitted threshold of which only the numbers are known, and not the held-out scores.

        Args:
            threshold: Threshold.
            rows: Number of held-out rows.
            false_alarms: Guaranteed rate of false alarms, in (0, 1).
            block: Number of successive rows that may depend on each other, from 1. Defaults to 1.
        """
        fitted = cls(false_alarms=false_alarms)
        fitted.threshold_, fitted.rows_, fitted.block_ = threshold, rows, block
        fitted.above_ = max(_allowed(rows, false_alarms, block) - 1, 0)
        return fitted

    def check_rows(self, rows: int, block: int = 1) -> None:
        if (block > 1 and rows) or _allowed(rows, self.false_alarms, block) >= 1:
            return
        raise ValueError(
            f"A conformal threshold at a rate of {self.false_alarms:g} needs at least "
            f"{math.ceil(1 / self.false_alarms - 1e-9) - 1} held-out rows, received {rows}; allow more false "
            "alarms (--false-alarms), train again with more calibration rows (--set data.calibration=0.3), "
            "or take another threshold (--threshold quantile)."
        )

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        check_block(self.block_)
        in_time, scores = scores, np.sort(scores)
        allowed = _allowed(len(scores), self.false_alarms, self.block_)
        self.scores_ = scores
        self.check_rows(len(scores), self.block_)
        if allowed < 1:
            return beyond_peaks(in_time, self.block_, self.false_alarms)
        return float(scores[len(scores) - allowed])

    @property
    def promised(self) -> float:
        return self.block_ / (self.rows_ + self.block_)

    @property
    def keeps(self) -> bool:
        """Whether the rate is promised, for any distribution of the scores."""
        return _allowed(self.rows_, self.false_alarms, self.block_) >= 1

    def _ranks(self) -> tuple[tuple[float, float], tuple[float, float]]:
        if not self.keeps:
            return super()._ranks()
        # The threshold lies at a held-out score, so the distribution is known exactly.
        rows, rank = self.rows_ / self.block_, min(self.above_ / self.block_ + 1, self.rows_ / self.block_)
        return (rank, rows + 1 - rank), (rank, rows + 1 - rank)

    def p_values(self, scores: np.ndarray) -> np.ndarray:
        """Return the conformal p-value of each score, `(rows,)`, in [block / (n + block), 1]."""
        return conformal_p_values(self.scores_, scores, self.block_)

    def discoveries(self, scores: np.ndarray, rate: float) -> np.ndarray:
        """Flag anomalies among many examples at once, with a bounded false discovery rate.

        The expected share of normal examples among the flagged ones is at most `rate` (Benjamini and
        Hochberg, whose procedure holds for the positive dependence of conformal p-values).

        Args:
            scores: Scores of the examples, `(rows,)`.
            rate: False discovery rate, in (0, 1).

        Returns:
            Booleans of shape `(rows,)`, True for a flagged example.
        """
        return false_discovery_control(self.p_values(scores), method="bh") <= rate


def _allowed(rows: int, false_alarms: float, block: int) -> int:
    """Return the rank from the top of the held-out score at which the threshold lies."""
    # 0.05 * 20 is 1 and must not be rounded down to 0.
    return math.floor(false_alarms * (rows + block) + 1e-9) - block + 1


def conformal_p_values(held_out: np.ndarray, scores: np.ndarray, block: int = 1) -> np.ndarray:
    """Return `(block + #{held-out scores >= score}) / (n + block)` for each score, `(rows,)`."""
    ordered = np.sort(np.asarray(held_out, "float64"))
    above = len(ordered) - np.searchsorted(ordered, np.asarray(scores, "float64"), side="left")
    return np.asarray((block + above) / (len(ordered) + float(block)))
