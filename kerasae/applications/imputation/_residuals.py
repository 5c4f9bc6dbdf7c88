"""Residuals: what held-out values were where the same was said."""

from typing import Self

import numpy as np

from kerasae.applications._filling.filling import Cells


class Residuals:
    """Draws about a likeliest value: a number plus a held-out residual of its column, or a held-out category.

    Args:
        cells: of the examples.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def fit(self, said: np.ndarray, was: np.ndarray, there: np.ndarray) -> Self:
        """Keeps what was said of held-out cells `(rows, cells)`, and what they were, where `there`."""
        self._pools = [
            (said[there[:, cell], cell], was[there[:, cell], cell]) for cell in range(said.shape[1])
        ]
        return self

    def draw(self, point: np.ndarray, missing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The rows with each missing cell drawn anew; a cell without held-out values keeps its value."""
        found = point.copy()
        for cell in np.flatnonzero(missing.any(axis=0)):
            said, was = self._pools[cell]
            rows = np.flatnonzero(missing[:, cell])
            if len(said) and self._cells.number[cell]:
                found[rows, cell] += (was - said)[rng.integers(len(said), size=len(rows))]
                continue
            for value in np.unique(point[rows, cell]):
                same = was[said == value]
                chosen = rows[point[rows, cell] == value]
                if len(same):
                    found[chosen, cell] = same[rng.integers(len(same), size=len(chosen))]
        return np.where(missing, self._cells.legal(found), point)
