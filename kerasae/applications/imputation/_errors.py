"""Errors on hidden cells, those of the mean and the mode, and the coverage of the intervals."""

import numpy as np

from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled
from kerasae.metrics import Metric, RowSums


class HiddenErrors:
    """Errors on hidden cells, those of the mean and the mode, and the coverage of the intervals.

    Args:
        cells: Cells of the examples.
        level: Stated coverage of the intervals, in (0, 1).
        block: Number of successive rows that share readings, from 1.
    """

    def __init__(self, cells: Cells, level: float, block: int) -> None:
        self.cells, self.level, self._block = cells, level, block
        # Rows: cells, loss, loss of typical values, intervals, covered cells, widths of intervals.
        self._sums = np.zeros((6, len(cells.number)))
        self._effective: list[np.ndarray] = []
        # For numbers and for other cells, by row: loss, loss of typical values, and number of cells.
        self._by_row: dict[bool, list[np.ndarray]] = {True: [], False: []}

    def add(self, x: np.ndarray, hidden: np.ndarray, filled: Filled) -> None:
        """Add rows with hidden cells, and the values that filled them.

        Args:
            x: Rows, `(rows, cells)`.
            hidden: Whether a cell was hidden, `(rows, cells)`.
            filled: Values of the hidden cells, with their intervals.
        """
        number = self.cells.number

        def loss(guess: np.ndarray) -> np.ndarray:
            # No cell is ever filled with an unknown value, code 0.
            return np.where(number, np.square(x - guess, dtype="float64"), np.round(guess) != x)

        some = ~np.isnan(filled.low)
        held = (filled.low <= x) & (x <= filled.high)
        width = np.where(some, filled.high - filled.low, 0)
        ours, typical, ones = loss(filled.x), loss(self.cells.typical), np.ones(x.shape)
        for kind, parts_of_kind in self._by_row.items():
            chosen = hidden & (number == kind)
            parts_of_kind.append(
                np.stack([np.where(chosen, part, 0).sum(axis=1) for part in (ours, typical, ones)])
            )
        parts = (ones, ours, typical, some, held, width)
        self._sums += [np.where(hidden, part, 0).sum(axis=0) for part in parts]
        if filled.effective is not None:
            self._effective.append(filled.effective[np.isfinite(filled.effective)])

    @property
    def count(self) -> int:
        """Number of hidden cells."""
        return int(self._sums[0].sum())

    def of_column(self, cell: int) -> tuple[int, list[float | None]]:
        """Return the number of hidden cells of a column, and the means as `means` returns them."""
        return int(self._sums[0, cell]), self.means(np.arange(len(self.cells.number)) == cell)

    def means(self, chosen: np.ndarray) -> list[float | None]:
        """Return means over some of the columns, each `None` if nothing was counted.

        Args:
            chosen: Whether a column counts, `(cells,)`.

        Returns:
            The mean loss, that of typical values, the coverage of the intervals and their width.
        """
        count, loss, typical, intervals, held, width = self._sums[:, chosen].sum(axis=1)
        of_cells = [float(total / count) if count else None for total in (loss, typical)]
        return [*of_cells, *(float(total / intervals) if intervals else None for total in (held, width))]

    def of_rows(self, number: bool) -> tuple[RowSums, RowSums]:
        """Return the contribution of each row to an error, and to that of typical values.

        Args:
            number: Whether the error is that of numbers, or the share of wrong categories.
        """
        ours, typical, cells = np.concatenate(self._by_row[number], axis=1)
        first, second = (RowSums(losses, cells).by_block(self._block) for losses in (ours, typical))
        return first, second

    def effective(self) -> np.ndarray:
        """Return the effective number of draws of each row that had gaps and a posterior."""
        return np.concatenate([*self._effective, np.zeros(0)])

    def metrics(self) -> list[Metric]:
        """Return the metrics of the hidden cells."""
        number = self.cells.number
        metrics = [Metric("hidden_cells", "hidden cells", self.count)]
        if number.any():
            error, typical, held, width = self.means(number)
            metrics += [
                Metric("error", "error", error, lower=True, rows=self._rows(True)),
                Metric("error_of_mean", "error of the mean", typical),
                Metric("coverage", f"held by the {self.level:.0%} interval", held),
                Metric("mean_width", "mean width", width),
            ]
        if not number.all():
            wrong, typical, _, _ = self.means(~number)
            metrics += [
                Metric("categories_wrong", "categories wrong", wrong, lower=True, rows=self._rows(False)),
                Metric("wrong_of_mode", "wrong of the mode", typical),
            ]
        if len(effective := self.effective()):
            metrics.append(Metric("effective_draws", "effective draws", float(np.median(effective))))
        return metrics

    def _rows(self, number: bool) -> list[RowSums]:
        return [self.of_rows(number)[0]] if self._by_row[number] else []

    @property
    def decisive(self) -> str:
        """Key of the metric by which codecs are compared: the error of numbers if some were hidden."""
        number = self.cells.number
        return "error" if number.all() or self._sums[0, number].any() else "categories_wrong"
