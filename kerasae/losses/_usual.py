"""usual_parts: the usual contribution of each feature to a score that is a sum over features."""

import numpy as np

#: Number of rows with a missing entry in a feature that suffice to estimate its contribution from these
#: rows. The error of a median of 100 rows is an eighth of a standard deviation.
_ENOUGH = 100
#: Number of rounds. Each fills the missing entries with the estimates of the round before.
_ROUNDS = 3


def usual_parts(parts: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Compute the contributions of missing entries for which rows with gaps have the usual median score.

    The contribution of feature `j` is `median(s) - median(s - s_j)`, where `s` is the sum of a row. The
    second median is over the rows without feature `j` if there are at least 100 of them, because the other
    features of such rows are harder to explain. Otherwise it is over the rows with feature `j`. In a
    symmetric distribution the contribution is the mean of `s_j`. With long tails a few unusual rows dominate
    the mean, and a usual row with a gap would rank among them.

    Args:
        parts: Contribution of each feature, `(rows, features)`. The value at a missing entry is ignored.
        missing: Whether each entry is missing, `(rows, features)`.

    Returns:
        Non-negative contributions, `(features,)`; 0 for a feature that is missing in every row.
    """
    missing = np.asarray(missing, bool)
    parts = np.where(missing, 0.0, np.asarray(parts, "float64"))
    usual = parts.sum(axis=0) / np.maximum((~missing).sum(axis=0), 1)
    for _ in range(_ROUNDS):
        filled = np.where(missing, usual, parts)
        sums = filled.sum(axis=1)
        estimates = np.zeros(len(usual))
        for number in np.flatnonzero(~missing.all(axis=0)):
            without = missing[:, number]
            rows = without if without.sum() >= _ENOUGH else ~without
            estimates[number] = np.median(sums[~without]) - np.median(sums[rows] - filled[rows, number])
        usual = np.maximum(estimates, 0.0)
    return usual
