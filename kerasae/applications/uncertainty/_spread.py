"""Spread: the variation over draws of a posterior, and the files for it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.files import raw_ends
from kerasae.applications._filling.filling import Filled
from kerasae.preprocessing import named_by_text
from kerasae.report.sheet import write_sheet


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

    def rows(self, part: slice) -> "Spread":
        """Return some of the rows."""
        return Spread(*(values[part] for values in self))

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
            "cell_std": spread.deviation.mean(axis=1),
            "interval_width": mean(spread.high - spread.low),
            "outside": mean(np.where(np.isnan(spread.low), np.nan, (x < spread.low) | (x > spread.high))),
        }
    )


def write_cells(
    path: Path, cells: Cells, names: list[str], raw: pd.DataFrame, spread: Spread, first: bool
) -> None:
    """Write rows of a table as a CSV file with a line for each cell, in raw units."""
    everywhere: np.ndarray = np.ones(spread.mean.shape, bool)
    low, high = raw_ends(cells, spread.filled(), everywhere)
    value = named_by_text(raw).reset_index(drop=True)
    mean = cells.raw(cells.legal(spread.mean))
    # Deviations of numbers are in raw units (of dates in seconds); those of categories do not change.
    unit = cells.raw(np.zeros((1, len(cells.number)))), cells.raw(np.ones((1, len(cells.number))))
    parts = []
    for number, column in enumerate(cells.spec.features):
        scale = 1.0
        if cells.number[number]:
            step = unit[1][column.name][0] - unit[0][column.name][0]
            scale = step.total_seconds() if column.kind == "date" else float(step)
        table = {
            "row": names[: len(raw)],
            "column": column.name,
            "value": value[column.name],
            "reconstruction": mean[column.name],
            "std": spread.deviation[:, number] * scale,
            "low": low[column.name] if cells.number[number] else None,
            "high": high[column.name] if cells.number[number] else None,
        }
        parts.append(pd.DataFrame(table).astype(object))
    together = pd.concat(parts).sort_index(kind="stable")
    write_sheet(together, path, append=not first)


def write_arrays(path: Path, cells: Cells, spreads: list[Spread]) -> None:
    """Write images or vectors as an NPZ file: reconstruction, deviation, low and high, in raw units."""
    spread = Spread(*(np.concatenate(part) for part in zip(*spreads, strict=True)))
    everywhere = np.ones(spread.mean.shape, bool)
    low, high = raw_ends(cells, spread.filled(), everywhere)
    inverse = [
        np.asarray(cells.view.inverse(cells.shaped(values)))
        for values in (spread.mean, spread.mean + spread.deviation)
    ]
    np.savez_compressed(path, reconstruction=inverse[0], std=inverse[1] - inverse[0], low=low, high=high)
