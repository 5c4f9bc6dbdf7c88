"""From where codes are drawn: what comes nearer to validation rows."""

import numpy as np
from scipy.spatial.distance import cdist

from kerasae.data import drawn_rows

#: Rows of each side of a distance, drawn.
_MOST = 1000


def energy_distance(real: np.ndarray, made: np.ndarray) -> float:
    """`2 E|X - Y| - E|X - X'| - E|Y - Y'|`, 0 where two samples have one distribution, in units of x.

    Args:
        real: points `(rows, features)`.
        made: points `(rows, features)`.

    Reference: Székely and Rizzo 2013, *Journal of Statistical Planning and Inference* 143(8).
    """
    real, made = (one[drawn_rows(len(one), _MOST, seed=0)] for one in (real, made))
    between = cdist(real, made).mean()
    # Of a sample with itself without the zeros of each row with itself: no side is favoured by its size.
    within = [cdist(one, one).sum() / (len(one) * max(len(one) - 1, 1)) for one in (real, made)]
    return float(2 * between - sum(within))
