"""Evidence: how odd a missing cell is, or a category that training never saw.

The training rows give the probability p of both events. Such a cell adds `-log p` to the score of its row, in
nats, like every other term of a likelihood.
"""

from collections.abc import Collection, Sequence

import numpy as np

#: Share of the rows from which on gaps are usual: the default level of thresholds.
_USUAL = 0.05


def gap_evidence(missing: Sequence[int], rows: int) -> np.ndarray:
    """Return the term that a missing cell of each column adds to the score of a row, `(columns,)`, in nats.

    `-log(p_j) max(0, 1 - p_j / 0.05)`, where `p_j = (1/2 + sum_k m_k) / (n + 1)` is the share of training
    rows with a gap at least as rare: `m_k` counts the gaps of column `k`, and the sum is over the columns
    with `m_k <= m_j`. In a column with a tenth of its cells missing a gap is usual and adds nothing, so that
    scores do not rise with the number of gaps; in one that never had a gap among 1,000 rows it adds 7.5
    nats. Between them the term falls to 0 without a step.

    Args:
        missing: Number of missing cells of each column.
        rows: Number of rows of the training split, n.
    """
    counts = np.asarray(missing, "float64")
    rarer = np.array([counts[counts <= count].sum() for count in counts])
    shares = np.minimum((0.5 + rarer) / (rows + 1.0), 1.0)
    return -np.log(shares) * np.maximum(1.0 - shares / _USUAL, 0.0)


def unseen_evidence(counts: Collection[int]) -> float:
    """Return `-log p` of a value that no training row has, in nats, from the counts of all values.

    `p = (N_1 + 1/2) / (n + 1)`, with `N_1` values that occurred once among `n`: Good's estimate of the
    mass of all values not seen yet, and half a value more, as no value is impossible. In a column of
    names, where each row has its own, `p` is near 1 and a new name is no evidence.

    Reference: Good 1953, *Biometrika* 40(3/4); Krichevsky and Trofimov 1981 for the half.
    """
    once = sum(count == 1 for count in counts)
    return float(-np.log((once + 0.5) / (sum(counts) + 1.0)))
