"""Threshold: from which score on an example counts as anomalous."""

from typing import ClassVar, Self

import numpy as np


class Threshold:
    """A number `threshold_` found from scores of held-out rows; an example above it is anomalous.

    Attributes:
        threshold_: above it, strictly, an example counts as anomalous.
    """

    #: Whether it is found from labels.
    supervised: ClassVar[bool] = False

    threshold_: float

    def fit(self, scores: np.ndarray, labels: np.ndarray | None = None) -> Self:
        """Finds the threshold.

        Args:
            scores: of held-out rows, `(rows,)`; of normal ones alone, unless it is found from labels.
            labels: true for an anomaly, `(rows,)`.
        """
        raise NotImplementedError(f"{type(self).__name__} must write `fit`.")

    def predict(self, scores: np.ndarray) -> np.ndarray:
        """Whether each example is anomalous, `(rows,)`, bool."""
        return np.asarray(scores) > self.threshold_


def check_rate(false_alarms: float) -> None:
    """Refuses a share of false alarms that is none."""
    if isinstance(false_alarms, bool) or not 0 < false_alarms < 1:
        raise ValueError(f"`false_alarms` must be in (0, 1), received {false_alarms!r}.")
