"""The threshold with the best F1 score on labelled rows."""

from typing import ClassVar

import numpy as np
from sklearn.metrics import precision_recall_curve

from kerasae.thresholds._base import Threshold


class BestF1Threshold(Threshold):
    """The threshold with the best F1 score on labelled held-out rows.

    The F1 score is the harmonic mean of precision and recall.

    Raises:
        ValueError: If the labels do not contain both classes.
    """

    supervised: ClassVar[bool] = True

    def find(self, scores: np.ndarray, labels: np.ndarray | None) -> float:
        if labels is None or len(np.unique(labels)) != 2:
            raise ValueError(
                "The threshold 'best_f1' needs held-out rows with labels of both classes, received "
                "labels of one class or none; take another threshold (--threshold quantile)."
            )
        precision, recall, bounds = precision_recall_curve(labels, scores)
        f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
        best = int(f1[:-1].argmax())
        # The curve counts scores equal to the bound as anomalies; here only scores above the threshold count.
        lower = scores[scores < bounds[best]]
        return float((lower.max() + bounds[best]) / 2 if len(lower) else np.nextafter(bounds[0], -np.inf))
