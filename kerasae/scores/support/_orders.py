"""Orders: pairs of columns of which one is never greater than the other."""

from collections.abc import Sequence

import numpy as np

from kerasae.scores.support._ranges import few

#: Number of numeric columns that are compared with each other, and of pairs that are kept.
_MOST, _PAIRS = 64, 64
#: Share of the rows, and their number, that would break an order if the two columns were independent.
_BROKEN, _EXPECTED = 0.02, 20


def orders(
    raw: np.ndarray, columns: Sequence[int], groups: Sequence[str], rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Return the pairs of columns whose first number is not above the second.

    An order counts only if the columns show it together: all but a few rows obey it (`few`), and at least a
    fiftieth of the rows, and twenty, would break it if the numbers of one column were shuffled.

    Args:
        raw: Numbers in raw units, `(rows, columns)`, NaN for a missing one.
        columns: Columns that are compared, by number.
        groups: Kind of each of these columns; only columns of one kind are compared.
        rng: Generator of the shuffle.
    """
    found: list[tuple[float, int, int]] = []
    columns, groups = columns[:_MOST], groups[:_MOST]
    order = rng.permutation(len(raw))
    for first, kind in zip(columns, groups, strict=True):
        for second, other in zip(columns, groups, strict=True):
            if first == second or kind != other:
                continue
            together = ~np.isnan(raw[:, first]) & ~np.isnan(raw[:, second])
            rows = int(together.sum())
            if not rows or np.sum(raw[together, first] > raw[together, second]) > few(rows):
                continue
            broken = np.mean(raw[together, first] > raw[order[together[order]], second])
            if broken >= _BROKEN and broken * rows >= _EXPECTED:
                found.append((-float(broken), first, second))
    return [(first, second) for _, first, second in sorted(found)[:_PAIRS]]
