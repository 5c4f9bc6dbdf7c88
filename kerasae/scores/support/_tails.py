"""Tails: numbers that no row of a category has, although rows of other categories have them."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasae.scores.support._cells import Cell
from kerasae.scores.support._exclusions import LEAST, MOST, ROWS
from kerasae.scores.support._pooled import Pool
from kerasae.scores.support._ranges import FAR, ROUNDING, evidence, upper

#: Greatest number of tails of a table.
_TAILS = 64
#: Distance of a tail from the end of its category, as a multiple of the distance from median to end. It was
#: chosen on the protocol `clean` of `benchmarks/faults/planted_faults.py`, seeds 0 and 1.
_APART = 0.25


@dataclasses.dataclass(frozen=True)
class Tail:
    """Numbers beyond an end of the numbers of a category.

    Args:
        numbers: Cell of the numbers.
        category: Index of the cell of the category.
        evidence: Evidence of a row in both cells, in nats.
    """

    numbers: Cell
    category: int
    evidence: float


@dataclasses.dataclass(frozen=True)
class _Candidate:
    """A tail before its evidence is known: the rows in it, and those expected there for each of them."""

    numbers: Cell
    category: int
    rows: int
    ratio: float


def tails(x: np.ndarray, columns: Sequence[Any], cells: Sequence[Cell]) -> list[Tail]:
    """Return the tails of all categories, at most 64.

    No smoker pays less than 12,800, so 1,900 is a fault in the row of a smoker, although many others pay as
    little. A tail begins beyond the end of the numbers of the category (`upper`), at a quarter of the
    distance from median to end. Without dependence of number and category, `E` rows of the category would be
    in the tail; `k` are. The tail counts if `E` is at least `e^3 (k + 1)`, as in `exclusions`.

    The tails of a column on one side, over all categories of another column, are one rule. If `b` of `n`
    training rows are in a tail of their own category, the evidence is `-log((b + 1/2) / (n + 1))`. The rules
    are pooled (`Pool`).

    Args:
        x: Training rows, `(rows, columns)`, NaN for a missing entry.
        columns: Columns of the spec.
        cells: Cells of all columns.
    """
    if len(cells) > MOST or not len(cells):
        return []
    x = x[:: -(-len(x) // ROWS)].astype("float64")
    numeric = [j for j, column in enumerate(columns) if column.is_numeric]
    sides = [(j, sign, np.sort(sign * _present(x[:, j]))) for j in numeric for sign in (-1, 1)]
    rules: dict[tuple[int, int, int], list[_Candidate]] = {}
    for category, cell in enumerate(cells):
        if columns[cell.column].is_numeric:
            continue
        rows = x[(x[:, cell.column] > cell.low) & (x[:, cell.column] < cell.high)]
        for j, sign, ordered in sides:
            if tail := _candidate(j, sign, category, sign * _present(rows[:, j]), ordered):
                rules.setdefault((cell.column, j, sign), []).append(tail)
    pool = Pool(len(x))
    broken = {key: sum(tail.rows for tail in rule) for key, rule in rules.items()}
    for count in broken.values():
        # To one of these rows, as if it were new, there is one row less.
        pool.see(evidence(max(count - 1, 0), len(x)), count)
    alone = {key: evidence(count, len(x)) for key, count in broken.items()}
    strongest = [
        (tail.ratio, Tail(tail.numbers, tail.category, float(pool.nats(alone[key]))))
        for key, rule in rules.items()
        for tail in rule
    ]
    return [tail for _, tail in sorted(strongest, key=lambda pair: -pair[0])[:_TAILS]]


def _present(entries: np.ndarray) -> np.ndarray:
    return entries[~np.isnan(entries)]


def _candidate(
    column: int, sign: int, category: int, values: np.ndarray, ordered: np.ndarray
) -> _Candidate | None:
    """Return the tail above the numbers of a category, or `None` if it does not count.

    Args:
        column: Column of the numbers.
        sign: 1 for the upper tail; -1 for the lower one, whose numbers are negated.
        category: Index of the cell of the category.
        values: Numbers of the category, each multiplied by `sign`.
        ordered: Numbers of all rows, sorted, each multiplied by `sign`.
    """
    least = np.exp(LEAST)
    if len(values) < least:
        return None
    own = upper(values)
    start = _clear_of(ordered, own.end + _APART * (own.end - float(np.median(values))))
    rows = int((values > start).sum())
    expected = len(values) * (1.0 - np.searchsorted(ordered, start, side="right") / len(ordered))
    if expected < least * (rows + 1.0):
        return None
    low, high = (start, FAR) if sign > 0 else (-FAR, -start)
    return _Candidate(Cell(column, low, high), category, rows, expected / (rows + 1.0))


def _clear_of(ordered: np.ndarray, bound: float) -> float:
    """Return the bound, or the middle between its neighbours if one of them is as near as rounding.

    A device may scale a column in another order of operations than the model, and no training entry must
    change its side for that.
    """
    after = int(np.searchsorted(ordered, bound, side="right"))
    neighbours = ordered[max(after - 1, 0) : after + 1]
    near = np.abs(neighbours - bound) <= ROUNDING * (1.0 + abs(bound))
    return float(neighbours.mean()) if near.any() else bound


def with_tails(
    cells: Sequence[Cell], between: np.ndarray, tails: Sequence[Tail]
) -> tuple[list[Cell], np.ndarray]:
    """Return the cells and tails, and their evidence together, `(cells + tails, cells + tails)`.

    A tail takes in the cells of its column that overlap with it and exclude the same category, so that no
    row counts twice. Its evidence is the greatest among theirs.

    Args:
        cells: Cells of all columns.
        between: Evidence of two cells together, `(cells, cells)`, symmetric.
        tails: Tails of the categories among the cells.
    """
    together = np.pad(between, (0, len(tails)))
    added = []
    for index, tail in enumerate(tails, start=len(cells)):
        category, numbers, strongest = tail.category, tail.numbers, tail.evidence
        for k, cell in enumerate(cells):
            if between[category, k] and _overlap(cell, numbers):
                low, high = min(numbers.low, cell.low), max(numbers.high, cell.high)
                numbers, strongest = Cell(cell.column, low, high), max(strongest, between[category, k])
                together[category, k] = together[k, category] = 0.0
        together[category, index] = together[index, category] = strongest
        added.append(numbers)
    return [*cells, *added], together


def _overlap(one: Cell, other: Cell) -> bool:
    return one.column == other.column and one.low < other.high and one.high > other.low
