"""Which rows stand for all others."""

import numpy as np


def farthest_first(codes: np.ndarray, count: int) -> np.ndarray:
    """Numbers of `count` rows: the first is nearest to the mean, each next is farthest from those before.

    Reference: Gonzalez 1985, *Theoretical Computer Science* 38.
    """
    chosen = [int(np.square(codes - codes.mean(axis=0)).sum(axis=1).argmin())]
    distance = np.full(len(codes), np.inf)
    while len(chosen) < min(count, len(codes)):
        distance = np.minimum(distance, np.square(codes - codes[chosen[-1]]).sum(axis=1))
        chosen.append(int(distance.argmax()))
    return np.array(chosen)
