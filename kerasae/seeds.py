"""Randomness that follows from a seed alone: for draws, and for models whose parts take no seed."""

import contextlib
import random
import threading
from collections.abc import Iterator

import keras
import numpy as np

# Keras draws the seeds of initialisers and noise layers from Python's generator, which all threads share.
_GLOBAL = threading.RLock()


def derived(seed: int, *path: int) -> np.ndarray:
    """Return two int32 that seed the draws of one place, `(2,)`, for `tf.random.stateless_*`.

    Sums of a seed and a number would give seed 0 in place 1 the draws of seed 1 in place 0.

    Args:
        seed: Seed of the whole, at least 0.
        *path: Numbers that lead to the place, each at least 0.
    """
    return np.random.SeedSequence([seed, *path]).generate_state(2).view("int32")


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let every seed that Keras draws inside follow from `seed`, one thread at a time.

    Models that are built in threads are then those that are built one after another. The generators
    of Python, NumPy and Keras stay seeded behind it, as after `keras.utils.set_random_seed`.

    Args:
        seed: Seed of Python, NumPy and Keras.
    """
    with _GLOBAL:
        keras.utils.set_random_seed(seed)
        yield


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Give back the states that the generators of Python and NumPy have now, one thread at a time."""
    with _GLOBAL:
        states = random.getstate(), np.random.get_state()
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])
