"""Choice of the method that fills gaps: the one with the smallest error on hidden cells."""

from typing import Any

import numpy as np

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled, Filling
from kerasae.applications._filling.iterated import Iterated
from kerasae.applications._filling.posterior import Posterior, has_posterior
from kerasae.applications._filling.weighed import Weighed
from kerasae.codec import Codec


class Choice:
    """Methods that a codec offers to fill gaps, one of which is chosen on hidden cells.

    A variational model draws from its posterior. Any other codec reconstructs repeatedly.

    Args:
        codec: Codec that reconstructs.
        cells: Cells of the examples.
        rounds: Largest number of reconstructions.
        samples: Number of codes drawn for each example, for a variational model.
        level: Share of the true values that the intervals of draws cover, in (0, 1).
        seed: Seed of the draws.
    """

    def __init__(
        self, codec: Codec, cells: Cells, *, rounds: int, samples: int, level: float, seed: int
    ) -> None:
        self._codec, self._cells = codec, cells
        self._rounds, self._level = rounds, level
        self._posterior = Posterior(codec, samples, seed) if has_posterior(codec) else None

    def best(self, x: np.ndarray, hidden: np.ndarray) -> tuple[Filling, Filled]:
        """Return the method with the smallest error, and its fillings.

        Args:
            x: Rows, `(rows, cells)`, NaN for gaps.
            hidden: Whether a cell is hidden, `(rows, cells)`.
        """
        missing = np.isnan(x) | hidden
        plain = self._best_rounds(x, missing, hidden)
        if self._posterior is None:
            return plain, plain.fill(x, missing)
        candidates = []
        for first in (*(Iterated(self._codec, self._cells, gaps, 0) for gaps in self._gaps()), plain):
            filling = Weighed(self._posterior, self._cells, first, self._level)
            candidates.append((filling, filling.fill(x, missing)))
        errors = [losses(self._cells, filled.x, x, hidden).sum() for _, filled in candidates]
        return candidates[int(np.argmin(errors))]

    def of_state(self, state: dict[str, Any]) -> Filling:
        """Return the method whose `state` this is."""
        if self._posterior is None:
            return Iterated.of_state(state, self._codec, self._cells)
        return Weighed.of_state(state, self._posterior, self._cells, self._level)

    def _best_rounds(self, x: np.ndarray, missing: np.ndarray, hidden: np.ndarray) -> Iterated:
        errors = {}
        for gaps in self._gaps():
            every = Iterated(self._codec, self._cells, gaps, self._rounds)
            for number, step in enumerate(every.steps(x, missing), start=1):
                errors[gaps, number] = losses(self._cells, step, x, hidden).sum()
        gaps, rounds = min(errors, key=errors.__getitem__, default=(False, 1))
        return Iterated(self._codec, self._cells, gaps, rounds)

    def _gaps(self) -> tuple[bool, ...]:
        """Whether the model accepts gaps in its input."""
        return (False, True) if self._cells.spec.columns else (False,)


def losses(cells: Cells, filled: np.ndarray, x: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Return the error on hidden cells by column: a sum of squares, or the number of wrong categories."""
    loss = np.where(cells.number, np.square(filled - x, dtype="float64"), filled != x)
    return np.where(hidden, loss, 0).sum(axis=0)
