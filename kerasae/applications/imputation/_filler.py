"""Filler: the chosen method that fills gaps, drawn towards typical values as far as it overstates."""

from typing import Any, Self

import numpy as np

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled, Filling
from kerasae.applications.imputation._choice import Choice, losses
from kerasae.applications.imputation._residuals import Residuals
from kerasae.kinds import kind_of

#: Number of draws of each hidden cell, among which later draws are ranked.
_DRAWS = 5
#: Smallest number of hidden cells of a column that decides how far its fillings are trusted.
_LEAST = 30


class Filler:
    """Fillings of gaps and draws of them, in the range and with the shared values of their columns.

    A filled number is `typical + weight * (prediction - typical)`. The weight of a column, in [0, 1], is that
    of least squares on hidden cells: a model that has learned its training rows too well predicts numbers too
    far from their mean, and 0 fills with the mean. A category or boolean is filled with the mode in a column
    in which the method is wrong more often. Pixels of images with too few hidden cells for a decision are
    judged together, because they have one unit. Numbers move to values that many rows share, such as 0 for
    tolls, in columns in which this does not increase the squared error on hidden cells. Draws of a method
    that has none are most likely values plus residuals of held-out rows.

    Args:
        cells: Cells of the examples.
        choice: Methods that the codec offers.

    Reference: Copas 1983, *Journal of the Royal Statistical Society B* 45(3) (the weights).
    """

    _filling: Filling
    _weights: np.ndarray
    _settles: np.ndarray
    _residuals: Residuals

    def __init__(self, cells: Cells, choice: Choice) -> None:
        self._cells, self._choice = cells, choice
        self._settles = np.ones(len(cells.number), bool)

    # Learning ------------------------------------------------------------------------------------

    def choose(self, x: np.ndarray, hidden: np.ndarray) -> Filled:
        """Choose the method, and the weight of each column, by the errors on hidden cells.

        Args:
            x: Rows, `(rows, cells)`, NaN for gaps.
            hidden: Whether a cell is hidden, `(rows, cells)`.

        Returns:
            The filled rows, before their numbers are moved to the values of their columns.
        """
        self._filling, filled = self._choice.best(x, hidden)
        self._weights = self._weigh(filled.x, x, hidden)
        return self._guarded(filled, np.isnan(x) | hidden)

    def _weigh(self, filled: np.ndarray, x: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Return the weight of the prediction of each column, `(cells,)`, in [0, 1]."""
        typical = np.broadcast_to(self._cells.typical, x.shape)
        step = np.where(hidden, filled - typical, 0).astype("float64")
        square, product = np.square(step).sum(axis=0), (step * np.where(hidden, x - typical, 0)).sum(axis=0)
        is_few = hidden.sum(axis=0) < _LEAST
        if kind_of(self._cells.spec).is_picture and hidden[:, is_few].sum() >= _LEAST:
            square[is_few], product[is_few] = square[is_few].sum(), product[is_few].sum()
            is_few = np.zeros_like(is_few)
        slope = np.clip(product / np.maximum(square, 1e-12), 0, 1)
        wrong, of_typical = (losses(self._cells, values, x, hidden) for values in (filled, typical))
        weights = np.where(self._cells.number, slope, wrong <= of_typical)
        return np.where(is_few, 1.0, weights)

    def fit_likely(self, x: np.ndarray, hidden: np.ndarray) -> Filled:
        """Fit the ranks of the most likely numbers of a table on training rows, and return those filled.

        They are not moved to shared values.
        """
        assert self._cells.values is not None
        missing = np.isnan(x) | hidden
        likely = self._guarded(self._filling.fill(x, missing), missing)
        self._cells.values.fit_likely(np.where(hidden, likely.x, np.nan))
        return likely

    def choose_columns(self, filled: Filled, x: np.ndarray, hidden: np.ndarray) -> None:
        """Choose the columns whose numbers move to shared values, by the errors on hidden cells."""
        assert self._cells.values is not None
        missing = np.isnan(x) | hidden
        errors = []
        for settles in (True, False):
            self._settles = np.full_like(self._settles, settles)
            errors.append(losses(self._cells, self.settled(filled, missing).x, x, hidden))
        self._settles = (errors[0] <= errors[1]) | (hidden.sum(axis=0) < _LEAST)

    def fit_residuals(self, filled: Filled, x: np.ndarray, hidden: np.ndarray, rows: np.ndarray) -> None:
        """Fit the residuals of draws on filled held-out rows, with the number of each row."""
        self._residuals = Residuals(self._cells).fit(filled.x, np.nan_to_num(x), hidden, rows)

    def fit_drawn(self, x: np.ndarray, hidden: np.ndarray, likely: Filled, rng: np.random.Generator) -> None:
        """Fit the ranks of drawn numbers of a table, on rows that are drawn as by `several`."""
        assert self._cells.values is not None
        drawn = self.several(x, np.isnan(x) | hidden, _DRAWS, rng, likely)
        self._cells.values.fit(np.concatenate(np.where(hidden, drawn, np.nan)))

    # Filling -------------------------------------------------------------------------------------

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        """Return the most likely values.

        Args:
            x: Rows, `(rows, cells)`.
            missing: Whether a cell is filled, `(rows, cells)`.
        """
        return self.settled(self._guarded(self._filling.fill(x, missing), missing), missing)

    def several(
        self,
        x: np.ndarray,
        missing: np.ndarray,
        draws: int,
        rng: np.random.Generator,
        likely: Filled | None = None,
    ) -> np.ndarray:
        """Draw values before they are restricted to those of their columns, `(draws, rows, cells)`.

        Args:
            x: Rows, `(rows, cells)`.
            missing: Whether a cell is drawn, `(rows, cells)`.
            draws: Number of imputations.
            rng: Random generator of the draws.
            likely: Filled rows, if they are known already. Defaults to `None`.
        """
        drawn = self._filling.draw(x, missing, draws, rng)
        # Below a half, the method errs more than typical values, and its draws are worth no more.
        poor = self._weights < 0.5
        if drawn is None or (missing & poor).any():
            point = (self.fill(x, missing) if likely is None else likely).x
            others = np.stack([self._residuals.draw(point, missing, rng) for _ in range(draws)])
            drawn = others if drawn is None else np.where(poor, others, drawn)
        return drawn

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Draw values, `(draws, rows, cells)`, in the range of their columns or at shared values."""
        drawn = self.several(x, missing, draws, rng)
        if self._cells.values is None:
            return drawn
        return np.stack([np.where(missing, self._cells.values.kept(filled), filled) for filled in drawn])

    def confidence(self, filled: Filled, missing: np.ndarray) -> np.ndarray:
        """Return the probability that a filled category or boolean is right, as `Residuals.confidence`."""
        return self._residuals.confidence(filled.x, missing)

    def settled(self, filled: Filled, missing: np.ndarray) -> Filled:
        """Move the numbers of a table into the range of their column, and to values that many rows share."""
        if self._cells.values is None:
            return filled
        settled = self._cells.values.settled(filled.x, np.flatnonzero(self._settles))
        return filled._replace(x=np.where(missing, settled, filled.x))

    def _guarded(self, filled: Filled, missing: np.ndarray) -> Filled:
        """Draw the fillings, and the ends of their intervals, towards the typical values of their columns."""
        moved, typical = missing & (self._weights < 1), self._cells.typical
        weights = self._weights.astype("float32")
        x, low, high = (
            np.where(moved, typical + weights * (values - typical), values)
            for values in (filled.x, filled.low, filled.high)
        )
        return filled._replace(x=x, low=low, high=high)

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what was learned, without the cells."""
        return {
            "filling": self._filling.state(),
            "weights": self._weights,
            "settles": self._settles,
            "residuals": self._residuals.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], cells: Cells, choice: Choice) -> Self:
        """Return the object whose `state` this is."""
        filler = cls(cells, choice)
        filler._filling = choice.of_state(state["filling"])
        if "weights" in state:
            filler._weights, filler._settles = state["weights"], state["settles"]
        else:
            # States of before the weights tell only which columns have none.
            filler._weights = 1.0 - state["as_typical"]
        filler._residuals = Residuals.of_state(state["residuals"], cells)
        return filler
