"""Trustworthiness of codes, and how much each row moves it."""

from typing import Any

import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from kerasae.evaluation import RowInfluences, jackknife


def trustworthiness_rows(points: Any, codes: np.ndarray, k: int) -> RowInfluences:
    """Compute the trustworthiness with how much each row moves it, by the jackknife.

    A row counts as one that has neighbours and as one that is a neighbour, so that shares over rows would
    give too small an error.

    Args:
        points: Examples, `(rows, features)`.
        codes: Their codes, `(rows, latent_dim)`.
        k: Nearest neighbours compared, below half of the rows.

    Reference: Venna and Kaski 2001, ICANN.
    """
    rows = len(codes)
    distances = pairwise_distances(points)
    np.fill_diagonal(distances, np.inf)
    ranks = np.empty((rows, rows), int)
    np.put_along_axis(ranks, np.argsort(distances, axis=1), np.arange(1, rows + 1)[None], axis=1)
    # One more is the k-th nearest where one of the others is left out.
    reach = min(k + 1, rows - 1)
    near = NearestNeighbors(n_neighbors=reach).fit(codes).kneighbors(return_distance=False)
    near_ranks = np.take_along_axis(ranks, near, axis=1)
    whole = np.maximum(near_ranks[:, :k] - k, 0).sum()
    without = np.empty(rows)
    for row in range(rows):
        gone = near == row
        too_far = np.maximum(near_ranks - (ranks[:, row, None] < near_ranks) - k, 0)
        too_far[gone] = 0
        too_far[~gone[:, :k].any(axis=1), k:] = 0
        too_far[row] = 0
        without[row] = too_far.sum()
    return jackknife(1 - _share(rows, k) * whole, 1 - _share(rows - 1, k) * without)


def _share(rows: int, k: int) -> float:
    """How much of 1 each rank too far takes; 0 where no rank can be."""
    greatest = rows * k * (2 * rows - 3 * k - 1)
    return 2 / greatest if greatest > 0 else 0.0
