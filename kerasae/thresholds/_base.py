"""Threshold: base class of the thresholds on anomaly scores."""

from typing import ClassVar, Self

import numpy as np
from scipy.stats import beta, betabinom

#: Distance of a threshold from the held-out scores, relative to their size. It is much larger than the last
#: bits in which runtimes differ, and so small that hardly any new score lies in between.
_CLEARANCE = 1e-4


class Threshold:
    """Threshold on scores, fitted on held-out rows; an example with a higher score is an anomaly.

    This class is abstract. A subclass implements `find`.

    Attributes:
        threshold_: Fitted threshold. It differs from every held-out score.
        rows_: Number of held-out rows that are not labelled as anomalies.
        above_: Number of these rows whose score is above the threshold.
        block_: Number of successive held-out rows that may depend on each other.
    """

    rows_: int
    above_: int
    block_: int = 1

    #: Whether the threshold is fitted on labels.
    supervised: ClassVar[bool] = False

    threshold_: float

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        """Return the threshold. The arguments are those of `fit`, with scores in float64."""
        raise NotImplementedError(f"{type(self).__name__} must write `find`.")

    def fit(self, scores: np.ndarray, labels: np.ndarray | None = None, block: int = 1) -> Self:
        """Fit the threshold.

        Args:
            scores: Scores of held-out rows, `(rows,)`. The rows should be normal, unless the threshold is
                fitted on labels.
            labels: Labels of the rows, `(rows,)`, True for an anomaly. Defaults to `None`.
            block: Number of successive rows that may depend on each other, from 1: of windows of a log, the
                number of those that share readings with one. Defaults to 1.

        Returns:
            The fitted threshold itself.
        """
        scores = np.asarray(scores, "float64")
        self.block_ = block
        self.threshold_ = clear_of(scores, self.find(scores, labels))
        normal = scores if labels is None else scores[~np.asarray(labels, bool)]
        self.rows_, self.above_ = len(normal), int((normal > self.threshold_).sum())
        return self

    def check_rows(self, rows: int, block: int = 1) -> None:
        """Raise a ValueError if so few held-out rows cannot carry the threshold, whatever their scores are.

        By default any number can.

        Args:
            rows: Number of held-out rows.
            block: As for `fit`.
        """

    def predict(self, scores: np.ndarray) -> np.ndarray:
        """Return whether each example is an anomaly, `(rows,)`, bool."""
        return np.asarray(scores) > self.threshold_

    def share_range(self, confidence: float = 0.95) -> tuple[float, float]:
        """Return a confidence interval of the share of new normal rows that are flagged.

        Let `a` of `n` held-out rows be above the threshold. The share of new rows above the lowest of these
        follows a Beta(a, n + 1 - a) distribution, for any distribution of the scores. The share above the
        next lower held-out row follows a Beta(a + 1, n - a) distribution. The threshold lies between both
        rows, so the interval starts with the first distribution and ends with the second. If no held-out row
        is above the threshold, it starts at 0.

        Rows that depend on each other count as one row for each block. This is an approximation: it is exact
        if the rows of a block are all above the threshold, or none is.

        Args:
            confidence: Probability that the interval contains the share, in (0, 1). Defaults to 0.95.

        Returns:
            The lower and the upper end, each in [0, 1].

        Reference: Vovk 2012, ACML, proposition 2a.
        """
        fewest, most = self._ranks()
        low = beta.ppf((1 - confidence) / 2, *fewest) if fewest[0] else 0.0
        high = beta.ppf((1 + confidence) / 2, *most) if most[1] else 1.0
        return float(low), float(high)

    def count_range(
        self, rows: int, confidence: float = 0.95, *, block: int | None = None
    ) -> tuple[int, int]:
        """Return an interval of the number of flagged rows among `rows` new normal rows (beta-binomial).

        Args:
            rows: Number of new rows.
            confidence: Confidence of the interval. Defaults to 0.95.
            block: Number of successive new rows that may depend on each other. Defaults to `None`, that of
                the held-out rows.
        """
        fewest, most = self._ranks()
        block = self.block_ if block is None else block
        blocks = -(-rows // block)
        low = betabinom.ppf((1 - confidence) / 2, blocks, *fewest) if fewest[0] else 0
        high = betabinom.ppf((1 + confidence) / 2, blocks, *most) if most[1] else blocks
        return min(int(low) * block, rows), min(int(high) * block, rows)

    def excess_p_value(self, flagged: int, rows: int, *, block: int | None = None) -> float:
        """Return the probability that so many or more of new normal rows are flagged (beta-binomial).

        A small one says that the rows are not normal, or not like those on which the threshold was fitted.

        Args:
            flagged: Number of flagged rows.
            rows: Number of rows.
            block: Number of successive new rows that may depend on each other. Defaults to `None`, that of
                the held-out rows.
        """
        most = self._ranks()[1]
        block = self.block_ if block is None else block
        flagged, rows = flagged // block, -(-rows // block)
        return float(betabinom.sf(flagged - 1, rows, *most)) if most[1] else 1.0

    def _ranks(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the parameters of the two beta distributions of `share_range`."""
        above, rows = self.above_ / self.block_, self.rows_ / self.block_
        return (above, rows + 1 - above), (above + 1, rows - above)


def clear_of(scores: np.ndarray, threshold: float) -> float:
    """Move a threshold away from scores without changing any decision on them.

    The last bits of a score differ between machines and runtimes. A row whose score equals the threshold
    would be an anomaly on one machine and normal on another. The threshold moves away from the nearest score
    by 1e-4 of its size, but at most half the way to the next score. A threshold that equals a score moves
    up, so that no more new rows are flagged.

    Args:
        scores: Scores on which no decision may change, `(rows,)`, float64.
        threshold: Threshold; a higher score is an anomaly.

    Returns:
        The new threshold.
    """
    finite = scores[np.isfinite(scores)]
    if not len(finite) or not np.isfinite(threshold):
        return float(threshold)
    below, above = scores[scores <= threshold], scores[scores > threshold]
    lower, upper = max(below, default=-np.inf), min(above, default=np.inf)
    size = max(abs(threshold), float(np.median(np.abs(finite))))
    margin = min(_CLEARANCE * size, (upper - lower) / 2)
    # A detector compares in float32.
    with np.errstate(over="ignore"):
        moved = float(np.float32(np.clip(threshold, lower + margin, upper - margin)))
    return moved if lower <= moved < upper else float(threshold)
