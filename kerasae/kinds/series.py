"""Series: windows of readings of sensors."""

from typing import Any

import numpy as np
import pandas as pd

from kerasae.kinds._base import Kind
from kerasae.spec import Column, Spec, Timing


class Series(Kind):
    """Windows of a series, `(steps, channels)`: consecutive readings of one or more sensors.

    A missing reading is NaN.
    """

    is_measured = True
    has_gaps = True
    unit = "reading"
    parts = "readings"
    written_as = "as numbers of the type of the log, without their time stamps"

    @classmethod
    def example(cls) -> Spec:
        channels = tuple(Column(name, "number", "float64") for name in ("flow", "pressure"))
        return Spec("series", (8, 2), channels=channels, timing=Timing(1.0))

    @property
    def source(self) -> str | None:
        # A file of a log is a table otherwise.
        return "series"

    @property
    def network(self) -> str:
        return "series"

    @property
    def preprocessing(self) -> str:
        return "series"

    @property
    def loss(self) -> str | None:
        return "readings"

    @property
    def measures(self) -> str:
        return "series"

    @property
    def corruption(self) -> str:
        return "stretch"

    @property
    def view(self) -> str:
        return "series"

    @property
    def described(self) -> str:
        steps, channels = self.spec.shape
        names = ", ".join(channel.name for channel in self.spec.channels[:3])
        more = ", ..." if channels > 3 else ""
        return f"windows of {steps} readings of {channels} channel(s) ({names}{more})"

    @property
    def anomaly_score(self) -> str:
        return "evidence"

    @property
    def false_alarms(self) -> float:
        # Windows that share readings give an alarm together. With windows of 50 steps there are 200 blocks in
        # 10,000 steps, and four alarms if one block of 50 has one.
        return 0.02

    @property
    def channel_names(self) -> list[str]:
        """Names of the channels."""
        known = [channel.name for channel in self.spec.channels]
        return known or [f"channel {number}" for number in range(self.spec.shape[1])]

    @property
    def feature_names(self) -> list[str]:
        """Names of the readings of a window: channel, and steps before the last reading."""
        last = self.spec.shape[0] - 1
        return [
            f"{name} t-{last - step}" if step < last else f"{name} t"
            for step in range(last + 1)
            for name in self.channel_names
        ]

    @property
    def feature_columns(self) -> tuple[Column, ...]:
        return self.spec.channels * self.spec.shape[0]

    def contributions(self, added: np.ndarray) -> pd.DataFrame:
        """Return the contribution of each channel, the sum over the steps of a window."""
        by_step = added.reshape(len(added), *self.spec.shape)
        return pd.DataFrame(by_step.sum(axis=1), columns=self.channel_names)

    def watched(self, raw: Any, x: np.ndarray) -> pd.DataFrame:
        """Return level, spread, roughness and share of missing readings of each channel of a window.

        Level and spread are mean and standard deviation of the readings. Roughness is the mean absolute
        difference of two successive ones. All three are in raw units.
        """
        readings = np.asarray(raw, "float64").reshape(len(raw), *self.spec.shape)
        present = ~np.isnan(readings)
        count = present.sum(axis=1)
        steps = np.abs(np.diff(readings, axis=1))
        successive = (~np.isnan(steps)).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            level = np.nansum(readings, axis=1) / count
            spread = np.sqrt(np.nansum(np.square(readings - level[:, None]), axis=1) / count)
            roughness = np.nansum(steps, axis=1) / successive
        columns = {}
        for number, name in enumerate(self.channel_names):
            columns[f"level of {name}"] = level[:, number]
            columns[f"spread of {name}"] = spread[:, number]
            columns[f"roughness of {name}"] = roughness[:, number]
            columns[f"missing of {name}"] = 1.0 - count[:, number] / readings.shape[1]
        return pd.DataFrame(columns)

    def squares(self, x: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return squared differences, which are 0 where a reading of `x` is missing."""
        return np.where(np.isnan(x), 0.0, np.square(x - other, dtype="float64"))

    def points(self, x: np.ndarray) -> np.ndarray:
        return np.nan_to_num(x, nan=0.0).reshape(len(x), self.spec.size)
