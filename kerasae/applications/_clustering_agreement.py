"""How far clusters agree with labels."""

import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from kerasae.data import has_label


def agreement(labels: np.ndarray, found: np.ndarray) -> dict[str, float | int | str | None]:
    """How far clusters agree with labels, both `(rows,)`, over the rows that have one: by heading."""
    known = has_label(labels)
    labels, found = labels[known], found[known]
    return {
        "adjusted Rand": float(adjusted_rand_score(labels, found)),
        "NMI": float(normalized_mutual_info_score(labels, found)),
        "matched accuracy": matched_accuracy(labels, found),
    }


def matched_accuracy(labels: np.ndarray, found: np.ndarray) -> float:
    """Share of the rows with the label of their cluster, the clusters matched to labels one to one.

    The matching is the best there is (Kuhn 1955, the Hungarian method); clusters beyond the number of
    labels go without one, and their rows count as wrong.
    """
    known = has_label(labels)
    labels, found = labels[known], found[known]
    kinds, classes = np.unique(labels, return_inverse=True)
    counts = np.zeros((int(found.max()) + 1, len(kinds)), int)
    np.add.at(counts, (found, classes), 1)
    return float(counts[linear_sum_assignment(counts, maximize=True)].sum() / len(labels))
