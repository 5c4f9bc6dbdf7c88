"""How far clusters agree with labels."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from kerasae.data import has_label
from kerasae.evaluation import RowInfluences, RowSums, jackknife


def agreement(labels: np.ndarray, found: np.ndarray) -> dict[str, float | int | str | None]:
    """How far clusters agree with labels, both `(rows,)`, over the rows that have one: by heading."""
    known = has_label(labels)
    labels, found = labels[known], found[known]
    return {
        "adjusted Rand": float(adjusted_rand_score(labels, found)),
        "NMI": float(normalized_mutual_info_score(labels, found)),
        "matched accuracy": matched_accuracy(labels, found),
    }


def adjusted_rand_rows(labels: np.ndarray, found: np.ndarray) -> RowInfluences:
    """Compute the adjusted Rand index with how much each row moves it, by the jackknife.

    Rows of one label and one cluster move it alike, so that each pair of them is left out once.
    """
    known = has_label(labels)
    _, labels = np.unique(labels[known], return_inverse=True)
    _, found = np.unique(found[known], return_inverse=True)
    pairs, rows, counts = np.unique(
        np.stack([labels, found]), axis=1, return_inverse=True, return_counts=True
    )
    value = _adjusted_rand(pairs, counts)
    without = [_adjusted_rand(pairs, counts - one) for one in np.eye(len(counts), dtype=int)]
    return jackknife(value, np.array(without)[rows.ravel()])


def _adjusted_rand(pairs: np.ndarray, counts: np.ndarray) -> float:
    """Of rows counted by pair of label and cluster.

    Reference: Hubert and Arabie 1985, Journal of Classification 2, equation 5.
    """
    counted = (counts, *(np.bincount(one, counts) for one in pairs), np.array([counts.sum()]))
    together, by_label, by_cluster, everything = (float((one * (one - 1.0) / 2).sum()) for one in counted)
    expected = by_label * by_cluster / everything if everything else 0.0
    greatest = (by_label + by_cluster) / 2
    return 1.0 if greatest == expected else (together - expected) / (greatest - expected)


def matched_accuracy(labels: np.ndarray, found: np.ndarray) -> float:
    """Share of the rows with the label of their cluster, as `matched_rows` counts them."""
    return float(matched_rows(labels, found).totals.mean())


def matched_rows(labels: np.ndarray, found: np.ndarray) -> RowSums:
    """Which rows have the label of their cluster, the clusters matched to labels one to one.

    The matching is the best there is (Kuhn 1955, the Hungarian method); clusters beyond the number of
    labels go without one, and their rows count as wrong. Rows without a label are left out.

    Args:
        labels: Label of each row, `(rows,)`.
        found: Cluster of each row, `(rows,)`, from 0.
    """
    known = has_label(labels)
    labels, found = labels[known], found[known]
    kinds, classes = np.unique(labels, return_inverse=True)
    counts = np.zeros((int(found.max()) + 1, len(kinds)), int)
    np.add.at(counts, (found, classes), 1)
    matched = np.zeros(counts.shape, bool)
    matched[linear_sum_assignment(counts, maximize=True)] = True
    return RowSums(matched[found, classes].astype("float64"), np.ones(len(labels)))
