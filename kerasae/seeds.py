"""Seeds: randomness that depends only on a seed, for draws and for models whose parts take no seed."""

import contextlib
import random
import threading
from collections.abc import Iterator

import keras
import numpy as np

# Keras draws the seeds of initialisers and noise layers from the generator of Python, which threads share.
_GLOBAL = threading.RLock()


def derived(seed: int, *path: int) -> np.ndarray:
    """Derive a seed for `tf.random.stateless_*` from a seed and a path of numbers.

    A sum of seed and number would not do: seed 0 with number 1 would draw the same as seed 1 with number 0.

    Args:
        seed: Seed, at least 0.
        *path: Numbers that identify the draw, such as the number of a batch, each at least 0.

    Returns:
        Two int32, `(2,)`.
    """
    return np.random.SeedSequence([seed, *path]).generate_state(2).view("int32")


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Restore the states of the generators of Python and NumPy afterwards, one thread at a time.

    TensorFlow's global seed stays as it is at the end: there is no public way to read it.
    """
    with _GLOBAL:
        states = random.getstate(), np.random.get_state()
        try:
            yield
        finally:
            random.setstate(states[0])
            np.random.set_state(states[1])


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Make every seed that Keras draws in this context depend on `seed`, one thread at a time.

    Models that are built in threads are then the same as those built one after another. The generators of
    Python and NumPy are as before afterwards, so that a caller's own draws do not depend on it.

    Args:
        seed: Seed of Python, NumPy and Keras.
    """
    with kept():
        keras.utils.set_random_seed(seed)
        yield
