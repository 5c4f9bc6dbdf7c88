"""Summary: the uncertainty of all examples, row by row and in means."""

import numpy as np
import pandas as pd

from kerasae.applications._filling.cells import Cells
from kerasae.applications.uncertainty._spread import Spread, by_row
from kerasae.metrics import Metric


class Summary:
    """Uncertainty of examples that are added part by part.

    Args:
        cells: Cells of the examples.
        level: Stated coverage of the intervals, in (0, 1).
        most: Largest number of rows whose spread is kept.
    """

    def __init__(self, cells: Cells, level: float, most: int) -> None:
        self._cells, self.level, self._most = cells, level, most
        self._rows: list[pd.DataFrame] = []
        self._shown: list[tuple[np.ndarray, Spread]] = []
        self._counted = self._inside = 0
        self._count = self._shown_count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, names: list[str], x: np.ndarray, spread: Spread) -> None:
        """Add rows.

        Args:
            names: Names of the rows.
            x: Rows, `(rows, cells)`.
            spread: Spread of the rows, with calibrated intervals.
        """
        counted = ~np.isnan(x) & self._cells.number & ~np.isnan(spread.low)
        self._counted += int(counted.sum())
        self._inside += int((counted & (spread.low <= x) & (x <= spread.high)).sum())
        self._rows.append(by_row(self._cells, names, x, spread))
        if self._shown_count < self._most:
            part = slice(self._most - self._shown_count)
            self._shown.append((x[part], spread.rows(part)))
            self._shown_count += len(x[part])
        self._count += len(x)

    def frame(self) -> pd.DataFrame:
        """Return a line for each row, as `by_row` does."""
        return pd.concat(self._rows, ignore_index=True)

    def first_part(self) -> tuple[np.ndarray, Spread]:
        """Return the rows of the first part in `x`, `(rows, cells)`, and their spread."""
        return self._shown[0]

    def spread(self) -> Spread:
        """Return the spread of the first rows, as many as are kept."""
        return Spread.joined([spread for _, spread in self._shown])

    @property
    def coverage(self) -> float | None:
        """Share of the numbers in their intervals; `None` if there are no intervals."""
        return self._inside / self._counted if self._counted else None

    def metrics(self) -> list[Metric]:
        """Return the means over the rows."""
        frame = self.frame()
        widths, cells = frame["interval_width"], frame["cell_std"]
        return [
            Metric("score", "score", float(frame["score_mean"].mean())),
            Metric("score_deviation", "its deviation", float(frame["score_std"].mean())),
            Metric(
                "cell_deviation", "deviation of a cell", None if cells.isna().all() else float(cells.mean())
            ),
            Metric("coverage", f"held by the {self.level:.0%} interval", self.coverage),
            Metric("mean_width", "mean width", _mean(widths)),
        ]


def _mean(values: pd.Series) -> float | None:
    """Return the mean over the rows that have a value; `None` if none has."""
    return None if values.isna().all() else float(values.mean())
