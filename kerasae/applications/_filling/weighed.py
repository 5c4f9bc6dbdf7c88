"""Weighed: gaps filled from the posterior of a variational model, given the present cells."""

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.filling import Filled
from kerasae.applications._filling.iterated import Iterated
from kerasae.applications._filling.posterior import (
    Posterior,
    drawn,
    effective_samples,
    even_points,
    expected,
    normalised,
    resampled,
)

#: Number of draws whose quantiles are the ends of an interval.
_DRAWS = 100


class Weighed:
    """Draws of the code, weighed by the likelihood of the present cells.

    Args:
        posterior: Posterior of a variational model.
        cells: Cells of the examples.
        first: Method that fills the input of the encoder; the weights correct for it.
        level: Share of the true values that the intervals cover, in (0, 1).

    Reference: Mattei and Frellsen 2019, ICML (MIWAE), section 4: self-normalised importance sampling
    for one value, sampling importance resampling for several.
    """

    def __init__(self, posterior: Posterior, cells: Cells, first: Iterated, level: float) -> None:
        self.posterior, self.cells = posterior, cells
        self.first = first
        self.level = level

    def state(self) -> dict[str, Any]:
        """Return what was chosen: how the input of the encoder is filled."""
        return {"first": self.first.state()}

    @classmethod
    def of_state(cls, state: dict[str, Any], posterior: Posterior, cells: Cells, level: float) -> Self:
        """Return the object whose `state` this is."""
        first = Iterated.of_state(state["first"], posterior.model, cells)
        return cls(posterior, cells, first, level)

    def _parts(
        self, x: np.ndarray, missing: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Yield numbers of rows with gaps, parameters of their draws and their weights, part by part."""
        incomplete = np.flatnonzero(missing.any(axis=1))
        x, missing = x[incomplete], missing[incomplete]
        filled = self.first.rows(x, missing)
        observed = np.where(missing, np.nan, x)
        shaped = self.cells.shaped(filled), self.cells.shaped(observed)
        for rows, params, log_weights in self.posterior.weighed(*shaped):
            yield incomplete[rows], params, normalised(log_weights)

    def fill(self, x: np.ndarray, missing: np.ndarray) -> Filled:
        loss = self.posterior.model.reconstruction_loss
        arrays = [np.array(x, "float32") for _ in range(3)]
        effective = np.full(len(x), np.nan)
        edges = [(1 - self.level) / 2, (1 + self.level) / 2]
        # The numbers are the same for every row, so that the result does not depend on the other rows.
        rng = np.random.default_rng(self.posterior.seed)
        points = even_points(_DRAWS, (1,), rng)
        levels = even_points(_DRAWS, (1, *self.cells.spec.shape), rng)
        for rows, params, weights in self._parts(x, missing):
            mean = flatten(expected(loss, params, weights))
            effective[rows] = effective_samples(weights)
            again = resampled(params, weights, np.broadcast_to(points, (_DRAWS, len(mean))))
            several = drawn(loss, again, np.broadcast_to(levels, (*again.shape[:2], *levels.shape[2:])))
            low, high = np.quantile(several.reshape(*several.shape[:2], -1), edges, axis=0)
            for array, values in zip(arrays, (self.cells.legal(mean), low, high), strict=True):
                array[rows] = np.where(missing[rows], values, x[rows])
        return Filled(arrays[0], arrays[1], arrays[2], effective)

    def draw(self, x: np.ndarray, missing: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
        loss = self.posterior.model.reconstruction_loss
        filled = np.repeat(np.asarray(x, "float32")[None], draws, axis=0)
        for rows, params, weights in self._parts(x, missing):
            again = resampled(params, weights, even_points(draws, weights.shape[1:], rng))
            several = drawn(loss, again, rng.random((*again.shape[:2], *self.cells.spec.shape)))
            several = several.reshape(*several.shape[:2], -1)
            filled[:, rows] = np.where(missing[rows], self.cells.legal(several), x[rows])
        return filled
