"""How well a classifier tells made rows from real ones."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from kerasae.data import drawn_rows
from kerasae.evaluation import RowInfluences, auroc_rows

#: Parts of the cross-validation, and rows of a kind below which nothing is said.
_PARTS, _LEAST = 3, 50
#: Trees of a classifier, and rows of a kind that it sees at most.
_TREES, _MOST = 50, 1000


def told_apart(real: np.ndarray, made: np.ndarray, seed: int = 0) -> RowInfluences | None:
    """AUROC of gradient-boosted trees that tell made rows from real ones: 0.5 for chance, 1 for always.

    Each row is judged by trees that did not see it, and moves the area as much as DeLong says: first the
    real rows, drawn alike for all made ones, then the made ones. `None` for too few rows.

    Args:
        real: held-out rows of `x`, `(rows, columns)`, NaN where an entry is missing.
        made: as many.
        seed: of the parts.

    Reference: Lopez-Paz and Oquab 2017, ICLR (classifier two-sample tests).
    """
    count = min(len(real), len(made), _MOST)
    if count < _LEAST:
        return None
    rows = [one[drawn_rows(len(one), count, seed)] for one in (real, made)]
    x = np.concatenate(rows).reshape(2 * count, -1)
    y = np.repeat([0, 1], count)
    trees = HistGradientBoostingClassifier(max_iter=_TREES, early_stopping=False, random_state=seed)
    parts = StratifiedKFold(_PARTS, shuffle=True, random_state=seed)
    # Threads that wait for each other at every split of so few rows cost far more than they save.
    with threadpool_limits(1, user_api="openmp"):
        odds = cross_val_predict(trees, x, y, cv=parts, method="predict_proba")[:, 1]
    return auroc_rows(y == 1, odds)
