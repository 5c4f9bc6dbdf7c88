"""Cells: intervals of one column each, and what an entry in one, or in two together, is evidence of."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.scores.support._categories import misspelt, rarity
from kerasae.scores.support._ranges import ROUNDING, evidence, few

#: Levels that divide a column of numbers into cells.
_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
#: Number beyond all entries.
FAR = 1e30
#: Largest number of cells of a table that are compared, and of rows that are counted.
MOST, ROWS = 2000, 20_000
#: Smallest evidence of two cells, in nats.
LEAST = 3.0
#: Holes of a column: their greatest number; the rows that must lie as near as the hole is wide on each side,
#: and on both together; and the width as a multiple of the usual distance between two different numbers.
_HOLES, _NEAR, _BOTH, _WIDER = 2, 5, 30, 3.0


@dataclasses.dataclass(frozen=True)
class Cell:
    """Interval of the entries of a column, `low < x < high`.

    Args:
        column: Number of the column.
        low: Lower end, which is outside.
        high: Upper end, which is outside.
        alone: Evidence of an entry in it, in nats. Defaults to 0.
    """

    column: int
    low: float
    high: float
    alone: float = 0.0


def cells_of(x: np.ndarray, columns: Sequence[Any]) -> list[Cell]:
    """Return the cells of all columns: a cell for each code, and quantiles and holes of numbers.

    Args:
        x: Training rows, `(rows, columns)`, NaN for a missing entry.
        columns: Columns of the spec.
    """
    found = []
    for j, column in enumerate(columns):
        present = x[~np.isnan(x[:, j]), j].astype("float64")
        if not len(present):
            continue
        if not column.is_numeric:
            alone = _evidence_of_codes(present, column)
            found += [Cell(j, code - 0.5, code + 0.5, alone[code]) for code in range(len(alone))]
            continue
        bounds = [-FAR, *_bounds(present).tolist(), FAR]
        found += [
            # A number on a bound belongs to the cell above it.
            Cell(j, float(np.nextafter(np.float32(low), np.float32(-np.inf))), high)
            for low, high in itertools.pairwise(bounds)
        ]
        found += [Cell(j, low, high, speaks) for low, high, speaks in _holes(present)]
    return found


def _bounds(present: np.ndarray) -> np.ndarray:
    """Return the numbers that divide a column into cells, each just above an entry.

    The distance from the entry is more than rounding. A device may scale a column in another order of
    operations than the model, and an entry must not change its cell for that.
    """
    values = np.unique(present)
    edges = np.unique(np.quantile(present, _LEVELS, method="lower"))
    above = values[np.minimum(np.searchsorted(values, edges) + 1, len(values) - 1)]
    halfway = np.where(above > edges, (edges + above) / 2, np.inf)
    return np.minimum(edges + ROUNDING * (1.0 + np.abs(edges)), halfway).astype("float32")


def _evidence_of_codes(present: np.ndarray, column: Any) -> np.ndarray:
    """Return the evidence of each code of a category or boolean, in nats."""
    words = column.categories
    counts = np.bincount(present.astype("int64"), minlength=len(words) + 1 if words else 2)
    alone = rarity(counts)
    if words:
        alone[1:] = np.maximum(alone[1:], misspelt(words, counts[1:]))
    return alone


def _holes(present: np.ndarray) -> list[tuple[float, float, float]]:
    """Return the ends of intervals amid the numbers of a column in which no row lies, and their evidence.

    At least thirty rows lie as near as the hole is wide, five or more on each side, so rows could be expected
    in it. One more row lies between two given neighbours with a probability of `1 / (n + 1)`.
    """
    values, counts = np.unique(present, return_counts=True)
    if len(values) < 10:
        return []
    gaps = np.diff(values)
    wide = np.flatnonzero(gaps > _WIDER * np.median(gaps))
    until = np.concatenate([[0], np.cumsum(counts)])
    found = []
    for k in wide[np.argsort(-gaps[wide], kind="stable")][:200]:
        left = until[k + 1] - until[np.searchsorted(values, values[k] - gaps[k])]
        right = until[np.searchsorted(values, values[k + 1] + gaps[k], side="right")] - until[k + 1]
        if min(left, right) >= _NEAR and left + right >= _BOTH:
            margin = 0.02 * gaps[k]
            found.append((left + right, values[k] + margin, values[k + 1] - margin))
    found = sorted(found, reverse=True)[:_HOLES]
    return [(float(low), float(high), evidence(len(found), len(present))) for _, low, high in found]


def exclusions(x: np.ndarray, cells: Sequence[Cell]) -> np.ndarray:
    """Return the evidence of two cells together, `(cells, cells)`, in nats, symmetric.

    Two cells of different columns exclude each other if nearly no training row is in both (`few`), although
    rows would be if the columns were independent: a husband is no woman. With `k` training rows in both, and
    `E` expected, `E` is at least `e^3 (k + 1)`, about twenty times `k + 1`.

    All such pairs of two columns are one rule. If `b` of `n` training rows break it, the next row does with a
    probability of about `(b + 1/2) / (n + 1)`. The evidence is `-log` of it, or `log(E / (k + 1))` if that is
    greater: the log-ratio of the probabilities without and with the dependence. By Markov's inequality, the
    chance that a new row has a ratio of `e^t` or more in two given columns is at most `e^-t`.

    Args:
        x: Training rows, `(rows, columns)`, NaN for a missing entry.
        cells: Cells of all columns.
    """
    if len(cells) > MOST or not len(cells):
        return np.zeros((len(cells), len(cells)))
    x = x[:: -(-len(x) // ROWS)]
    owner = np.array([cell.column for cell in cells])
    inside = np.stack([(x[:, c.column] > c.low) & (x[:, c.column] < c.high) for c in cells], axis=1)
    inside, present = inside.astype("float32"), (~np.isnan(x)).astype("float32")
    together = inside.T @ inside
    beside = np.take(inside.T @ present, owner, axis=1)
    rows = (present.T @ present)[np.ix_(owner, owner)]
    expected = beside * beside.T / np.maximum(rows, 1.0)
    ratio = np.log(np.maximum(expected, 1e-9) / (together + 1.0))
    excluded = (ratio >= LEAST) & (together <= few(len(x))) & np.not_equal.outer(owner, owner)
    columns = np.eye(x.shape[1])[owner]
    broken = columns.T @ np.where(excluded, together, 0.0) @ columns
    rule = -np.log((broken + 0.5) / (len(x) + 1.0))[np.ix_(owner, owner)]
    return np.where(excluded, np.maximum(ratio, rule), 0.0)


def ordered(cells: Sequence[Cell], between: np.ndarray) -> tuple[list[Cell], np.ndarray]:
    """Return the cells that are evidence of something, those of a pair first, and the matrix of these."""
    paired = np.asarray(between.any(axis=1))
    first = np.flatnonzero(paired)
    rest = [k for k, cell in enumerate(cells) if not paired[k] and cell.alone > 0]
    chosen: Any = [*first.tolist(), *rest]
    return [cells[k] for k in chosen], between[np.ix_(first, first)]
