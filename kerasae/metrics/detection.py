"""anomaly_auroc: how well reconstruction errors separate anomalies from normal rows."""

import numpy as np
from sklearn.metrics import roc_auc_score

from kerasae.codec import Codec
from kerasae.data import Data, has_label
from kerasae.kinds import kind_of
from kerasae.metrics._codes import reconstruct


def anomaly_auroc(codec: Codec, data: Data, split: str = "test") -> float | None:
    """Return the area under the ROC curve of the reconstruction errors against labels of two kinds.

    The label that is rarer in the split is the anomaly. Rows without a label are left out.

    Args:
        codec: Codec that reconstructs the rows.
        data: Data with two kinds of labels in `split`.
        split: Name of the split.

    Returns:
        The area in [0, 1], or `None` if there are not exactly two kinds of labels.
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
    """Return the error of each row, `(rows,)`.

    It is the mean over the present features: the squared error for numbers and dates, and 1 for a wrong
    category, boolean or token.
    """
    squared = kind_of(data.spec).squares(x, reconstruct(codec, raw))
    present = ~np.isnan(x.astype("float64"))
    flat = np.where(present, squared, 0.0).reshape(len(x), -1)
    return flat.sum(axis=1) / np.maximum(present.reshape(len(x), -1).sum(axis=1), 1)
