"""AlarmSettings: what a user sets about alarms, beside the threshold."""

import dataclasses
from typing import Any, Self

from kerasae import registry
from kerasae.calibration import AlarmRule


@dataclasses.dataclass(frozen=True)
class AlarmSettings:
    """When alarms begin and end on an axis of time.

    Args:
        release: Share of the threshold at which an alarm ends, in (0, 1]. Defaults to 1.
        least: Number of successive windows above the threshold with which an alarm begins. Defaults to 1.
        merge: Greatest number of windows between two alarms that become one, in reports. Defaults to 0.

    Raises:
        ValueError: If a number is out of range.
    """

    release: float = 1.0
    least: int = 1
    merge: int = 0

    def __post_init__(self) -> None:
        self.rule(1.0)
        if isinstance(self.merge, bool) or not isinstance(self.merge, int) or self.merge < 0:
            raise ValueError(f"`merge` must be a non-negative integer, received {self.merge!r}.")

    @classmethod
    def of(cls, settings: dict[str, Any] | None) -> Self:
        """Return the settings of a dict, or the defaults.

        Raises:
            ValueError: If a name is unknown, or a number is out of range.
        """
        registry.check("alarm", cls, settings or {})
        return cls(**(settings or {}))

    @property
    def of_stream(self) -> dict[str, Any]:
        """Arguments of `AlarmRule` but the threshold. A stream cannot merge alarms."""
        return {"release": self.release, "least": self.least}

    def rule(self, threshold: float) -> AlarmRule:
        """Return the rule with a threshold."""
        return AlarmRule(threshold, **self.of_stream)
