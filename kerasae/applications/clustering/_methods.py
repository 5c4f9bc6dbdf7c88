"""k-means and Gaussian mixtures behind one interface."""

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.cluster import KMeans as ScikitKMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture


class Method:
    """Clustering of codes by an estimator of scikit-learn. Abstract.

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

    _fitted: Any

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Self:
        """Fit from the given centres, or keep the best of `starts` random restarts."""
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Return the cluster of each code, from 0, `(rows,)`."""
        return np.asarray(self._fitted.predict(codes))

    @property
    def centres(self) -> np.ndarray:
        """Centres, `(clusters, latent_dim)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `centres`.")

    def criterion(self, codes: np.ndarray, most: int, seed: int) -> float:
        """Return how well this number of clusters fits the codes on which it was fitted."""
        raise NotImplementedError(f"{type(self).__name__} must write `criterion`.")

    def strength(self, codes: np.ndarray) -> np.ndarray:
        """Return how strongly each row belongs to its cluster, `(rows,)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `strength`.")

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays that another tool needs to assign a code to a cluster."""
        raise NotImplementedError(f"{type(self).__name__} must write `arrays`.")

    def state(self) -> dict[str, np.ndarray]:
        """Return the arrays from which `of_state` makes the same object."""
        return self.arrays()

    @classmethod
    def of_state(cls, state: dict[str, np.ndarray]) -> Self:
        """Return the fitted object whose `state` this is."""
        raise NotImplementedError(f"{cls.__name__} must write `of_state`.")


class KMeans(Method):
    """k-means: each code belongs to the nearest centre."""

    fewest = 2
    criterion_name = "silhouette"
    lower = False
    heading = "distance"

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Self:
        begin: Any = "k-means++" if centres is None else np.asarray(centres, codes.dtype)
        self._fitted = ScikitKMeans(
            clusters, init=begin, n_init=starts if centres is None else 1, random_state=seed
        ).fit(codes)
        return self

    @property
    def centres(self) -> np.ndarray:
        return np.asarray(self._fitted.cluster_centers_)

    def criterion(self, codes: np.ndarray, most: int, seed: int) -> float:
        value = silhouette(codes, self._fitted.labels_, most, seed)
        return -1.0 if value is None else value

    def strength(self, codes: np.ndarray) -> np.ndarray:
        return np.asarray(self._fitted.transform(codes).min(axis=1))

    def arrays(self) -> dict[str, np.ndarray]:
        return {"centres": self.centres}

    @classmethod
    def of_state(cls, state: dict[str, np.ndarray]) -> Self:
        method, centres = cls(), state["centres"]
        # A fit sets what scikit-learn needs beside the centres; that of one cluster costs nothing.
        method._fitted = ScikitKMeans(1, init=centres[:1], n_init=1, random_state=0).fit(centres)
        method._fitted.cluster_centers_ = centres
        return method


class Mixture(Method):
    """Gaussian mixture with full covariances: each code belongs to the most probable component."""

    fewest = 1
    criterion_name = "BIC"
    lower = True
    heading = "probability"

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Self:
        # The floor is relative to the variance of the codes, so that their scale does not matter (the 1e-6
        # of scikit-learn is for variance 1).
        floor = 1e-6 * max(float(codes.var(axis=0).mean()), 1e-12)
        self._fitted = GaussianMixture(
            clusters,
            n_init=starts if centres is None else 1,
            means_init=centres,
            reg_covar=floor,
            random_state=seed,
        ).fit(np.asarray(codes, "float64"))
        return self

    @property
    def centres(self) -> np.ndarray:
        return np.asarray(self._fitted.means_)

    def criterion(self, codes: np.ndarray, most: int, seed: int) -> float:
        return float(self._fitted.bic(codes))

    def strength(self, codes: np.ndarray) -> np.ndarray:
        return np.asarray(self._fitted.predict_proba(codes).max(axis=1))

    def arrays(self) -> dict[str, np.ndarray]:
        fitted = self._fitted
        return {"centres": fitted.means_, "covariances": fitted.covariances_, "weights": fitted.weights_}

    def state(self) -> dict[str, np.ndarray]:
        return {**self.arrays(), "precisions_cholesky": self._fitted.precisions_cholesky_}

    @classmethod
    def of_state(cls, state: dict[str, np.ndarray]) -> Self:
        method = cls()
        method._fitted = fitted = GaussianMixture(len(state["weights"]))
        fitted.means_, fitted.covariances_ = state["centres"], state["covariances"]
        fitted.weights_, fitted.precisions_cholesky_ = state["weights"], state["precisions_cholesky"]
        return method


METHODS: dict[str, type[Method]] = {"kmeans": KMeans, "mixture": Mixture}


def silhouette(codes: np.ndarray, clusters: np.ndarray, most: int, seed: int) -> float | None:
    """Return the mean silhouette over at most `most` rows; `None` if it is not defined."""
    if len(codes) > most:
        chosen = np.random.default_rng(seed).choice(len(codes), most, replace=False)
        codes, clusters = codes[chosen], clusters[chosen]
    if not 1 < len(np.unique(clusters)) < len(codes):
        return None
    return float(silhouette_score(codes, clusters))
