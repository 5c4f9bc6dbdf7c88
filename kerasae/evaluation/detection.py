"""anomaly_auroc: how well reconstruction errors tell odd rows from usual ones."""

import numpy as np
from sklearn.metrics import roc_auc_score

from kerasae.codec import Codec
from kerasae.data import Data, has_label
from kerasae.evaluation._measures import reconstruct
from kerasae.kinds import kind_of


def anomaly_auroc(codec: Codec, data: Data, split: str = "test") -> float | None:
    """Area under the ROC curve of the reconstruction errors against labels of two kinds.

    The label that is rarer in the split is the anomaly. Rows without a label are left out.

    Args:
        codec: whose reconstructions.
        data: with two kinds of labels in `split`.
        split: which rows are judged.

    Returns:
        The area in [0, 1], or `None` where the labels are not of two kinds.
    """
    labels = data.split(split).labels
    if labels is None:
        return None
    known = has_label(labels)
    labels = labels[known]
    kinds, counts = np.unique(labels, return_counts=True)
    if len(kinds) != 2:
        return None
    scores = np.concatenate([row_errors(codec, data, raw, x) for raw, x in data.parts(split)])
    return float(roc_auc_score(labels == kinds[counts.argmin()], scores[known]))


def row_errors(codec: Codec, data: Data, raw: object, x: np.ndarray) -> np.ndarray:
    """The error of each row, `(rows,)`.

    Squared for numbers and dates, 1 for a category, boolean or token rebuilt wrong; the mean over what
    is there.
    """
    squared = kind_of(data.spec).squares(x, reconstruct(codec, raw))
    there = ~np.isnan(x.astype("float64"))
    flat = np.where(there, squared, 0.0).reshape(len(x), -1)
    return flat.sum(axis=1) / np.maximum(there.reshape(len(x), -1).sum(axis=1), 1)
