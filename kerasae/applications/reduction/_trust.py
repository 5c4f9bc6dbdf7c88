"""How well codes preserve neighbours: trustworthiness with the influence of each row, and a share."""

from typing import Any

import numpy as np
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors

from kerasae.metrics import RowInfluences, jackknife


def trustworthiness_rows(points: Any, codes: np.ndarray, k: int) -> RowInfluences:
    """Compute the trustworthiness and the influence of each row on it, by the jackknife.

    A row counts both as one that has neighbours and as a neighbour of others. A standard error from shares
    over rows would therefore be too small.

    Args:
        points: Examples, `(rows, features)`.
        codes: Codes of the examples, `(rows, latent_dim)`.
        k: Number of nearest neighbours that are compared, below half of the rows.

    Reference: Venna and Kaski 2001, ICANN.
    """
    rows = len(codes)
    distances = pairwise_distances(points)
    np.fill_diagonal(distances, np.inf)
    ranks = np.empty((rows, rows), int)
    np.put_along_axis(ranks, np.argsort(distances, axis=1), np.arange(1, rows + 1)[None], axis=1)
    # The next neighbour becomes the k-th nearest if one of the k is left out.
    reach = min(k + 1, rows - 1)
    near = NearestNeighbors(n_neighbors=reach).fit(codes).kneighbors(return_distance=False)
    near_ranks = np.take_along_axis(ranks, near, axis=1)
    whole = np.maximum(near_ranks[:, :k] - k, 0).sum()
    without = np.empty(rows)
    for row in range(rows):
        left_out = near == row
        too_far = np.maximum(near_ranks - (ranks[:, row, None] < near_ranks) - k, 0)
        too_far[left_out] = 0
        too_far[~left_out[:, :k].any(axis=1), k:] = 0
        too_far[row] = 0
        without[row] = too_far.sum()
    return jackknife(1 - _share(rows, k) * whole, 1 - _share(rows - 1, k) * without)


def _share(rows: int, k: int) -> float:
    """Return the penalty for each rank beyond `k`; 0 if there is no such rank."""
    greatest = rows * k * (2 * rows - 3 * k - 1)
    return 2 / greatest if greatest > 0 else 0.0


def neighbours_kept(points: Any, codes: np.ndarray, k: int) -> float:
    """Return the share of the k nearest neighbours among `points` that are also nearest among `codes`."""
    near, near_codes = (
        NearestNeighbors(n_neighbors=k).fit(rows).kneighbors(return_distance=False)
        for rows in (points, codes)
    )
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(near, near_codes, strict=True)]))
