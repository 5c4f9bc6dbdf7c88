"""Contexts: how large a symbol is likely to be, from those that were coded before."""

import math

import numpy as np

from kerasae.applications.compression._maps.places import Places

#: Parts of one in whole numbers: magnitudes are multiples of 1/256.
ONE = 256
#: 2^(i/4) in units of 2^-24, as whole numbers.
_QUARTERS = (16777216, 19951585, 23726566, 28215802)
#: Weights of the mean of a channel, of the neighbours in it, and of the channels before at the same place,
#: in sixteenths. The file says which of them each channel has.
MIXES = ((12, 2, 2), (8, 2, 6), (4, 2, 10), (4, 6, 6), (2, 10, 4), (1, 5, 10), (0, 14, 2), (2, 0, 14))
#: Weights of `CODED`, in eighths.
_NEAR = np.array([2, 2, 1, 1, 1, 1])
#: Largest activity, in units of `ONE`.
_MOST = 16 * ONE
#: Magnitudes, in units of `ONE`, at which contexts begin: two to an octave.
_BOUNDS = np.array([(_QUARTERS[2 * k % 4] << (k // 2)) >> 24 for k in range(4, 32)])
#: Number of contexts.
CONTEXTS = len(_BOUNDS) + 1
#: Largest symbol of a context with its own probability; larger ones are escaped.
LARGEST = 15
#: Number of observations that the distribution before all symbols counts as.
_PRIOR = 24


def magnitude(level: int) -> int:
    """Return the mean magnitude of a level, in units of `ONE`: a quarter of an octave for each."""
    return max((_QUARTERS[level % 4] << (level // 4)) >> 24, 1)


def level_of(mean: float) -> int:
    """Return the level nearest to a mean magnitude above 0, at least 1."""
    return min(max(round(4 * math.log2(mean * ONE)), 1), 255)


class Activity:
    """Magnitudes of the channels before, relative to their means, at each place.

    Args:
        places: Places of the maps.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._values = np.full(len(places) + 1, ONE, "int64")

    def add(self, magnitudes: np.ndarray, mean: int) -> None:
        """Take the magnitudes of a channel, `(places,)`, and its mean in units of `ONE`."""
        relative = np.minimum(magnitudes * (ONE * ONE) // mean, _MOST)
        self._values[:-1] += (relative - self._values[:-1]) >> 3

    def around(self) -> np.ndarray:
        """Return the activity at each place and around it, in units of `ONE`, `(places,)`."""
        near = self._values[self._places.around].sum(axis=0)
        return (8 * self._values[:-1] + near) >> 4


def expected(mean: int, near: np.ndarray, activity: np.ndarray, mix: int) -> np.ndarray:
    """Return the expected magnitudes of symbols, in units of `ONE`.

    Args:
        mean: Mean of the channel, in units of `ONE`.
        near: Weighted magnitudes of the neighbours, as `near` returns them.
        activity: Activity at the places.
        mix: Number of the weights in `MIXES`.
    """
    own, beside, before = MIXES[mix]
    return (own * mean + beside * near + before * ((mean * activity) >> 8)) >> 4


def near(magnitudes: np.ndarray, coded: np.ndarray) -> np.ndarray:
    """Return the weighted mean of the magnitudes of neighbours, in units of `ONE`.

    Args:
        magnitudes: Magnitudes of the channel, with a 0 at the end for places outside, `(places + 1,)`.
        coded: Numbers of the neighbours, `(6, places)`.
    """
    weighted: np.ndarray = (_NEAR @ magnitudes[coded]) * (ONE // 8)
    return weighted


def context(magnitudes: np.ndarray) -> np.ndarray:
    """Return the context of expected magnitudes."""
    return np.searchsorted(_BOUNDS, magnitudes, side="right")


def shift(contexts: np.ndarray) -> np.ndarray:
    """Return the number of low bits of the symbols of contexts that are stored as they are."""
    # Context k begins at 2^((k + 3) / 2) / 256.
    return np.maximum((contexts + 3) // 2 - 10, 0)


def prior() -> np.ndarray:
    """Return the counts of symbols before any was seen, `(CONTEXTS, 2 * LARGEST + 2)`; the last is an escape.

    They are those of a Laplace distribution, from whole numbers, square roots and products alone, which all
    machines compute alike.
    """
    counts = np.empty((CONTEXTS, 2 * LARGEST + 2))
    bounds = np.append(_BOUNDS[0] * 0.6, _BOUNDS * 1.19)
    for number, mean in enumerate(bounds / ONE / 2.0 ** shift(np.arange(CONTEXTS))):
        decay = (math.sqrt(1 + mean * mean) - 1) / mean
        each = np.empty(LARGEST + 1)
        each[0] = (1 - decay) / (1 + decay)
        for size in range(1, LARGEST + 1):
            each[size] = each[size - 1] * decay
        counts[number, LARGEST : 2 * LARGEST + 1] = each
        counts[number, :LARGEST] = each[:0:-1]
        counts[number, -1] = each[LARGEST] / 2
    return np.maximum(np.rint(counts * 64 * _PRIOR), 1.0)


#: Weight of one symbol in the counts.
SEEN = 64.0
