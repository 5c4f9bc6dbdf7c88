"""The area under the ROC curve, and how much each row moves it."""

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from kerasae.evaluation._rows import RowInfluences


def auroc_rows(truth: np.ndarray, scores: np.ndarray) -> RowInfluences:
    """Compute the area under the ROC curve with the influence of each row (DeLong's components).

    The mean of squared influences is DeLong's variance. With a single row of a kind it is not known, and the
    influences are NaN.

    Args:
        truth: Whether a row is an anomaly, `(rows,)`, bool, with some of both.
        scores: Higher for what is taken for an anomaly, `(rows,)`.

    Reference: DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44(3).
    """
    value = float(roc_auc_score(truth, scores))
    influences = np.full(len(truth), np.nan)
    together = rankdata(scores)
    for kind, sign in ((truth, 1), (~truth, -1)):
        count, others = int(kind.sum()), int((~kind).sum())
        if count < 2:
            return RowInfluences(value, np.full(len(truth), np.nan))
        # How many of the other kind lie below a row, ties by half.
        below = (together[kind] - rankdata(scores[kind])) / others
        share = below if sign > 0 else 1 - below
        # Kinds have their own degrees of freedom.
        rows = len(truth)
        unbiased = np.sqrt(count * (rows - 1) / (rows * (count - 1)))
        influences[kind] = (share - value) * rows / count * unbiased
    return RowInfluences(value, influences)
