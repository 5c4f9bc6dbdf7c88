"""The greatest step of a log as an anomaly score."""

from typing import Self

import numpy as np

from kerasae.baselines import DetectingBaseline
from kerasae.spec import Spec


class GreatestStep(DetectingBaseline):
    """Greatest difference of two successive readings of a channel, in the usual differences of that channel.

    A missing reading makes no step.
    """

    name = "greatest-step"
    title = "the greatest step"

    @classmethod
    def suits(cls, spec: Spec) -> bool:
        return bool(spec.channels)

    def fit(self, x: np.ndarray) -> Self:
        usual = np.nan_to_num(np.nanmean(np.abs(np.diff(x, axis=1)), axis=(0, 1)), nan=0.0)
        self._usual = np.where(usual > 0, usual, 1.0)
        return self

    def score_samples(self, x: np.ndarray) -> np.ndarray:
        steps = np.nan_to_num(np.abs(np.diff(x, axis=1)) / self._usual, nan=0.0)
        # The level of a window breaks ties, and finds a window that is far away as a whole.
        level = np.abs(np.nan_to_num(x, nan=0.0)).max(axis=(1, 2))
        return np.asarray(steps.max(axis=(1, 2)) + level, "float64")
