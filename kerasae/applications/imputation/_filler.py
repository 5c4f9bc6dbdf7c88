"""Filler: the chosen method that fills gaps, with typical values where it errs more than they do."""

from typing import Any, Self

import numpy as np

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled, Filling
from kerasae.applications.imputation._choice import Choice, losses
from kerasae.applications.imputation._residuals import Residuals
from kerasae.kinds import kind_of

#: Number of draws of each hidden cell, among which later draws are ranked.
_DRAWS = 5
#: Smallest number of hidden cells that decides whether the model or the mean errs more.
_LEAST = 30


class Filler:
    """Fillings of gaps and draws of them, in the range and with the shared values of their columns.

    A column in which the method errs more than typical values is filled with those. Pixels of images with too
    few hidden cells for a decision are judged together, because they have one unit. Draws of a method that
    has none are most likely values plus residuals of held-out rows.

    Args:
        cells: Cells of the examples.
        choice: Methods that the codec offers.
    """

    _filling: Filling
    _as_typical: np.ndarray
    _residuals: Residuals

    def __init__(self, cells: Cells, choice: Choice) -> None:
        self._cells, self._choice = cells, choice

    # Learning ------------------------------------------------------------------------------------

    def choose(self, x: np.ndarray, hidden: np.ndarray) -> Filled:
        """Choose the method, and the columns that typical values fill, by the errors on hidden cells.

        Args:
            x: Rows, `(rows, cells)`, NaN for gaps.
            hidden: Whether a cell is hidden, `(rows, cells)`.

        Returns:
            The filled rows, before their numbers are moved to the values of their columns.
        """
        self._filling, filled = self._choice.best(x, hidden)
        typical = np.broadcast_to(self._cells.typical, x.shape)
        errors, of_typical = (losses(self._cells, values, x, hidden) for values in (filled.x, typical))
        self._as_typical = self._errs_more(errors, of_typical, hidden.sum(axis=0))
        return self._guarded(filled, np.isnan(x) | hidden)

    def _errs_more(self, errors: np.ndarray, of_typical: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Return in which columns the method is seen to err more than typical values, `(cells,)`, bool."""
        is_few = cells < _LEAST
        errs_more = (errors > of_typical) & ~is_few
        if kind_of(self._cells.spec).is_picture and cells[is_few].sum() >= _LEAST:
            errs_more |= is_few & (errors[is_few].sum() > of_typical[is_few].sum())
        return np.asarray(errs_more)

    def fit_likely(self, x: np.ndarray, hidden: np.ndarray) -> Filled:
        """Fit the ranks of the most likely numbers of a table on training rows, and return those filled."""
        assert self._cells.values is not None
        missing = np.isnan(x) | hidden
        likely = self._guarded(self._filling.fill(x, missing), missing)
        self._cells.values.fit_likely(np.where(hidden, likely.x, np.nan))
        return self.settled(likely, missing)

    def fit_residuals(self, filled: Filled, x: np.ndarray, hidden: np.ndarray) -> None:
        """Fit the residuals of draws on filled held-out rows."""
        self._residuals = Residuals(self._cells).fit(filled.x, np.nan_to_num(x), hidden)

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
        if drawn is None or (missing & self._as_typical).any():
            point = (self.fill(x, missing) if likely is None else likely).x
            others = np.stack([self._residuals.draw(point, missing, rng) for _ in range(draws)])
            drawn = others if drawn is None else np.where(self._as_typical, others, drawn)
        return drawn

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Draw values, `(draws, rows, cells)`, in the range of their columns or at shared values."""
        drawn = self.several(x, missing, draws, rng)
        if self._cells.values is None:
            return drawn
        return np.stack([np.where(missing, self._cells.values.kept(filled), filled) for filled in drawn])

    def settled(self, filled: Filled, missing: np.ndarray) -> Filled:
        """Move the numbers of a table into the range of their column, and to values that many rows share."""
        if self._cells.values is None:
            return filled
        return filled._replace(x=np.where(missing, self._cells.values.settled(filled.x), filled.x))

    def _guarded(self, filled: Filled, missing: np.ndarray) -> Filled:
        """Use typical values in the columns where the model errs more than they do."""
        plain = missing & self._as_typical
        x, low, high = (
            np.where(plain, self._cells.typical, values) for values in (filled.x, filled.low, filled.high)
        )
        return filled._replace(x=x, low=low, high=high)

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what was learned, without the cells."""
        return {
            "filling": self._filling.state(),
            "as_typical": self._as_typical,
            "residuals": self._residuals.state(),
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], cells: Cells, choice: Choice) -> Self:
        """Return the object whose `state` this is."""
        filler = cls(cells, choice)
        filler._filling = choice.of_state(state["filling"])
        filler._as_typical = state["as_typical"]
        filler._residuals = Residuals.of_state(state["residuals"], cells)
        return filler
