"""Steps: the decimals of the numbers of a column."""

import numpy as np

from kerasae.scores.support._ranges import few

#: Steps that are tried, the largest first.
_STEPS = (1.0, 0.5, 0.1, 0.05, 0.01)
#: Greatest number of steps of a number, so that float32 tells a fraction of a step.
_FINEST = 1e5
#: Smallest fraction of a step that is no rounding.
FRACTION = 0.05


def step_of(raw: np.ndarray) -> tuple[float, int]:
    """Return the step of a column, and the number of training rows with no multiple of it.

    All but a few training rows have multiples of the step (`few`): whole numbers, for example. Both are 0 if
    there is no such step.

    Args:
        raw: Numbers in raw units, `(rows,)`.
    """
    for step in _STEPS:
        if len(raw) and np.abs(raw).max() / step < _FINEST:
            others = int((np.abs(raw / step - np.rint(raw / step)) > FRACTION).sum())
            if others <= few(len(raw)):
                return step, others
    return 0.0, 0
