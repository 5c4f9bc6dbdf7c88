"""Residuals of held-out cells, by the value that was predicted."""

from typing import Any, Self

import numpy as np

from kerasae.applications._filling.cells import Cells

#: Smallest number of rows with a held-out cell from which a share is taken as a probability.
_LEAST = 10


class Residuals:
    """Draws around a likely value: a number plus a held-out residual of its column, or a held-out category.

    Args:
        cells: Cells of the examples.
    """

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def fit(self, predicted: np.ndarray, was: np.ndarray, present: np.ndarray, rows: np.ndarray) -> Self:
        """Store the predicted and the true values of held-out cells.

        Args:
            predicted: Predicted values, `(rows, cells)`.
            was: True values, `(rows, cells)`.
            present: Whether a cell was held out, `(rows, cells)`.
            rows: Number of each row, which may be there several times with other cells held out, `(rows,)`.
        """
        self._pools = [
            (predicted[present[:, cell], cell], was[present[:, cell], cell])
            for cell in range(predicted.shape[1])
        ]
        self._rows = [rows[present[:, cell]] for cell in range(predicted.shape[1])]
        return self

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned."""
        pools = {"predicted": [one for one, _ in self._pools], "true": [other for _, other in self._pools]}
        return {**pools, "rows": self._rows}

    @classmethod
    def of_state(cls, state: dict[str, Any], cells: Cells) -> Self:
        """Return the object whose `state` this is."""
        residuals = cls(cells)
        residuals._pools = [*zip(state["predicted"], state["true"], strict=True)]
        # States of before the confidence do not tell the rows.
        residuals._rows = state.get("rows") or [np.zeros(len(one), int) for one in state["predicted"]]
        return residuals

    def confidence(self, point: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return the probability that a filled category or boolean is right, `(rows, cells)`.

        It is the share of those held-out cells of the column, predicted the same, that were predicted right.
        It is NaN for numbers, for cells that are not missing, and where they were held out in fewer than 10
        rows.
        """
        shares = np.full(point.shape, np.nan)
        for cell in np.flatnonzero(missing.any(axis=0) & ~self._cells.number):
            predicted, was = self._pools[cell]
            for value in np.unique(point[missing[:, cell], cell]):
                same = was[predicted == value]
                if len(np.unique(self._rows[cell][predicted == value])) >= _LEAST:
                    shares[missing[:, cell] & (point[:, cell] == value), cell] = np.mean(same == value)
        return shares

    def draw(self, point: np.ndarray, missing: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return the rows with each missing cell drawn again; without held-out values it does not change."""
        values = point.copy()
        for cell in np.flatnonzero(missing.any(axis=0)):
            predicted, was = self._pools[cell]
            rows = np.flatnonzero(missing[:, cell])
            if len(predicted) and self._cells.number[cell]:
                values[rows, cell] += (was - predicted)[rng.integers(len(predicted), size=len(rows))]
                continue
            for value in np.unique(point[rows, cell]):
                same = was[predicted == value]
                chosen = rows[point[rows, cell] == value]
                if len(same):
                    values[chosen, cell] = same[rng.integers(len(same), size=len(chosen))]
        return np.where(missing, self._cells.legal(values), point)
