"""Files of the uncertainty of examples, in raw units."""

from pathlib import Path

import numpy as np
import pandas as pd

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.raw import raw_ends
from kerasae.applications.uncertainty._spread import Spread
from kerasae.preprocessing import named_by_text
from kerasae.report.sheet import write_sheet


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


def write_arrays(path: Path, cells: Cells, spread: Spread) -> None:
    """Write images or vectors as an NPZ file: reconstruction, deviation, low and high, in raw units."""
    everywhere = np.ones(spread.mean.shape, bool)
    low, high = raw_ends(cells, spread.filled(), everywhere)
    inverse = [
        np.asarray(cells.view.inverse(cells.shaped(values)))
        for values in (spread.mean, spread.mean + spread.deviation)
    ]
    np.savez_compressed(path, reconstruction=inverse[0], std=inverse[1] - inverse[0], low=low, high=high)
