"""TimeOfDay: times of day, as seconds since midnight."""

import dataclasses
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation

_DAY = 86_400
_HOUR, _HALF = "(?:[01]?[0-9]|2[0-3])", "(?:0?[1-9]|1[0-2])"


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimeOfDay(Notation):
    """Times such as 18:00:00, 8:05 or 6:00 PM, read as a number of seconds since midnight.

    Args:
        seconds: Whether seconds are written. Defaults to `True`.
        digits: Number of decimals of a second that are written, from 0 to 9. Defaults to 0.
        padded: Whether a zero stands before an hour below ten. Defaults to `True`.
        halves: Marks of the two halves of the day, with the space before them: `(" AM", " PM")`. Defaults to
            none, for 24 hours.
    """

    kind: ClassVar[str] = "number"

    seconds: bool = True
    digits: int = 0
    padded: bool = True
    halves: tuple[str, ...] = ()

    @property
    def dressed(self) -> bool:
        return True

    @property
    def _regex(self) -> str:
        decimals = r"(?:\.[0-9]{1,9})?" if self.digits else ""
        seconds = f"(?::(?P<s>[0-5][0-9]{decimals}))" if self.seconds else "(?P<s>)"
        hour = f"(?P<h>{_HALF if self.halves else _HOUR})"
        half = f"(?P<p>(?i:{'|'.join(self.halves)}))" if self.halves else "(?P<p>)"
        return f"^{hour}:(?P<m>[0-5][0-9]){seconds}{half}$"

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        parts = pc.extract_regex(texts, self._regex)

        def number(name: str, kind: pa.DataType) -> pa.ChunkedArray:
            text = pc.struct_field(parts, name)
            return pc.cast(pc.if_else(pc.equal(text, ""), "0", text), kind)

        hours = number("h", pa.int64())
        if self.halves:
            late = pc.equal(pc.utf8_lower(pc.struct_field(parts, "p")), self.halves[1].lower())
            hours = pc.if_else(pc.equal(hours, 12), 0, hours)
            hours = pc.if_else(late, pc.add(hours, 12), hours)
        minutes = pc.add(pc.multiply(hours, 60), number("m", pa.int64()))
        seconds = number("s", pa.float64() if self.digits else pa.int64())
        return pc.add(pc.multiply(minutes, 60), seconds)

    def rounded(self, values: np.ndarray) -> np.ndarray:
        # A decoder may return a little less than midnight, or a little more than a day.
        parts = 10**self.digits if self.seconds else 1 / 60
        return np.clip(np.round(values * parts), 0, round(_DAY * parts) - 1) / parts

    def _text(self, value: Any) -> str:
        parts = 10**self.digits
        moment, decimals = divmod(round(float(self.rounded(np.array([value], float))[0]) * parts), parts)
        hours, minutes, seconds = moment // 3600, moment // 60 % 60, moment % 60
        half = self.halves[hours >= 12] if self.halves else ""
        hours = (hours % 12 or 12) if self.halves else hours
        first = f"{hours:02}" if self.padded else str(hours)
        decimal = f".{decimals:0{self.digits}}" if self.digits else ""
        return f"{first}:{minutes:02}" + (f":{seconds:02}{decimal}" if self.seconds else "") + half

    def words(self) -> str:
        return f"time of day, as {self._text(43_200 + 9 * 3600)}, in seconds since midnight"


def time_of_day(seconds: np.ndarray) -> TimeOfDay:
    """Return the notation of times of day that are objects, as `str` writes them.

    Args:
        seconds: Seconds since midnight, `(rows,)`, NaN for missing.
    """
    micro = np.round(seconds[~np.isnan(seconds)] * 1e6)
    return TimeOfDay(digits=0 if not (micro % 1e6).any() else 6)


def find_time(texts: pa.ChunkedArray) -> TimeOfDay | None:
    """Return the notation of entries that are times of day, or `None`.

    Args:
        texts: All different entries, without missing ones.
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
    decimals = pc.struct_field(pc.extract_regex(texts, r"\.(?P<d>[0-9]+)"), "d")
    digits = pc.max(pc.utf8_length(decimals)).as_py() or 0
    notation = TimeOfDay(seconds=seconds[0], digits=digits, padded=zeros or not bare, halves=halves)
    return notation if notation.parse(texts).null_count == 0 else None
