"""Cells: intervals of one column each, and what an entry in one, or in two together, is evidence of."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.scores.support._categories import misspelt, rarity
from kerasae.scores.support._pooled import Pool
from kerasae.scores.support._ranges import FAR, ROUNDING, evidence

#: Levels that divide a column of numbers into cells.
_LEVELS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
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
    entries = [x[~np.isnan(x[:, j]), j].astype("float64") for j in range(len(columns))]
    codes = _evidence_of_codes(entries, columns, len(x))
    holes = _evidence_of_holes(entries, columns, len(x))
    for j, present in enumerate(entries):
        if not len(present):
            continue
        if j in codes:
            found += [Cell(j, code - 0.5, code + 0.5, alone) for code, alone in enumerate(codes[j].tolist())]
            continue
        bounds = [-FAR, *_bounds(present).tolist(), FAR]
        found += [
            # A number on a bound belongs to the cell above it.
            Cell(j, float(np.nextafter(np.float32(low), np.float32(-np.inf))), high)
            for low, high in itertools.pairwise(bounds)
        ]
        found += [Cell(j, low, high, speaks) for low, high, speaks in holes[j]]
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


def _evidence_of_codes(
    entries: Sequence[np.ndarray], columns: Sequence[Any], rows: int
) -> dict[int, np.ndarray]:
    """Return the evidence of each code of the categories and booleans by column, in nats."""
    rare, slips, found = Pool(rows), Pool(rows), {}
    for j, (present, column) in enumerate(zip(entries, columns, strict=True)):
        if column.is_numeric:
            continue
        words = column.categories
        counts = np.bincount(present.astype("int64"), minlength=len(words) + 1 if words else 2)
        slip = np.concatenate([[0.0], misspelt(words, counts[1:])]) if words else np.zeros(len(counts))
        rare.see(rarity(np.maximum(counts - 1, 0), counts), counts)
        slips.see(slip, counts)
        found[j] = rarity(counts, counts), slip
    return {j: np.maximum(rare.nats(alone), slips.nats(slip)) for j, (alone, slip) in found.items()}


def _evidence_of_holes(
    entries: Sequence[np.ndarray], columns: Sequence[Any], rows: int
) -> list[list[tuple[float, float, float]]]:
    """Return the holes of each column with their evidence; see `_holes`."""
    holes = [
        _holes(present) if column.is_numeric else [] for present, column in zip(entries, columns, strict=True)
    ]
    pool = Pool(rows)
    for hole in itertools.chain(*holes):
        # One more row lies between two given neighbours with a probability of `1 / (n + 1)`.
        pool.see(hole[2], 1)
    return [[(low, high, float(pool.nats(alone))) for low, high, alone in column] for column in holes]


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


def ordered(cells: Sequence[Cell], between: np.ndarray) -> tuple[list[Cell], np.ndarray]:
    """Return the cells that are evidence of something, those of a pair first, and the matrix of these."""
    paired = np.asarray(between.any(axis=1))
    first = np.flatnonzero(paired)
    rest = [k for k, cell in enumerate(cells) if not paired[k] and cell.alone > 0]
    chosen: Any = [*first.tolist(), *rest]
    return [cells[k] for k in chosen], between[np.ix_(first, first)]
