"""Spread: the variation of rows over draws of a posterior."""

from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled


class Spread(NamedTuple):
    """Variation of some rows over draws of a posterior.

    Args:
        mean: Mean reconstruction, `(rows, cells)`, in `x`.
        deviation: Standard deviation of the reconstructions, `(rows, cells)`; for a category the share of
            draws with another value.
        low: Lower ends of the intervals, `(rows, cells)`.
        high: Upper ends of the intervals, `(rows, cells)`.
        score: `-log p(x|z)` of each draw, `(rows, samples)`, in the unit of the loss.
    """

    mean: np.ndarray
    deviation: np.ndarray
    low: np.ndarray
    high: np.ndarray
    score: np.ndarray

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of several parts."""
        return cls(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def rows(self, part: slice) -> Self:
        """Return some of the rows."""
        return type(self)(*(values[part] for values in self))

    def filled(self) -> Filled:
        """Return the reconstruction and the interval only."""
        return Filled(self.mean, self.low, self.high)


def by_row(cells: Cells, names: list[str], x: np.ndarray, spread: Spread) -> pd.DataFrame:
    """Return a line for each row; missing cells and categories count only for the score."""
    number = ~np.isnan(x) & cells.number
    count = np.where(number.any(axis=1), number.sum(axis=1), np.nan)

    def mean(values: np.ndarray) -> np.ndarray:
        return np.where(number, values, 0).sum(axis=1) / count

    return pd.DataFrame(
        {
            "row": names,
            "score_mean": spread.score.mean(axis=1),
            "score_std": spread.score.std(axis=1),
            "error": mean(np.square(x - spread.mean)),
            "cell_std": mean(spread.deviation),
            "interval_width": mean(spread.high - spread.low),
            "outside": mean(np.where(np.isnan(spread.low), np.nan, (x < spread.low) | (x > spread.high))),
        }
    )
