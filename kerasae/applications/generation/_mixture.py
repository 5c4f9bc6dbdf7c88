"""CodeMixture: a Gaussian mixture fitted on codes, from which new codes are drawn."""

import warnings
from typing import Any, Self

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

#: Largest number of codes to which a mixture is fitted.
_FITTED = 10_000


class CodeMixture:
    """Gaussian mixture with full covariances; the number of components has the lowest BIC.

    Args:
        most: Largest number of components; 1, 2, 4 and so on are tried.
        seed: Seed of the fit.

    Reference: Schwarz 1978, *Annals of Statistics* 6(2); Ghosh et al. 2020, ICLR, for drawing from a
    deterministic autoencoder in this way.
    """

    def __init__(self, most: int, seed: int) -> None:
        self._most, self._seed = most, seed

    @property
    def components(self) -> int:
        """Chosen number of components."""
        return len(self._weights)

    def fit(self, codes: np.ndarray) -> Self:
        """Fit the mixture to codes, `(rows, latent_dim)`."""
        if len(codes) > _FITTED:
            # The codes are drawn at random, because rows may be sorted.
            codes = codes[np.random.default_rng(self._seed).choice(len(codes), _FITTED, replace=False)]
        self._center = codes.mean(axis=0, dtype="float64")
        spread = codes.std(axis=0, dtype="float64")
        self._scale = np.where(spread > 0, spread, 1.0)
        rows = (codes - self._center) / self._scale
        best, least = None, np.inf
        count = 1
        # Each component needs two rows, so that it has a spread.
        while count <= min(self._most, max(1, len(rows) // 2)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                mixture = GaussianMixture(count, reg_covar=1e-6, random_state=self._seed).fit(rows)
            if (bic := mixture.bic(rows)) < least:
                best, least = mixture, bic
            count *= 2
        assert best is not None
        self._weights, self._means = best.weights_ / best.weights_.sum(), best.means_
        self._roots = np.linalg.cholesky(best.covariances_)
        return self

    def sample(self, count: int, seed: int) -> np.ndarray:
        """Draw new codes, `(count, latent_dim)`."""
        draw = np.random.default_rng(seed)
        chosen = draw.choice(len(self._weights), count, p=self._weights)
        eps = draw.normal(size=(count, self._means.shape[1]))
        rows = self._means[chosen] + np.einsum("nij,nj->ni", self._roots[chosen], eps)
        return np.asarray(rows * self._scale + self._center, "float32")

    def state(self) -> dict[str, Any]:
        """Return the scaling of the codes, and the weights, means and covariance roots of the components."""
        return {
            "center": self._center,
            "scale": self._scale,
            "weights": self._weights,
            "means": self._means,
            "roots": self._roots,
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the fitted mixture whose `state` this is."""
        mixture = cls(len(state["weights"]), 0)
        mixture._center, mixture._scale = state["center"], state["scale"]
        mixture._weights, mixture._means, mixture._roots = state["weights"], state["means"], state["roots"]
        return mixture
