"""k-means and Gaussian mixtures behind one interface."""

from typing import Any, ClassVar

import numpy as np
from sklearn.cluster import KMeans as ScikitKMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture


class Method:
    """Clustering method based on an estimator of scikit-learn. Abstract.

    Attributes:
        fewest: Smallest number of clusters that its criterion can judge.
        criterion_name: Name of the criterion that chooses the number of clusters.
        lower: Whether a lower criterion is better.
        heading: Heading of the column of `strength`.
    """

    fewest: ClassVar[int]
    criterion_name: ClassVar[str]
    lower: ClassVar[bool]
    heading: ClassVar[str]

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Any:
        """Return an estimator fitted from the given centres, or the best of `starts` random restarts."""
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def centres(self, fitted: Any) -> np.ndarray:
        """Return the centres, `(clusters, latent_dim)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `centres`.")

    def criterion(self, fitted: Any, codes: np.ndarray, most: int, seed: int) -> float:
        """Return how well this number of clusters fits the codes."""
        raise NotImplementedError(f"{type(self).__name__} must write `criterion`.")

    def strength(self, fitted: Any, codes: np.ndarray) -> np.ndarray:
        """Return how strongly each row belongs to its cluster, `(rows,)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `strength`.")

    def arrays(self, fitted: Any) -> dict[str, np.ndarray]:
        """Return the arrays that another tool needs to assign a code to a cluster."""
        return {"centres": self.centres(fitted)}


class KMeans(Method):
    """k-means: each code belongs to the nearest centre."""

    fewest = 2
    criterion_name = "silhouette"
    lower = False
    heading = "distance"

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Any:
        begin: Any = "k-means++" if centres is None else np.asarray(centres, codes.dtype)
        return ScikitKMeans(
            clusters, init=begin, n_init=starts if centres is None else 1, random_state=seed
        ).fit(codes)

    def centres(self, fitted: Any) -> np.ndarray:
        return np.asarray(fitted.cluster_centers_)

    def criterion(self, fitted: Any, codes: np.ndarray, most: int, seed: int) -> float:
        value = silhouette(codes, fitted.labels_, most, seed)
        return -1.0 if value is None else value

    def strength(self, fitted: Any, codes: np.ndarray) -> np.ndarray:
        return np.asarray(fitted.transform(codes).min(axis=1))


class Mixture(Method):
    """Gaussian mixture with full covariances: each code belongs to the most probable component."""

    fewest = 1
    criterion_name = "BIC"
    lower = True
    heading = "probability"

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Any:
        # The floor is relative to the variance of the codes, so that their scale does not matter (the 1e-6
        # of scikit-learn is for variance 1).
        floor = 1e-6 * max(float(codes.var(axis=0).mean()), 1e-12)
        return GaussianMixture(
            clusters,
            n_init=starts if centres is None else 1,
            means_init=centres,
            reg_covar=floor,
            random_state=seed,
        ).fit(np.asarray(codes, "float64"))

    def centres(self, fitted: Any) -> np.ndarray:
        return np.asarray(fitted.means_)

    def criterion(self, fitted: Any, codes: np.ndarray, most: int, seed: int) -> float:
        return float(fitted.bic(codes))

    def strength(self, fitted: Any, codes: np.ndarray) -> np.ndarray:
        return np.asarray(fitted.predict_proba(codes).max(axis=1))

    def arrays(self, fitted: Any) -> dict[str, np.ndarray]:
        return {"centres": fitted.means_, "covariances": fitted.covariances_, "weights": fitted.weights_}


METHODS: dict[str, type[Method]] = {"kmeans": KMeans, "mixture": Mixture}


def silhouette(codes: np.ndarray, clusters: np.ndarray, most: int, seed: int) -> float | None:
    """Return the mean silhouette over at most `most` rows; `None` if it is not defined."""
    if len(codes) > most:
        chosen = np.random.default_rng(seed).choice(len(codes), most, replace=False)
        codes, clusters = codes[chosen], clusters[chosen]
    if not 1 < len(np.unique(clusters)) < len(codes):
        return None
    return float(silhouette_score(codes, clusters))
