"""The detector of kerasae on logs: the preset `detector`, trained on the first rows and applied to all."""

import dataclasses
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kerasae import Recipe, train
from kerasae.applications import AnomalyDetector
from kerasae.calibration import AlarmRule, alarms
from kerasae.data import NO_ROWS, Data
from kerasae.data.series import from_frame
from kerasae.presets import settings

from .stretches import centred_scores, season, smoothed

#: Rows of a window on SKAB.
_WINDOW = 20


def fitted(readings: np.ndarray, window: int, changed: Mapping[str, Any] | None = None) -> AnomalyDetector:
    """Return the preset `detector`, fitted on all windows of a log.

    Args:
        readings: Normal readings in the order of time, `(rows, channels)`.
        window: Rows of a window.
        changed: Settings in place of those of the preset, by key. Defaults to none.
    """
    data = _all_train(readings, window)
    recipe = Recipe.of().override(settings("detector", data.spec) | dict(changed or {}))
    data = recipe.prepare(data)
    model = recipe.build(data)
    train(model, data, **recipe.train)
    return AnomalyDetector(model, **recipe.apply["anomaly"]).fit(data)


def window_scores(detector: AnomalyDetector, readings: np.ndarray, window: int) -> np.ndarray:
    """Return the scores of all windows, `(rows - window + 1,)`."""
    views = np.lib.stride_tricks.sliding_window_view(readings, window, axis=0)
    return detector.score_samples(np.ascontiguousarray(views.transpose(0, 2, 1)))


def window_alarms(detector: AnomalyDetector, readings: np.ndarray, window: int) -> np.ndarray:
    """Return whether each window belongs to an alarm, `(rows - window + 1,)`."""
    alarm = detector.alarm or {}
    rule = AlarmRule(detector.threshold_, release=alarm.get("release", 1.0), least=alarm.get("least", 1))
    return alarms(window_scores(detector, readings, window), rule)


def row_alarms(training: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the alarms of the rows, each by the window that it ends; the training rows have none."""
    detector = fitted(training, _WINDOW)
    found = window_alarms(detector, rows[len(training) - _WINDOW + 1 :], _WINDOW)
    return np.concatenate([np.zeros(len(training), bool), found])


def smoothed_scores(readings: np.ndarray, window: int, fitted_on: int) -> np.ndarray:
    """Return the score of each row: the mean, over one window, of the scores of the windows around it."""
    length = season(window, fitted_on)
    scores = window_scores(fitted(readings[:fitted_on], length), readings, length)
    return smoothed(centred_scores(scores, length), length)


def _all_train(readings: np.ndarray, window: int) -> Data:
    frame = pd.DataFrame(readings, columns=[f"channel {number}" for number in range(readings.shape[1])])
    frame.index = pd.date_range("2020-01-01", periods=len(frame), freq="s", name="time")
    with warnings.catch_warnings():
        # The rows are as they are; what is odd about a channel is no news to a benchmark.
        warnings.simplefilter("ignore", UserWarning)
        data = from_frame(frame, window=window, test=1)
    return dataclasses.replace(data, train=data.test, test=NO_ROWS)
