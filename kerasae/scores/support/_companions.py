"""Companions: columns whose gaps come together."""

import numpy as np

from kerasae.scores.support._exclusions import LEAST, ROWS
from kerasae.scores.support._pooled import Pool
from kerasae.scores.support._ranges import evidence, few


def companions(missing: np.ndarray) -> np.ndarray:
    """Return the evidence of a gap in a column where another column has an entry, `(columns, columns)`.

    The two sensors of a device fail together, so a gap of one alone is odd, however usual gaps are. An
    unreadable entry is such a gap. A column `j` has at most one companion `k`, in entry `[k, j]`: the column
    that is there in the fewest rows in which `j` is missing. These are at most a few (`few`), and if gaps
    were independent they would be at least `e^3` times as many, and one more, as in `exclusions`. If `b` of
    `n` training rows show it, the evidence is `-log((b + 1/2) / (n + 1))`, pooled over all columns (`Pool`).

    Args:
        missing: Whether each entry of the training rows is missing, `(rows, columns)`.
    """
    missing = missing[:: -(-len(missing) // ROWS)]
    rows, size = missing.shape
    gaps, entries = missing.astype("float32"), (~missing).astype("float32")
    alone = entries.T @ gaps
    expected = np.outer(entries.mean(axis=0), gaps.sum(axis=0))
    counts = (
        (np.log(np.maximum(expected, 1e-9) / (alone + 1.0)) >= LEAST)
        & (alone <= few(rows))
        & ~np.eye(size, dtype=bool)
    )
    # The fewest rows first, then the most expected ones.
    chosen = np.argmin(np.where(counts, alone - expected / (rows + 1.0), np.inf), axis=0)
    has = counts[chosen, np.arange(size)]
    broken = alone[chosen, np.arange(size)]
    pool = Pool(rows)
    for one in broken[has].tolist():
        pool.see(evidence(max(one - 1, 0), rows), one)
    found = np.zeros((size, size))
    found[chosen[has], np.flatnonzero(has)] = pool.nats(-np.log((broken[has] + 0.5) / (rows + 1.0)))
    return found
