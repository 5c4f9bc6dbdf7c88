"""How good rankings are where it is known what belongs to a query."""

import numpy as np

from kerasae.evaluation import RowSums


def average_precision(distances: np.ndarray, relevant: np.ndarray) -> float | None:
    """Average precision of a query over the full ranking; `None` if nothing belongs to it.

    The mean, over the rows that belong to it, of the share of such rows among all up to there. Of rows
    at the same distance any order is as good: it is the mean over all their orders, in closed form.

    Args:
        distances: of every row, `(rows,)`.
        relevant: whether a row belongs to the query, `(rows,)`.

    Reference: McSherry and Najork 2008, ECIR.
    """
    total = int(relevant.sum())
    if total == 0:
        return None
    order = np.argsort(distances, kind="stable")
    ranked = distances[order]
    first = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    sizes = np.diff(np.append(first, len(ranked)))
    hits = np.add.reduceat(relevant[order].astype("float64"), first)
    before = np.cumsum(hits) - hits
    ahead = np.arange(len(ranked)) - np.repeat(first, sizes)
    # At a place in a tie stands a row of the query with this probability, and if so, each of those ahead of
    # it in the tie is one with the other.
    chance = np.repeat(hits / sizes, sizes)
    others = np.repeat((hits - 1) / np.maximum(sizes - 1, 1), sizes)
    found = np.repeat(before, sizes) + 1 + ahead * others
    return float((chance * found / np.arange(1, len(ranked) + 1)).sum() / total)


class Rankings:
    """Gathers average precisions, and precision and recall at k, query by query.

    Args:
        k: of the nearest rows.
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self._average: list[float] = []
        self._precision: list[float] = []
        self._recall: list[float] = []

    def add(self, distances: np.ndarray | None, nearest: np.ndarray, relevant: np.ndarray) -> None:
        """A query to which something belongs; others are left out.

        Args:
            distances: of every row, `(rows,)`, or `None` where there is no full ranking.
            nearest: numbers of the nearest rows, the nearest first.
            relevant: whether a row belongs to the query, `(rows,)`.
        """
        total = int(relevant.sum())
        if total == 0:
            return
        hits = int(relevant[nearest[: self.k]].sum())
        self._precision.append(hits / self.k)
        self._recall.append(hits / total)
        if distances is not None and (average := average_precision(distances, relevant)) is not None:
            self._average.append(average)

    def by_query(self) -> dict[str, RowSums]:
        """Figures of each query to which something belongs, by heading; the mean over them is told."""
        found = {
            f"precision@{self.k}": self._precision,
            f"recall@{self.k}": self._recall,
            "mean average precision": self._average,
        }
        return {
            heading: RowSums(np.array(values, "float64"), np.ones(len(values)))
            for heading, values in found.items()
        }
