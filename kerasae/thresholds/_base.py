"""Threshold: from which score on an example counts as anomalous."""

from typing import ClassVar, Self

import numpy as np
from scipy.stats import beta, betabinom

#: How far a threshold keeps from the held-out scores, as a share of their size: much more than the last
#: bits in which runtimes differ, and so little that hardly any new score lies between.
_CLEARANCE = 1e-4


class Threshold:
    """A number `threshold_` found from scores of held-out rows; an example above it is anomalous.

    Abstract. A subclass writes `find`.

    Attributes:
        threshold_: above it, strictly, an example counts as anomalous. It equals no held-out score.
        rows_: held-out rows that are normal, as far as is known.
        above_: how many of them are above it.
    """

    #: Whether it is found from labels.
    supervised: ClassVar[bool] = False

    threshold_: float

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        """Return the threshold; arguments as for `fit`, float64."""
        raise NotImplementedError(f"{type(self).__name__} must write `find`.")

    def fit(self, scores: np.ndarray, labels: np.ndarray | None = None) -> Self:
        """Finds the threshold.

        Args:
            scores: of held-out rows, `(rows,)`; of normal ones alone, unless it is found from labels.
            labels: true for an anomaly, `(rows,)`.
        """
        scores = np.asarray(scores, "float64")
        self.threshold_ = clear_of(scores, self.find(scores, labels))
        normal = scores if labels is None else scores[~np.asarray(labels, bool)]
        self.rows_, self.above_ = len(normal), int((normal > self.threshold_).sum())
        return self

    def predict(self, scores: np.ndarray) -> np.ndarray:
        """Whether each example is anomalous, `(rows,)`, bool."""
        return np.asarray(scores) > self.threshold_

    def share_range(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return the ends of the share of new normal rows that is flagged.

        Of `n` held-out rows `a` are above the threshold. The share of new rows above the least of these
        follows a Beta(a, n + 1 - a) distribution and that above the next row below it a Beta(a + 1, n - a)
        distribution, whatever the scores are. A threshold between the two rows has a share between
        these: its range begins with the first and ends with the second. Above all held-out rows it begins
        at 0.

        Args:
            confidence: probability that the share lies between the ends, in (0, 1).

        Reference: Vovk 2012, ACML, proposition 2a.
        """
        fewest, most = self._ranks()
        low = beta.ppf((1 - confidence) / 2, *fewest) if fewest[0] else 0.0
        high = beta.ppf((1 + confidence) / 2, *most) if most[1] else 1.0
        return float(low), float(high)

    def count_range(self, rows: int, confidence: float = 0.95) -> tuple[int, int]:
        """Return the ends of the number of `rows` new normal rows that is flagged: beta-binomial."""
        fewest, most = self._ranks()
        low = betabinom.ppf((1 - confidence) / 2, rows, *fewest) if fewest[0] else 0
        high = betabinom.ppf((1 + confidence) / 2, rows, *most) if most[1] else rows
        return int(low), int(high)

    def _ranks(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """Parameters of the distributions between which that of the share lies."""
        above, rows = self.above_, self.rows_
        return (above, rows + 1 - above), (above + 1, rows - above)


def clear_of(scores: np.ndarray, threshold: float) -> float:
    """Return a threshold that decides on these scores as `threshold` does and that equals none of them.

    The last bits of a score differ between machines and runtimes. A row whose score is the threshold
    would be anomalous on one and normal on the other. The threshold moves away from the nearest score by
    1e-4 of its size, and by no more than half the way to the next score. One that equals a score moves up,
    so no more new rows are flagged.

    Args:
        scores: that decisions must not change on, `(rows,)`, float64.
        threshold: above which, strictly, a score is anomalous.
    """
    finite = scores[np.isfinite(scores)]
    if not len(finite) or not np.isfinite(threshold):
        return float(threshold)
    below, above = scores[scores <= threshold], scores[scores > threshold]
    lower, upper = max(below, default=-np.inf), min(above, default=np.inf)
    size = max(abs(threshold), float(np.median(np.abs(finite))))
    margin = min(_CLEARANCE * size, (upper - lower) / 2)
    # Detectors compare in float32.
    moved = float(np.float32(np.clip(threshold, lower + margin, upper - margin)))
    return moved if lower <= moved < upper else float(threshold)


def check_rate(false_alarms: float) -> None:
    """Refuses a share of false alarms that is none."""
    if isinstance(false_alarms, bool) or not 0 < false_alarms < 1:
        raise ValueError(f"`false_alarms` must be in (0, 1), received {false_alarms!r}.")
