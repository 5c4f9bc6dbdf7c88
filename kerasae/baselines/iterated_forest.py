"""Iterated random forests, which fill the gaps of a table column by column."""

from typing import Any, Self

import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from kerasae.baselines._filling import FillingBaseline
from kerasae.spec import Spec

#: Number of trees of a forest; missForest has 100.
_TREES = 50
#: Number of rows from which the trees of a forest are fitted in several threads.
_MANY_ROWS = 2_000
#: Largest number of columns: every column has a forest of its own in every round.
_MOST_COLUMNS = 60
#: Largest number of rounds over the columns (missForest stops after 10).
_ROUNDS = 5


class IteratedForest(FillingBaseline):
    """missForest: each column is predicted from all others by a random forest, in rounds.

    Gaps start at the mean of a number and the mode of any other column. In each round the columns are taken
    in the order of their numbers of gaps; the forest of a column is fitted on the rows that have its entry,
    with the other columns as they are filled so far. The rounds end when the filled entries change more than
    in the round before. New rows are filled with the forests of the last round, in as many rounds. Tables of
    2 to 60 columns are filled; wider ones would take too long.

    Args:
        spec: Fitted spec of a table.
        seed: Seed of the forests. Defaults to 0.

    Reference: Stekhoven and Bühlmann 2012, *Bioinformatics* 28(1).
    """

    name = "iterated-forest"
    title = "iterated random forests (missForest)"

    def __init__(self, spec: Spec, seed: int = 0) -> None:
        super().__init__(spec)
        self._seed = seed
        kinds = np.array([column.kind for column in spec.features])
        self._is_number = ~np.isin(kinds, ("category", "boolean"))

    @classmethod
    def suits(cls, spec: Spec) -> bool:
        return 1 < len(spec.features) <= _MOST_COLUMNS

    def fit(self, x: np.ndarray) -> Self:
        self.fit_fill(x)
        return self

    def fit_fill(self, x: np.ndarray) -> np.ndarray:
        """Fit the baseline on rows with gaps, and return these rows filled, `(rows, cells)`."""
        missing = np.isnan(x)
        self._typical = np.array(
            [self._usual(x[~missing[:, cell], cell], number) for cell, number in enumerate(self._is_number)]
        )
        self._order = [int(cell) for cell in np.argsort(missing.sum(axis=0), kind="stable")]
        self._order = [cell for cell in self._order if not missing[:, cell].all()]
        filled, before = np.where(missing, self._typical, x), (np.inf, np.inf)
        self.rounds_ = 0
        while self.rounds_ < _ROUNDS:
            forests, new = self._round(x, filled, missing)
            change = self._change(new, filled, missing)
            # The stopping rule of the paper: both kinds of entries have changed more than before.
            if self.rounds_ and all(now >= old for now, old in zip(change, before, strict=True)):
                break
            self._forests, filled, before = forests, new, change
            self.rounds_ += 1
            if not missing.any():
                break
        # Without gaps in training one round fits the forests, and new rows are still filled in several.
        self.rounds_ = max(self.rounds_, 2 if not missing.any() else 1)
        return filled

    def fill(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        filled = np.where(missing, self._typical, np.nan_to_num(x))
        for _ in range(self.rounds_):
            for cell in self._order:
                rows = missing[:, cell]
                if rows.any():
                    filled[rows, cell] = self._forests[cell].predict(np.delete(filled[rows], cell, axis=1))
        return np.asarray(filled, "float32")

    @staticmethod
    def _usual(values: np.ndarray, number: bool) -> float:
        """Return the mean of numbers or the mode of codes; 0 if there are none."""
        if not len(values):
            return 0.0
        return float(values.mean() if number else np.bincount(values.astype(int)).argmax())

    def _round(
        self, x: np.ndarray, filled: np.ndarray, missing: np.ndarray
    ) -> tuple[dict[int, Any], np.ndarray]:
        """Fit a forest for each column, and return the forests and the rows as they fill them."""
        forests, filled = {}, filled.copy()
        for cell in self._order:
            others, gaps = np.delete(filled, cell, axis=1), missing[:, cell]
            kind: Any = RandomForestRegressor if self._is_number[cell] else RandomForestClassifier
            # A third of the columns for each split of a regression, as in the paper; scikit-learn takes all.
            columns: Any = 1 / 3 if self._is_number[cell] else "sqrt"
            # Threads cost more than they save where there are few rows.
            jobs = -1 if len(x) >= _MANY_ROWS else 1
            forest = kind(_TREES, max_features=columns, n_jobs=jobs, random_state=self._seed)
            forests[cell] = forest.fit(others[~gaps], x[~gaps, cell]).set_params(n_jobs=1)
            if gaps.any():
                filled[gaps, cell] = forest.predict(others[gaps])
        return forests, filled

    def _change(self, new: np.ndarray, old: np.ndarray, missing: np.ndarray) -> tuple[float, float]:
        """Return how much filled numbers and other filled entries have changed, each relative."""
        numbers = missing & self._is_number
        others = missing & ~self._is_number
        square = np.square(new - old)[numbers].sum() / max(np.square(new)[numbers].sum(), 1e-12)
        return float(square), float((new != old)[others].mean()) if others.any() else 0.0
