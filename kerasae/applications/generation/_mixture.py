"""CodeMixture: a Gaussian mixture fitted on codes, from which new codes are drawn."""

import warnings
from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture

#: Largest number of codes to which a mixture is fitted.
_FITTED = 10_000
#: Largest code size, and largest number of principal components, for which covariances are full.
_FULL = 128


class CodeMixture:
    """Gaussian mixture with full covariances; the number of components has the lowest BIC.

    A code of more than 128 numbers, such as a map, has too many covariances. The mixture is then one of its
    first principal components, at most 128 and a quarter of the rows, and the rest is isotropic noise.

    Args:
        most: Largest number of components; 1, 2, 4 and so on are tried.
        seed: Seed of the fit.

    Reference: Schwarz 1978, *Annals of Statistics* 6(2); Ghosh et al. 2020, ICLR, for drawing from a
    deterministic autoencoder in this way.
    """

    def __init__(self, most: int, seed: int) -> None:
        self._most, self._seed = most, seed
        self._principal: _Principal | None = None

    @property
    def components(self) -> int:
        """Chosen number of components."""
        return len(self._weights)

    @property
    def principal_components(self) -> int:
        """Number of principal components to which the mixture is fitted; 0 if it is fitted to whole codes."""
        return 0 if self._principal is None else self._means.shape[1]

    def fit(self, codes: np.ndarray) -> Self:
        """Fit the mixture to codes, `(rows, latent_dim)`."""
        if len(codes) > _FITTED:
            # The codes are drawn at random, because rows may be sorted.
            codes = codes[np.random.default_rng(self._seed).choice(len(codes), _FITTED, replace=False)]
        self._center = codes.mean(axis=0, dtype="float64")
        spread = codes.std(axis=0, dtype="float64")
        self._scale = np.where(spread > 0, spread, 1.0)
        rows = (codes - self._center) / self._scale
        # Each component needs two rows, so that it has a spread.
        fewest = 2
        if rows.shape[1] > _FULL and len(rows) > 4:
            count = min(_FULL, len(rows) // 4)
            self._principal = _Principal.of_rows(rows, count, self._seed)
            rows = self._principal.scores(rows)
            # With fewer rows than directions a component would hardly be more than these rows.
            fewest = 2 * count
        best, least = None, np.inf
        count = 1
        while count <= min(self._most, max(1, len(rows) // fewest)):
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
        if self._principal is not None:
            rows = self._principal.rows(rows, draw)
        return np.asarray(rows * self._scale + self._center, "float32")

    def state(self) -> dict[str, Any]:
        """Return the scaling of the codes, the principal components, and the parameters of the mixture."""
        return {
            "center": self._center,
            "scale": self._scale,
            "weights": self._weights,
            "means": self._means,
            "roots": self._roots,
            "principal": None if self._principal is None else self._principal.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any]) -> Self:
        """Return the fitted mixture whose `state` this is."""
        mixture = cls(len(state["weights"]), 0)
        mixture._center, mixture._scale = state["center"], state["scale"]
        mixture._weights, mixture._means, mixture._roots = state["weights"], state["means"], state["roots"]
        if (principal := state.get("principal")) is not None:
            mixture._principal = _Principal(**principal)
        return mixture


class _Principal:
    """Linear Gaussian model of rows: their principal components, and isotropic noise in the rest.

    It makes a distribution of the components into one of the rows: what the components do not explain is
    drawn from a normal distribution of the same variance in each direction.

    Args:
        axes: Principal directions, `(components, numbers)`, of length 1 and at right angles.
        noise: Standard deviation in each of the other directions.

    Reference: Tipping and Bishop 1999, *Journal of the Royal Statistical Society B* 61(3).
    """

    def __init__(self, axes: np.ndarray, noise: float) -> None:
        self._axes, self._noise = axes, noise

    @classmethod
    def of_rows(cls, rows: np.ndarray, components: int, seed: int) -> Self:
        """Fit to rows with a mean of zero, `(rows, numbers)`.

        Args:
            rows: Rows.
            components: Number of components, below the number of rows and of numbers.
            seed: Seed of the randomised solver.
        """
        fitted = PCA(components, svd_solver="randomized", random_state=seed).fit(rows)
        rest = np.square(rows).mean(axis=0).sum() - np.square(rows @ fitted.components_.T).mean(axis=0).sum()
        variance = max(float(rest), 0.0) / (rows.shape[1] - components)
        return cls(fitted.components_, float(np.sqrt(variance)))

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """Return the components of rows, `(rows, components)`."""
        return np.asarray(rows @ self._axes.T)

    def rows(self, scores: np.ndarray, draw: np.random.Generator) -> np.ndarray:
        """Draw rows with given components, `(rows, numbers)`."""
        eps = self._noise * draw.normal(size=(len(scores), self._axes.shape[1]))
        return np.asarray((scores - eps @ self._axes.T) @ self._axes + eps)

    def state(self) -> dict[str, Any]:
        """Return the directions and the noise."""
        return {"axes": self._axes, "noise": self._noise}
