"""Agreement of clusters with labels."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from kerasae.data import has_label
from kerasae.metrics import Metric, RowInfluences, RowSums, jackknife


def agreement(labels: np.ndarray, clusters: np.ndarray) -> list[Metric]:
    """Return the agreement of clusters with labels, both `(rows,)`.

    Rows without a label are left out.
    """
    known = has_label(labels)
    labels, clusters = labels[known], clusters[known]
    return [
        Metric(
            "adjusted_rand",
            "adjusted Rand",
            float(adjusted_rand_score(labels, clusters)),
            lower=False,
            chance=0.0,
            rows=[adjusted_rand_rows(labels, clusters)],
        ),
        Metric("nmi", "NMI", float(normalized_mutual_info_score(labels, clusters)), lower=False),
        Metric("matched_accuracy", "matched accuracy", matched_accuracy(labels, clusters), lower=False),
    ]


def adjusted_rand_rows(labels: np.ndarray, clusters: np.ndarray) -> RowInfluences:
    """Compute the adjusted Rand index and the influence of each row on it, by the jackknife.

    All rows with the same label and the same cluster have the same influence, so each such pair is left out
    once.
    """
    known = has_label(labels)
    _, labels = np.unique(labels[known], return_inverse=True)
    _, clusters = np.unique(clusters[known], return_inverse=True)
    pairs, rows, counts = np.unique(
        np.stack([labels, clusters]), axis=1, return_inverse=True, return_counts=True
    )
    value = _adjusted_rand(pairs, counts)
    without = [_adjusted_rand(pairs, counts - removed) for removed in np.eye(len(counts), dtype=int)]
    return jackknife(value, np.array(without)[rows.ravel()])


def _adjusted_rand(pairs: np.ndarray, counts: np.ndarray) -> float:
    """Return the adjusted Rand index from the number of rows of each pair of label and cluster.

    Reference: Hubert and Arabie 1985, Journal of Classification 2, equation 5.
    """
    counted = (counts, *(np.bincount(part, counts) for part in pairs), np.array([counts.sum()]))
    together, by_label, by_cluster, everything = (float((part * (part - 1.0) / 2).sum()) for part in counted)
    expected = by_label * by_cluster / everything if everything else 0.0
    greatest = (by_label + by_cluster) / 2
    return 1.0 if greatest == expected else (together - expected) / (greatest - expected)


def matched_accuracy(labels: np.ndarray, clusters: np.ndarray) -> float:
    """Return the share of rows that have the label of their cluster, as counted by `matched_rows`."""
    return float(matched_rows(labels, clusters).totals.mean())


def matched_rows(labels: np.ndarray, clusters: np.ndarray) -> RowSums:
    """Count the rows that have the label of their cluster, with clusters matched one to one to labels.

    The matching is optimal (Kuhn 1955, the Hungarian method). If there are more clusters than labels, some
    clusters have no label, and their rows count as wrong. Rows without a label are left out.

    Args:
        labels: Label of each row, `(rows,)`.
        clusters: Cluster of each row, `(rows,)`, from 0.
    """
    known = has_label(labels)
    labels, clusters = labels[known], clusters[known]
    kinds, classes = np.unique(labels, return_inverse=True)
    counts = np.zeros((int(clusters.max()) + 1, len(kinds)), int)
    np.add.at(counts, (clusters, classes), 1)
    matched = np.zeros(counts.shape, bool)
    matched[linear_sum_assignment(counts, maximize=True)] = True
    return RowSums(matched[clusters, classes].astype("float64"), np.ones(len(labels)))
