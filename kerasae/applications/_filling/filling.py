"""Filling: the protocol of a method that fills the missing numbers of `x`, and its result."""

from typing import Any, NamedTuple, Protocol

import numpy as np


class Filled(NamedTuple):
    """Rows without gaps, `(rows, cells)`, and the ends of an interval around each number.

    `confidence` is the probability, `(rows, cells)`, that a filled category or boolean is right; NaN for what
    is none, and `None` if it is not known. `effective` is the effective number of posterior draws of each
    row, `(rows,)`, NaN for a row without gaps; `None` if nothing was drawn.
    """

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    effective: np.ndarray | None = None
    confidence: np.ndarray | None = None


class Filling(Protocol):
    """Method that fills gaps. `x` has shape `(rows, cells)`, with any number where `missing` is true."""

    def state(self) -> dict[str, Any]:
        """Return what was chosen, as plain values."""

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        """Return the most likely values."""

    def draw(
        self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator
    ) -> np.ndarray | None:
        """Draw possible values, `(draws, rows, cells)`; `None` if the method has no such draws."""
