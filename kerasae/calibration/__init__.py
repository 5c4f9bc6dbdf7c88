"""Calibration: scores of normal rows, and alarms, without TensorFlow.

An artifact can be calibrated and run where only NumPy is installed.
"""

from kerasae.calibration.alarms import Alarm, AlarmRule, alarms, smoothed
from kerasae.calibration.kept_scores import SIZE, Calibration, check_block, check_rate, kept_places

__all__ = [
    "SIZE",
    "Alarm",
    "AlarmRule",
    "Calibration",
    "alarms",
    "check_block",
    "check_rate",
    "kept_places",
    "smoothed",
]
