"""Measures of alarms and of scores on the time axis. There is no point adjustment."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Counts:
    """Rows by label and alarm, which can be added up over recordings."""

    hits: int = 0
    false_alarms: int = 0
    missed: int = 0
    quiet: int = 0

    @classmethod
    def of(cls, anomalous: np.ndarray, alarms: np.ndarray) -> "Counts":
        """Count the rows of one recording."""
        return cls(
            int((anomalous & alarms).sum()),
            int((~anomalous & alarms).sum()),
            int((anomalous & ~alarms).sum()),
            int((~anomalous & ~alarms).sum()),
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.hits + other.hits,
            self.false_alarms + other.false_alarms,
            self.missed + other.missed,
            self.quiet + other.quiet,
        )

    @property
    def f1(self) -> float:
        """F1 of the anomalous rows, in [0, 1]."""
        return 2 * self.hits / max(2 * self.hits + self.false_alarms + self.missed, 1)

    @property
    def false_alarm_rate(self) -> float:
        """Share of the normal rows with an alarm, in percent."""
        return 100 * self.false_alarms / max(self.false_alarms + self.quiet, 1)

    @property
    def missed_alarm_rate(self) -> float:
        """Share of the anomalous rows without an alarm, in percent."""
        return 100 * self.missed / max(self.missed + self.hits, 1)
