"""Agreement of the neighbours of an index with those in `x`, with the labels, and with exact neighbours."""

import numpy as np

from kerasae.applications.retrieval._indexes import Index
from kerasae.applications.retrieval._ranking import Rankings
from kerasae.data import has_label
from kerasae.metrics import Metric, RowSums

#: Number of queries in a batch, each with its distances to all rows.
_QUERIES = 64


def agreement(
    index: Index,
    codes: np.ndarray,
    neighbours: np.ndarray,
    in_x: tuple[np.ndarray, np.ndarray] | None,
    labels: tuple[np.ndarray, np.ndarray] | None,
) -> list[Metric]:
    """Return how far the neighbours of each query agree with those in `x`, and with known labels.

    Args:
        index: Index of the rows.
        codes: Codes of the queries, `(queries, latent_dim)`.
        neighbours: Numbers of the nearest rows of each query, `(queries, k)`.
        in_x: Numbers of the rows among which neighbours in `x` were searched, `(rows,)`, and the places of
            the neighbours of each query among these, `(queries, k)`; `None` if they are unknown.
        labels: Labels of the rows of the index, `(rows,)`, and of the queries, `(queries,)`; `None` if they
            are unknown. A query without a label is left out.
    """
    near, rankings = [], Rankings(neighbours.shape[1])
    for start in range(0, len(codes), _QUERIES) if in_x is not None or labels is not None else ():
        far = index.distances(codes[start : start + _QUERIES])
        if in_x is not None:
            sample, k = in_x[0], in_x[1].shape[1]
            near.append(np.argsort(far[:, sample], axis=1, kind="stable")[:, :k])
        if labels is not None:
            for number, distances in enumerate(far, start):
                if has_label(labels[1][number : number + 1])[0]:
                    ranked = distances if index.full_ranking else None
                    rankings.add(ranked, neighbours[number], labels[0] == labels[1][number])
    metrics = [] if in_x is None else [_agreement_with_x(in_x[1], np.concatenate(near))]
    return metrics if labels is None else [*metrics, *rankings.metrics()]


def _agreement_with_x(in_x: np.ndarray, near: np.ndarray) -> Metric:
    share = _shared(in_x, near)
    rows = RowSums(share, np.ones(len(share)))
    heading = f"neighbours in x found ({in_x.shape[1]})"
    return Metric("neighbours_in_x", heading, rows.value, lower=False, rows=[rows])


def agreement_with_exact(exact: np.ndarray, neighbours: np.ndarray) -> Metric:
    """Return the share of the exact neighbours that an inexact index gives.

    Args:
        exact: Numbers of the exact neighbours of each query, `(queries, k)`.
        neighbours: Numbers of the neighbours that the index gives, `(queries, k)`.
    """
    share = float(_shared(exact, neighbours).mean())
    return Metric("exact_neighbours", f"exact neighbours found ({exact.shape[1]})", share, lower=False)


def _shared(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the share of the numbers in each row of `first` that are also in that of `second`, `(rows,)`."""
    return np.array([np.isin(a, b).mean() for a, b in zip(first, second, strict=True)])
