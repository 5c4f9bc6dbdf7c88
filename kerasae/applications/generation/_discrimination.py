"""Classifier two-sample test: how well trees tell generated rows from real ones."""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from kerasae.data import drawn_rows
from kerasae.metrics import RowInfluences, auroc_rows

#: Smallest number of rows of each kind.
LEAST = 50
#: Number of folds of the cross-validation.
_PARTS = 3
#: Number of trees of a classifier, and largest number of rows of each kind that it sees.
_TREES, _MOST = 50, 1000


def told_apart(real: np.ndarray, made: np.ndarray, seed: int = 0) -> RowInfluences | None:
    """Return the AUROC of gradient-boosted trees that tell generated rows from real ones: 0.5 is chance.

    Each row is scored by trees that did not see it. Its influence on the area is DeLong's: first the real
    rows, which are drawn alike for all generated ones, then the generated ones. The result is `None` for too
    few rows.

    Args:
        real: Held-out rows of `x`, `(rows, ...)`, NaN for missing entries.
        made: Generated rows, as many.
        seed: Seed of the cross-validation.

    Reference: Lopez-Paz and Oquab 2017, ICLR (classifier two-sample tests).
    """
    count = min(len(real), len(made), _MOST)
    if count < LEAST:
        return None
    drawn = (sample[drawn_rows(len(sample), count, seed)] for sample in (real, made))
    x = np.concatenate([sample.reshape(count, -1) for sample in drawn])
    y = np.repeat([0, 1], count)
    trees = HistGradientBoostingClassifier(max_iter=_TREES, early_stopping=False, random_state=seed)
    parts = StratifiedKFold(_PARTS, shuffle=True, random_state=seed)
    # With so few rows, threads that wait for each other at every split cost far more than they save.
    with threadpool_limits(1, user_api="openmp"):
        odds = cross_val_predict(trees, x, y, cv=parts, method="predict_proba")[:, 1]
    return auroc_rows(y == 1, odds)
