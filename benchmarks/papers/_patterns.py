"""Cells that are hidden from a table: at random, depending on another column, or on the cell itself."""

import numpy as np

#: Names of the patterns and how cells are hidden.
PATTERNS = {
    "MCAR": "each with the same probability",
    "MAR": "with a probability that rises with the rank of another column, which is whole",
    "MNAR": "with a probability that rises with the rank of the hidden value itself",
}


def hidden(x: np.ndarray, pattern: str, share: float, seed: int) -> np.ndarray:
    """Return which present cells of a table are hidden, `(rows, columns)`, bool.

    Under MAR a third of the columns is never hidden, and each other column depends on one of these.

    Args:
        x: Codes and numbers, `(rows, columns)`, NaN for a missing entry.
        pattern: Name of a pattern.
        share: Share of the cells that are hidden, in (0, 0.5].
        seed: Seed.
    """
    rng = np.random.default_rng([seed, [*PATTERNS].index(pattern)])
    ranks = np.stack([_ranks(column, rng) for column in x.T], axis=1)
    if pattern == "MCAR":
        chances = np.full(x.shape, share)
    elif pattern == "MNAR":
        chances = 2 * share * ranks
    else:
        whole = rng.permutation(x.shape[1])[: max(1, x.shape[1] // 3)]
        drivers = rng.choice(whole, x.shape[1])
        chances = 2 * share * ranks[:, drivers]
        chances[:, whole] = 0
    return (rng.random(x.shape) < chances) & ~np.isnan(x)


def _ranks(column: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the rank of each entry in [0, 1), `(rows,)`; ties are ordered by chance, missing entries too."""
    order = np.lexsort((rng.random(len(column)), np.nan_to_num(column, nan=rng.random() * 1e3)))
    ranks = np.empty(len(column))
    ranks[order] = np.arange(len(column)) / len(column)
    return ranks
