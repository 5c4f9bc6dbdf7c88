"""k-means and mixtures of Gaussians under the same verbs."""

from typing import Any, ClassVar

import numpy as np
from sklearn.cluster import KMeans as ScikitKMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture


class Method:
    """A way to find clusters of codes, over an estimator of scikit-learn's. Abstract.

    Attributes:
        fewest: clusters that its criterion can judge.
        criterion_name: by which a number of clusters is chosen.
        lower: whether less of it is better.
        heading: of the number that it gives each row.
    """

    fewest: ClassVar[int]
    criterion_name: ClassVar[str]
    lower: ClassVar[bool]
    heading: ClassVar[str]

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Any:
        """A fitted estimator; from the centres given, or the best of some starts."""
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def centres(self, fitted: Any) -> np.ndarray:
        """`(clusters, latent_dim)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `centres`.")

    def criterion(self, fitted: Any, codes: np.ndarray, most: int, seed: int) -> float:
        """How well this number of clusters fits the codes."""
        raise NotImplementedError(f"{type(self).__name__} must write `criterion`.")

    def strength(self, fitted: Any, codes: np.ndarray) -> np.ndarray:
        """How much a row belongs to its cluster, `(rows,)`."""
        raise NotImplementedError(f"{type(self).__name__} must write `strength`.")

    def arrays(self, fitted: Any) -> dict[str, np.ndarray]:
        """What another tool needs to assign a code."""
        return {"centres": self.centres(fitted)}


class KMeans(Method):
    """k-means: to the centre that is nearest."""

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
        found = silhouette(codes, fitted.labels_, most, seed)
        return -1.0 if found is None else found

    def strength(self, fitted: Any, codes: np.ndarray) -> np.ndarray:
        return np.asarray(fitted.transform(codes).min(axis=1))


class Mixture(Method):
    """A mixture of Gaussians with a full covariance each: to the one that is most probable."""

    fewest = 1
    criterion_name = "BIC"
    lower = True
    heading = "probability"

    def fit(
        self, codes: np.ndarray, clusters: int, starts: int, seed: int, centres: np.ndarray | None = None
    ) -> Any:
        # A share of the codes' own variance, so that their scale does not matter (scikit-learn's 1e-6
        # is for variance 1).
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


def silhouette(codes: np.ndarray, found: np.ndarray, most: int, seed: int) -> float | None:
    """The mean silhouette over all rows, or so many drawn by the seed; `None` where it has no meaning."""
    if len(codes) > most:
        chosen = np.random.default_rng(seed).choice(len(codes), most, replace=False)
        codes, found = codes[chosen], found[chosen]
    if not 1 < len(np.unique(found)) < len(codes):
        return None
    return float(silhouette_score(codes, found))
