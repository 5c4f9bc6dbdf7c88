"""Series: what the library of a model of windows knows of its stream of readings."""

import dataclasses
from typing import Any, Self

from kerasae.export.formats.c99._columns import comment, gone_numbers
from kerasae.export.subject import Subject
from kerasae.export.views import View

from kerasae.calibration import AlarmRule
from kerasae.spec import Timing


@dataclasses.dataclass(frozen=True)
class Series:
    """Stream of readings, one number of each channel.

    Args:
        steps: Number of readings of a window.
        names: Names of the channels.
        notes: Description of a number of each channel.
        holds: Number of steps for which a reading of each channel holds.
        longest_gap: Greatest number of missing readings in a window that is not begun anew.
        milliseconds: Time between two readings.
        rule: When an alarm begins and ends.
        gone: Numbers that stand for a missing reading, as in `Columns`.
    """

    steps: int
    names: list[str]
    notes: list[str]
    holds: list[int]
    longest_gap: int
    milliseconds: int
    rule: AlarmRule
    gone: list[tuple[int, float]]

    @classmethod
    def of(cls, subject: Subject, view: View) -> Self | None:
        """Return the stream of a subject; `None` if its examples are no windows, or it has no detector."""
        spec = view.spec
        if not spec.channels or subject.detector is None:
            return None
        timing = spec.timing or Timing(1.0)
        listed = (view.vocabulary() or {})["channels"]
        notes = []
        for channel in listed:
            note = f"{channel['kind']} '{channel['name']}'"
            if channel["origin"]:
                note += f" minus {channel['origin']:.17g}"
            notes.append(comment(note))
        settings: dict[str, Any] = {"threshold": float(subject.detector.threshold), **(subject.alarm or {})}
        return cls(
            spec.shape[0],
            [channel["name"] for channel in listed],
            notes,
            [*(timing.holds or (1,) * len(listed))],
            timing.longest_gap,
            max(round(1e3 * timing.step), 1),
            AlarmRule(**settings),
            gone_numbers(spec.channels, listed),
        )

    @property
    def slow(self) -> bool:
        """Whether a channel is read at a slower rate than others."""
        return max(self.holds) > 1
