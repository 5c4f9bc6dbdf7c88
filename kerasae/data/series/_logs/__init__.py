"""Logs: readings of sensors in files, as channels on a regular grid of time."""

from kerasae.data.series._logs.arrays import log_of_arrays
from kerasae.data.series._logs.log import SPLITS, Log, Stretch
from kerasae.data.series._logs.public import log_of_frame, read_log
from kerasae.data.series._logs.readings import HeldReadings, Readings, StoredReadings

__all__ = [
    "SPLITS",
    "HeldReadings",
    "Log",
    "Readings",
    "StoredReadings",
    "Stretch",
    "log_of_arrays",
    "log_of_frame",
    "read_log",
]
