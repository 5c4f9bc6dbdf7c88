"""TimeOfDay: hours and minutes, as seconds since midnight."""

import dataclasses
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation

_DAY = 86_400
_HOUR, _HALF = "(?:[01]?[0-9]|2[0-3])", "(?:0?[1-9]|1[0-2])"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimeOfDay(Notation):
    """Times such as 18:00:00, 8:05 or 6:00 PM, read as a number of seconds since midnight.

    Args:
        seconds: whether seconds are written.
        padded: whether an hour below ten has a zero before it.
        halves: what stands for the two halves of the day, with the space before it: `(" AM", " PM")`;
            empty for 24 hours.
    """

    kind: ClassVar[str] = "number"

    seconds: bool = True
    padded: bool = True
    halves: tuple[str, ...] = ()

    @property
    def dressed(self) -> bool:
        return True

    @property
    def _regex(self) -> str:
        seconds = "(?::(?P<s>[0-5][0-9]))" if self.seconds else "(?P<s>)"
        hour = f"(?P<h>{_HALF if self.halves else _HOUR})"
        half = f"(?P<p>(?i:{'|'.join(self.halves)}))" if self.halves else "(?P<p>)"
        return f"^{hour}:(?P<m>[0-5][0-9]){seconds}{half}$"

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        parts = pc.extract_regex(texts, self._regex)

        def number(name: str) -> pa.ChunkedArray:
            text = pc.struct_field(parts, name)
            return pc.cast(pc.if_else(pc.equal(text, ""), "0", text), pa.int64())

        hours = number("h")
        if self.halves:
            late = pc.equal(pc.utf8_lower(pc.struct_field(parts, "p")), self.halves[1].lower())
            hours = pc.if_else(pc.equal(hours, 12), 0, hours)
            hours = pc.if_else(late, pc.add(hours, 12), hours)
        minutes = pc.add(pc.multiply(hours, 60), number("m"))
        return pc.add(pc.multiply(minutes, 60), number("s"))

    def _text(self, value: Any) -> str:
        step = 1 if self.seconds else 60
        # A decoder may say a little less than midnight, or a little more than a day.
        moment = min(max(round(float(value) / step) * step, 0), _DAY - step)
        hours, minutes, seconds = moment // 3600, moment // 60 % 60, moment % 60
        half = self.halves[hours >= 12] if self.halves else ""
        hours = (hours % 12 or 12) if self.halves else hours
        first = f"{hours:02}" if self.padded else str(hours)
        return f"{first}:{minutes:02}" + (f":{seconds:02}" if self.seconds else "") + half

    def words(self) -> str:
        return f"time of day, as {self._text(43_200 + 9 * 3600)}, in seconds since midnight"


def find_time(texts: pa.ChunkedArray) -> TimeOfDay | None:
    """The notation of entries that are times of day, or `None`.

    Args:
        texts: all different entries, without missing ones.
    """
    if not len(texts):
        return None
    seconds = pc.match_substring_regex(texts, "^[0-9]+:[0-9]+:").to_pylist()
    early = [text for text in texts.to_pylist() if text[-1] in "mM"]
    halves: tuple[str, ...] = ()
    if early:
        mark = early[0].lstrip("0123456789:")
        half = mark.strip()
        if half.upper() not in ("AM", "PM"):
            return None
        space = mark[: len(mark) - len(half)]
        halves = tuple(space + (one if half.isupper() else one.lower()) for one in ("AM", "PM"))
    zeros, bare = (
        bool(pc.any(pc.match_substring_regex(texts, pattern)).as_py()) for pattern in ("^0", "^[0-9]:")
    )
    found = TimeOfDay(seconds=seconds[0], padded=zeros or not bare, halves=halves)
    return found if found.parse(texts).null_count == 0 else None
