"""usual_parts: what each feature adds to a score that is a sum, on a row in the middle."""

import numpy as np

#: Rows with a gap in a feature from which on they tell themselves what the gap must add: the error of a
#: median of so many is an eighth of a deviation.
_ENOUGH = 100
#: Rounds in which the gaps of other features are filled with what was found for them.
_ROUNDS = 3


def usual_parts(parts: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """What a missing entry must add so that rows with gaps have the same median score as the others.

    `median(s)` less the median of `s - s_j`, with `s` the sum of a row. The latter is over the rows without
    feature `j` where there are at least 100, as the others are harder to explain without it, and otherwise
    over those with it. In a symmetric distribution it is the mean of `s_j`. The mean itself is that of a few
    odd rows where tails are long, and a usual row with a gap would rank among them.

    Args:
        parts: What each feature adds, `(rows, features)`; of a missing entry anything.
        missing: Whether an entry is missing, `(rows, features)`.

    Returns:
        `(features,)`, none negative; 0 for a feature that no row has.
    """
    missing = np.asarray(missing, bool)
    parts = np.where(missing, 0.0, np.asarray(parts, "float64"))
    usual = parts.sum(axis=0) / np.maximum((~missing).sum(axis=0), 1)
    for _ in range(_ROUNDS):
        filled = np.where(missing, usual, parts)
        sums = filled.sum(axis=1)
        found = np.zeros(len(usual))
        for number in np.flatnonzero(~missing.all(axis=0)):
            gone = missing[:, number]
            rows = gone if gone.sum() >= _ENOUGH else ~gone
            found[number] = np.median(sums[~gone]) - np.median(sums[rows] - filled[rows, number])
        usual = np.maximum(found, 0.0)
    return usual
