"""Grid: the steps between the readings of one machine, from their stamps as they come."""

import dataclasses
import datetime
import zoneinfo

from kerasae.notations import TimeOfDay
from kerasae.spec import Timing

_DAY = 86_400_000_000_000
_EPOCH = datetime.datetime(1970, 1, 1)
#: Smallest number of steps after a reading at which the next one has a place of its own.
_ROOM = 0.25
#: Weight of the distance of a new reading from its place in the phase of the grid, after the first readings.
_FOLLOW = 1 / 32


@dataclasses.dataclass(frozen=True)
class Place:
    """Place of a reading on the grid of time.

    Args:
        missing: Number of steps since the reading before that have no reading. Defaults to 0.
        begins: Why the window begins anew with this reading. Defaults to `""`: it goes on.
        left_out: Why the reading has no place. Defaults to `""`: it has one.
    """

    missing: int = 0
    begins: str = ""
    left_out: str = ""


class Grid:
    """Grid of time, whose phase follows the clock of one machine.

    Args:
        timing: Step, time zone and longest gap.
    """

    def __init__(self, timing: Timing) -> None:
        self._step = timing.step * 1e9
        self._longest = timing.longest_gap
        zoned = timing.zone not in (None, "", "UTC")
        self._zone = zoneinfo.ZoneInfo(str(timing.zone)) if zoned else None
        notations = [column.notation for column in timing.stamps]
        self._daily = bool(notations) and all(isinstance(one, TimeOfDay) for one in notations)
        self._before: int | None = None
        self._days = 0
        #: Time of the place of the last reading, and the number of readings since the beginning.
        self._anchor, self._count = 0.0, 0

    def place(self, stamp: int | None) -> Place:
        """Return the place of the next reading.

        Args:
            stamp: Nanoseconds in the clock of the log. `None`, if the reading has no stamp: it has the next
                place.
        """
        if stamp is None:
            self._anchor += self._step
            self._before = None if self._before is None else int(self._before + self._step)
            return Place()
        stamp = self._in_order(stamp)
        before, self._before = self._before, stamp
        if before is None:
            self._begin(stamp)
            return Place()
        if stamp < before:
            self._begin(stamp)
            return Place(begins=f"the time goes back by {_shown(before - stamp)}")
        position = (stamp - self._anchor) / self._step
        if stamp == before:
            return Place(left_out="its time is that of the reading before")
        if position < _ROOM:
            return Place(left_out=f"it comes {_shown(stamp - before)} after the one before, within its step")
        place = max(round(position), 1)
        if stamp - before > (self._longest + 1.5) * self._step:
            self._begin(stamp)
            return Place(begins=f"{place - 1:,} readings are missing, more than {self._longest}")
        self._count += 1
        self._anchor += (place + max(1 / self._count, _FOLLOW) * (position - place)) * self._step
        return Place(missing=place - 1)

    def _begin(self, stamp: int) -> None:
        self._anchor, self._count = float(stamp), 1

    def _in_order(self, stamp: int) -> int:
        """Return a stamp in UTC, or counted over midnight; a repeated hour is told by the stamp before."""
        if self._daily:
            stamp += self._days * _DAY
            if self._before is not None and stamp - self._before < -_DAY // 2:
                self._days, stamp = self._days + 1, stamp + _DAY
        if self._zone is None:
            return stamp
        local = _EPOCH + datetime.timedelta(microseconds=stamp // 1000)
        offsets = [self._zone.utcoffset(local.replace(fold=fold)) for fold in (0, 1)]
        moments = [stamp - round(one.total_seconds() * 1e9) for one in offsets if one is not None]
        if self._before is None:
            return moments[0]
        wanted = self._before + self._step
        return min(moments, key=lambda moment: abs(moment - wanted))


def _shown(nanoseconds: float) -> str:
    return f"{nanoseconds / 1e9:g} s"
