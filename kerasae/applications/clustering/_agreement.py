"""Agreement of clusters with labels."""

from typing import Any

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
    by_label, by_cluster = (np.bincount(part, counts) for part in pairs)
    everything = np.array([counts.sum()])
    sums = [_pairs_in(part) for part in (counts, by_label, by_cluster, everything)]
    value = _adjusted_rand(*sums)
    # Of a group of n rows, a row that is left out takes n - 1 pairs of rows with it.
    groups = (counts, by_label[pairs[0]], by_cluster[pairs[1]], everything)
    without = _adjusted_rand(*(whole - (group - 1) for whole, group in zip(sums, groups, strict=True)))
    return jackknife(float(value), without[rows.ravel()])


def _pairs_in(counts: np.ndarray) -> float:
    """Return the number of pairs of rows that lie in one of the groups with these numbers of rows."""
    return float((counts * (counts - 1.0) / 2).sum())


def _adjusted_rand(together: Any, by_label: Any, by_cluster: Any, everything: Any) -> np.ndarray:
    """Return the adjusted Rand index from the numbers of pairs of rows that have something in common.

    Reference: Hubert and Arabie 1985, Journal of Classification 2, equation 5.

    Args:
        together: Number of pairs of rows with the same label in the same cluster.
        by_label: Number of pairs of rows with the same label.
        by_cluster: Number of pairs of rows in the same cluster.
        everything: Number of pairs of rows.
    """
    expected = by_label * by_cluster / np.maximum(everything, 1)
    greatest = (by_label + by_cluster) / 2
    same = greatest == expected
    return np.where(same, 1.0, (together - expected) / np.where(same, 1.0, greatest - expected))


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
