"""Choice of the distribution of codes: the one whose samples are nearer to validation rows."""

import numpy as np
from scipy.spatial.distance import cdist

from kerasae.data import drawn_rows

#: Largest number of rows on each side of a distance; more rows are subsampled.
_MOST = 1000


def energy_distance(real: np.ndarray, samples: np.ndarray) -> float:
    """Return `2 E|X - Y| - E|X - X'| - E|Y - Y'|`, in units of `x`; 0 for equal distributions.

    Args:
        real: Real points, `(rows, features)`.
        samples: Generated points, `(rows, features)`.

    Reference: Székely and Rizzo 2013, *Journal of Statistical Planning and Inference* 143(8).
    """
    real, samples = (one[drawn_rows(len(one), _MOST, seed=0)] for one in (real, samples))
    between = cdist(real, samples).mean()
    # The distance of a row to itself, 0, is left out, so that the size of a sample does not matter.
    within = [cdist(one, one).sum() / (len(one) * max(len(one) - 1, 1)) for one in (real, samples)]
    return float(2 * between - sum(within))
