"""How generated examples lie among real ones: distances to the nearest, precision and recall."""

import numpy as np
from sklearn.neighbors import NearestNeighbors


def nearest(points: np.ndarray, among: np.ndarray) -> np.ndarray:
    """The distance of each point to the nearest of some others, `(rows,)`."""
    return NearestNeighbors(n_neighbors=1).fit(among).kneighbors(points)[0][:, 0]


def covered(points: np.ndarray, by: np.ndarray, k: int) -> np.ndarray:
    """Whether each point lies in the manifold of others, `(rows,)`, bool.

    The manifold are the balls around the others, each as wide as the distance to its k-th nearest
    among them.

    Reference: Kynkäänniemi et al. 2019, NeurIPS, equation 1.
    """
    index = NearestNeighbors(n_neighbors=k + 1).fit(by)
    # The nearest of a point among its own is itself.
    radii = index.kneighbors(by)[0][:, k]
    inside = []
    for start in range(0, len(points), 512):
        part = np.asarray(points[start : start + 512], "float64")
        squares = (
            np.square(part).sum(axis=1)[:, None]
            + np.square(np.asarray(by, "float64")).sum(axis=1)
            - 2 * part @ np.asarray(by, "float64").T
        )
        # Rounding of this form, so that a point on the very edge is inside.
        slack = 1e-9 * (1.0 + np.square(radii))
        inside.append((squares <= np.square(radii) + slack).any(axis=1))
    return np.concatenate(inside)


def precision_and_recall(real: np.ndarray, fake: np.ndarray, k: int) -> tuple[float, float]:
    """Precision: share of the generated that look real. Recall: share of the real that are reached.

    Args:
        real: points `(rows, features)`.
        fake: as many.
        k: nearest neighbours that make up the manifold.

    Reference: Kynkäänniemi et al. 2019, NeurIPS.
    """
    return float(covered(fake, real, k).mean()), float(covered(real, fake, k).mean())
