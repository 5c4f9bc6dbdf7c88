"""Choice of the number of clusters."""

from collections.abc import Mapping

import numpy as np

from kerasae.applications.clustering._methods import Method


def criteria(
    method: type[Method], codes: np.ndarray, least: int, greatest: int, starts: int, most: int, seed: int
) -> dict[int, float]:
    """Return the criterion of a method by number of clusters; there are always fewer clusters than codes.

    Args:
        method: Method that is fitted with each number.
        codes: Codes of the rows, `(rows, latent_dim)`.
        least: Smallest number of clusters.
        greatest: Largest number of clusters.
        starts: Number of random restarts of each fit.
        most: Largest number of rows for a silhouette.
        seed: Seed of the fits.

    Raises:
        ValueError: If there are too few different codes.
    """
    different = count_different(codes)
    counts = [count for count in range(least, greatest + 1) if count < different]
    if not counts:
        raise ValueError(
            f"`least` must be below the number of different codes of the training rows, {different}, "
            f"received {least}."
        )
    return {count: method().fit(codes, count, starts, seed).criterion(codes, most, seed) for count in counts}


def best_number(scores: Mapping[int, float], lower: bool) -> int:
    """Return the number of clusters with the best criterion; of equal ones the smallest."""
    return min(scores, key=lambda count: scores[count] * (1 if lower else -1))


def check_number(codes: np.ndarray, clusters: int) -> None:
    """Raise ValueError if there are more clusters than different codes."""
    different = count_different(codes)
    if clusters > different:
        raise ValueError(
            f"`clusters` must not exceed the {different} different codes of the training rows, received "
            f"{clusters}."
        )


def count_different(codes: np.ndarray) -> int:
    """Return the number of different codes."""
    return len(np.unique(codes, axis=0))
