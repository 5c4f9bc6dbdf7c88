"""Principal: the principal components of long codes, and equal noise in all other directions."""

from typing import Any, Self

import numpy as np
from sklearn.decomposition import PCA


class Principal:
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
