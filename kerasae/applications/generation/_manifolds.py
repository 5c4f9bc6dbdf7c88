"""Position of generated examples among real ones: nearest distances, precision and recall."""

import numpy as np
from sklearn.neighbors import NearestNeighbors


def nearest(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the distance of each point to the nearest of some others, `(rows,)`."""
    return NearestNeighbors(n_neighbors=1).fit(among).kneighbors(points)[0][:, 0]


def covered(points: np.ndarray, by: np.ndarray, k: int) -> np.ndarray:
    """Return whether each point lies in the manifold of others, `(rows,)`, bool.

    The manifold is the union of the balls around the others, each with the distance to its k-th nearest among
    them as radius.

    Reference: Kynkäänniemi et al. 2019, NeurIPS, equation 1.
    """
    index = NearestNeighbors(n_neighbors=k + 1).fit(by)
    # The nearest neighbour of a point in its own set is itself.
    radii = index.kneighbors(by)[0][:, k]
    inside = []
    for start in range(0, len(points), 512):
        part = np.asarray(points[start : start + 512], "float64")
        squares = (
            np.square(part).sum(axis=1)[:, None]
            + np.square(np.asarray(by, "float64")).sum(axis=1)
            - 2 * part @ np.asarray(by, "float64").T
        )
        # The margin covers rounding, so that a point on the edge is inside.
        slack = 1e-9 * (1.0 + np.square(radii))
        inside.append((squares <= np.square(radii) + slack).any(axis=1))
    return np.concatenate(inside)


def precision_and_recall(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float]:
    """Return precision, the share of generated rows that look real, and recall, that of real rows reached.

    Args:
        real: Real points, `(rows, features)`.
        fake: Generated points, as many.
        k: Number of nearest neighbours that define the manifold.

    Reference: Kynkäänniemi et al. 2019, NeurIPS.
    """
    return float(covered(fake, real, k).mean()), float(covered(real, fake, k).mean())
