"""Area under the ROC curve, and the influence of each row on it."""

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import roc_auc_score

from kerasae.metrics._rows import RowInfluences


def auroc_rows(truth: np.ndarray, scores: np.ndarray) -> RowInfluences:
    """Compute the area under the ROC curve with the influence of each row (DeLong's components).

    The sum of the squared influences over `rows (rows - 1)` is DeLong's variance. If there is only one row of
    a kind, the variance is unknown, and the influences are NaN.

    Args:
        truth: Whether a row is an anomaly, `(rows,)`, bool, with some of both.
        scores: Score of each row, `(rows,)`; higher is more abnormal.

    Reference: DeLong, DeLong, Clarke-Pearson 1988, Biometrics 44(3).
    """
    value = float(roc_auc_score(truth, scores))
    influences = np.full(len(truth), np.nan)
    together = rankdata(scores)
    for kind, sign in ((truth, 1), (~truth, -1)):
        count, others = int(kind.sum()), int((~kind).sum())
        if count < 2:
            return RowInfluences(value, np.full(len(truth), np.nan))
        # Number of rows of the other kind below each row; ties count by half.
        below = (together[kind] - rankdata(scores[kind])) / others
        share = below if sign > 0 else 1 - below
        # Each kind has its own degrees of freedom.
        rows = len(truth)
        unbiased = np.sqrt(count * (rows - 1) / (rows * (count - 1)))
        influences[kind] = (share - value) * rows / count * unbiased
    return RowInfluences(value, influences)
