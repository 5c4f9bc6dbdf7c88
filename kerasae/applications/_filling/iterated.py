"""Iterated: gaps filled by repeated reconstruction."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.filling import Filled
from kerasae.codec import Codec
from kerasae.metrics import reconstruct

#: Change below which the iteration ends, in units of `x`.
_TOLERANCE = 1e-3


class Iterated:
    """Reconstructions that replace the gaps, repeatedly.

    Args:
        codec: Codec that reconstructs.
        cells: Cells of the examples.
        gaps: Whether the first reconstruction gets the gaps as gaps, which a network for tables accepts;
            otherwise gaps start at typical values.
        rounds: Largest number of reconstructions; a row whose numbers no longer change is complete.

    Reference: Rezende, Mohamed, Wierstra 2014, ICML, appendix F, without the noise.
    """

    def __init__(self, codec: Codec, cells: Cells, gaps: bool, rounds: int) -> None:
        self.codec, self.cells = codec, cells
        self.gaps = gaps
        self.rounds = rounds

    def state(self) -> dict[str, Any]:
        """Return what was chosen."""
        return {"gaps": self.gaps, "rounds": self.rounds}

    @classmethod
    def of_state(cls, state: dict[str, Any], codec: Codec, cells: Cells) -> Self:
        """Return the object whose `state` this is."""
        return cls(codec, cells, state["gaps"], state["rounds"])

    def start(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return the input of the first reconstruction."""
        return np.where(missing, np.nan if self.gaps else self.cells.typical, x).astype("float32")

    def steps(self, x: np.ndarray, missing: np.ndarray) -> Iterator[np.ndarray]:
        """Yield the rows after each reconstruction, until nothing changes."""
        current = self.start(x, missing)
        moving = np.asarray(missing.any(axis=1))
        for _ in range(self.rounds):
            if not moving.any():
                return
            rows = np.flatnonzero(moving)
            rebuilt = flatten(reconstruct(self.codec, self.cells.raw(current[rows])))
            new = np.where(missing[rows], self.cells.legal(rebuilt), current[rows])
            change = np.abs(new - current[rows])
            still = (change <= _TOLERANCE).all(axis=1)  # A change from a gap is NaN.
            current[rows], moving[rows] = new, ~still
            yield current

    def rows(self, x: np.ndarray, missing: np.ndarray) -> np.ndarray:
        """Return the rows after the last reconstruction."""
        last = self.start(x, missing)
        for step in self.steps(x, missing):
            last = step
        return last

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        rows = self.rows(x, missing)
        return Filled(rows, rows, rows)

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> None:
        return None
