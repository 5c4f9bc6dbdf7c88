"""derived: seeds that follow from a seed and share no draws with those of its neighbours."""

import numpy as np


def derived(seed: int, *path: int) -> np.ndarray:
    """Return two int32 that seed the draws of one place, `(2,)`, for `tf.random.stateless_*`.

    Sums of a seed and a number would give seed 0 in place 1 the draws of seed 1 in place 0.

    Args:
        seed: Seed of the whole, at least 0.
        *path: Numbers that lead to the place, each at least 0.
    """
    return np.random.SeedSequence([seed, *path]).generate_state(2).view("int32")
