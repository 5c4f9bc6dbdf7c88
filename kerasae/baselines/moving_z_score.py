"""The moving z-score of a log as an anomaly score."""

from typing import Self

import numpy as np

from kerasae.baselines._detecting import DetectingBaseline
from kerasae.spec import Spec


class MovingZScore(DetectingBaseline):
    """Distance of the mean of a window from the training mean, in training deviations of single readings.

    The score is that of the channel with the greatest distance. Missing readings do not count; a channel
    without readings in a window adds nothing.
    """

    name = "moving-z-score"
    title = "the moving z-score"

    @classmethod
    def suits(cls, spec: Spec) -> bool:
        return bool(spec.channels)

    def fit(self, x: np.ndarray) -> Self:
        readings = np.asarray(x, "float64").reshape(-1, x.shape[-1])
        present = ~np.isnan(readings)
        count = np.maximum(present.sum(axis=0), 1)
        self._mean = np.where(present, readings, 0).sum(axis=0) / count
        centred = np.where(present, readings - self._mean, 0)
        deviation = np.sqrt(np.square(centred).sum(axis=0) / count)
        self._deviation = np.where(deviation > 0, deviation, 1.0)
        return self

    def score_samples(self, x: np.ndarray) -> np.ndarray:
        scaled = np.nan_to_num((np.asarray(x, "float64") - self._mean) / self._deviation, nan=0.0)
        present = (~np.isnan(x)).sum(axis=1)
        means = scaled.sum(axis=1) / np.maximum(present, 1)
        return np.asarray(np.abs(means).max(axis=1))
