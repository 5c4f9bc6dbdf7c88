"""AlarmRule and Alarm: from the scores of a stream to alarms.

This module needs only NumPy, so that an artifact can be run where no TensorFlow is installed.
"""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class AlarmRule:
    """When an alarm begins and ends.

    The score of a step is the mean of the last `smooth` scores. An alarm begins when `least` successive
    scores are above the threshold, and it ends when a score is not above `release * threshold`. With
    `release` below 1 a score that swings about the threshold gives one alarm and not many (hysteresis).

    Args:
        threshold: Threshold of the scores.
        smooth: Number of the last scores that are averaged, from 1. Fewer are averaged at the beginning of a
            stretch. Defaults to 1.
        release: Share of the threshold at which an alarm ends, in (0, 1]. Defaults to 1.
        least: Number of successive scores above the threshold with which an alarm begins, from 1. Defaults
            to 1.

    Raises:
        ValueError: If a number is out of range.
    """

    threshold: float
    smooth: int = 1
    release: float = 1.0
    least: int = 1

    def __post_init__(self) -> None:
        for name in ("smooth", "least"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ValueError(f"`{name}` must be a positive integer, received {value!r}.")
        if isinstance(self.release, bool) or not 0 < self.release <= 1:
            raise ValueError(f"`release` must be in (0, 1], received {self.release!r}.")

    def to_dict(self) -> dict[str, Any]:
        """Return the rule as plain JSON values."""
        return dataclasses.asdict(self)


class Alarm:
    """State of an alarm in a stream of scores, of a fixed size.

    Args:
        rule: When an alarm begins and ends.
    """

    def __init__(self, rule: AlarmRule) -> None:
        self.rule = rule
        self.reset()

    def reset(self) -> None:
        """Forget all scores, as at the beginning of a stretch."""
        self.on = False
        self._recent: list[float] = []
        self._above = 0

    def update(self, score: float) -> tuple[float, bool]:
        """Take note of the next score, and return the smoothed score and whether there is an alarm.

        Args:
            score: Score of the newest window.
        """
        self._recent = [*self._recent[-self.rule.smooth + 1 :], score] if self.rule.smooth > 1 else [score]
        # In the order of time and rounded at each step, as the C library for microcontrollers adds.
        total = 0.0
        for one in self._recent:
            total += one
        smoothed = total / len(self._recent)
        self._above = self._above + 1 if smoothed > self.rule.threshold else 0
        # A release below a negative threshold would lie above it.
        end = min(self.rule.threshold, self.rule.release * self.rule.threshold)
        self.on = smoothed > end if self.on else self._above >= self.rule.least
        return smoothed, self.on


def smoothed(scores: Iterable[float], smooth: int) -> np.ndarray:
    """Return the mean of the last `smooth` scores at each step of a stretch, `(steps,)`, float64."""
    alarm = Alarm(AlarmRule(math.inf, smooth))
    return np.array([alarm.update(float(score))[0] for score in scores])


def alarms(scores: Iterable[float], rule: AlarmRule) -> np.ndarray:
    """Return whether there is an alarm at each step of a stretch, `(steps,)`, bool.

    Args:
        scores: Scores of successive windows.
        rule: When an alarm begins and ends.
    """
    alarm = Alarm(rule)
    return np.array([alarm.update(float(score))[1] for score in scores], bool)
