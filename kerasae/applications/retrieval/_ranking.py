"""Quality of rankings with known relevant rows."""

import numpy as np

from kerasae.metrics import Metric, RowSums


def average_precision(distances: np.ndarray, relevant: np.ndarray) -> float | None:
    """Return the average precision of a query over the full ranking; `None` if no row is relevant.

    It is the mean, over the relevant rows, of the share of relevant rows up to their rank. Rows at the same
    distance may come in any order, so it is averaged over all their orders, in closed form.

    Args:
        distances: Distance of each row, `(rows,)`.
        relevant: Whether a row is relevant to the query, `(rows,)`.

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
    # `chance` is the probability that a relevant row has this rank within its tie. If so, `others` is the
    # probability that a row ahead of it in the tie is relevant.
    chance = np.repeat(hits / sizes, sizes)
    others = np.repeat((hits - 1) / np.maximum(sizes - 1, 1), sizes)
    relevant_so_far = np.repeat(before, sizes) + 1 + ahead * others
    return float((chance * relevant_so_far / np.arange(1, len(ranked) + 1)).sum() / total)


class Rankings:
    """Average precision, and precision and recall at k, collected query by query.

    Args:
        k: Number of nearest rows.
    """

    def __init__(self, k: int) -> None:
        self.k = k
        self._average: list[float] = []
        self._precision: list[float] = []
        self._recall: list[float] = []

    def add(self, distances: np.ndarray | None, nearest: np.ndarray, relevant: np.ndarray) -> None:
        """Add a query; a query without relevant rows is ignored.

        Args:
            distances: Distance of each row, `(rows,)`, or `None` without a full ranking.
            nearest: Numbers of the nearest rows, the nearest first.
            relevant: Whether a row is relevant to the query, `(rows,)`.
        """
        total = int(relevant.sum())
        if total == 0:
            return
        hits = int(relevant[nearest[: self.k]].sum())
        self._precision.append(hits / self.k)
        self._recall.append(hits / total)
        if distances is not None and (average := average_precision(distances, relevant)) is not None:
            self._average.append(average)

    def metrics(self) -> list[Metric]:
        """Return the means over the queries with relevant rows; undefined if there are none."""
        values = (
            ("precision", f"precision@{self.k}", self._precision),
            ("recall", f"recall@{self.k}", self._recall),
            ("mean_average_precision", "mean average precision", self._average),
        )
        metrics = []
        for key, heading, by_query in values:
            rows = RowSums(np.array(by_query, "float64"), np.ones(len(by_query)))
            metrics.append(Metric(key, heading, rows.value, lower=False, rows=[rows]))
        return metrics
