"""Exclusions: two cells of different columns in which no row is together."""

from collections.abc import Sequence

import numpy as np

from kerasae.scores.support._cells import Cell
from kerasae.scores.support._pooled import Pool
from kerasae.scores.support._ranges import few

#: Largest number of cells of a table that are compared, and of rows that are counted.
MOST, ROWS = 2000, 20_000
#: Smallest log-ratio of the expected number of rows in two cells and the actual one.
LEAST = 3.0
#: Smallest evidence of two cells that is kept, in nats.
_SPEAKS = 3.0


def exclusions(x: np.ndarray, cells: Sequence[Cell], coded: Sequence[bool]) -> np.ndarray:
    """Return the evidence of two cells together, `(cells, cells)`, in nats, symmetric.

    Two cells of different columns exclude each other if nearly no training row is in both (`few`), although
    rows would be if the columns were independent: a husband is no woman. With `k` training rows in both, and
    `E` expected, `E` is at least `e^3 (k + 1)`, about twenty times `k + 1`. Two codes exclude each other if
    `E` is at least `k + 1`, because the codes of many columns depend on each other throughout, as zones and
    their towns do; the rule below says whether they do.

    All such pairs of two columns are one rule. If `b` of `n` training rows break it, each compared with the
    others, the next row does with a probability of about `(b + 1/2) / (n + 1)`. The evidence is `-log` of it,
    or `log(E / (k + 1))` if that is greater: the log-ratio of the probabilities without and with the
    dependence. By Markov's inequality, the chance that a new row has a ratio of `e^t` or more in two given
    columns is at most `e^-t`. The rules of all pairs of columns of the same kinds are pooled (`Pool`).

    Args:
        x: Training rows, `(rows, columns)`, NaN for a missing entry.
        cells: Cells of all columns.
        coded: Whether each column has codes and no numbers, `(columns,)`.
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
    columns, codes = np.eye(x.shape[1])[owner], np.asarray(coded)[owner].astype("int64")
    kinds = np.add.outer(codes, codes)
    # To a training row in both cells, as if it were new, there is one row less in them.
    before = np.where(together > 0, together - 1.0, np.inf)
    found = np.zeros(together.shape)
    for least in (LEAST, 0.0):
        possible = np.not_equal.outer(owner, owner) & ((least > 0) | (kinds == 2))
        nats, new = (
            np.where(possible & (count <= few(len(x))) & (ratio >= least), ratio, -1.0)
            for count in (together, before)
            for ratio in [np.log(np.maximum(expected / (count + 1.0), 1e-9))]
        )
        broken = columns.T @ np.where(new >= 0, together, 0.0) @ columns
        broken = broken[np.ix_(owner, owner)]
        rule, rule_before = (-np.log((b + 0.5) / (rows + 1.0)) for b in (broken, np.maximum(broken - 1, 0)))
        for kind in (0, 1, 2):
            pool, upper = Pool(len(x)), np.triu((new >= 0) & (kinds == kind))
            pool.see(np.maximum(new, rule_before)[upper], together[upper])
            excluded = (nats >= 0) & (kinds == kind)
            speaks = pool.nats(np.maximum(nats, rule)[excluded])
            found[excluded] = np.maximum(found[excluded], speaks)
    return np.where(found >= _SPEAKS, found, 0.0)
