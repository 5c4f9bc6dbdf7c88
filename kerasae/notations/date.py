"""Date: days, months, quarters, weeks and moments, in one format throughout."""

import dataclasses
import re
from datetime import datetime
from typing import Any, ClassVar, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation, null_unless
from kerasae.notations._date_formats import ISO, OFFSET
from kerasae.notations._moments import nearest_beginnings, of_four_digits, read_moments, stamps
from kerasae.notations._zones import ABBREVIATIONS, ZONE

#: Offset at the end of a pattern. Entries may have any other.
_OFFSET = "[+-][0-9]{2}:?[0-9]{2}$"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Date(Notation):
    """Days and moments. Values are in UTC, without a time zone.

    The value of a month, a quarter or a week is its first moment. The nearest one is written.

    Args:
        pattern: Format as in `strftime`, with `%f` for `digits` decimals of a second and `%q` for a quarter
            from 1 to 4. A pattern that begins with `%Y-%m-%d` is ISO 8601, and any precision is read. At the
            end of a pattern an offset such as +0100 stands for any. Defaults to an empty text, for dates that
            have a type already.
        padded: Whether a zero stands before a day, month or hour below ten. Defaults to `True`.
        case: Case of the names of months and days, `"upper"` or `"lower"`. Defaults to an empty text, for
            names written like March.
        digits: Number of decimals of a second. Defaults to 6.
        zone: Key of the time zone of the entries, or their offset, such as +01:00. Defaults to an empty text,
            for none.
    """

    kind: ClassVar[str] = "date"

    pattern: str = ""
    padded: bool = True
    case: Literal["", "upper", "lower"] = ""
    digits: int = 6
    zone: str = ""

    @property
    def dressed(self) -> bool:
        return bool(self.pattern)

    @property
    def iso(self) -> bool:
        """Whether the entries are written in ISO 8601."""
        return not self.pattern or (self.pattern.startswith(ISO) and not self._named)

    @property
    def _unit(self) -> str:
        """The unit of an entry that is longer than a day: month, quarter or week; otherwise empty."""
        if "%q" in self.pattern:
            return "quarter"
        if "%V" in self.pattern:
            return "week"
        return "month" if self.pattern and "%d" not in self.pattern else ""

    @property
    def _named(self) -> bool:
        """Whether the name of a time zone follows each date."""
        return bool(re.search(ZONE, self.pattern)) or self.pattern.endswith(" %Z")

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        if self._named:
            return self._parse_named(texts)
        if self.iso and self.zone not in ("", "UTC"):
            # Without an offset an entry could be local time or UTC.
            texts = null_unless(pc.match_substring_regex(texts, OFFSET), texts)
        return stamps(read_moments(texts, "ISO8601" if self.iso else re.sub(_OFFSET, "%z", self.pattern)))

    def _parse_named(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        parts = pc.extract_regex(texts, f"^(?P<local>.*){ZONE}")
        names = pc.struct_field(parts, "zone").to_pandas()
        local = self.pattern.rpartition(" ")[0]
        form = "ISO8601" if local.startswith(ISO) else local
        moments = pd.to_datetime(pc.struct_field(parts, "local").to_pandas(), format=form, errors="coerce")
        moments = moments.astype("datetime64[us]")
        if not self.pattern.endswith("%Z"):
            zoned = moments.dt.tz_localize(self.zone, ambiguous=True, nonexistent="shift_forward")
            return stamps(zoned.where(names == self.pattern.rpartition(" ")[2]))
        # A name that is not in the table has no offset, so its entry is not read.
        offsets = names.map({name: pd.Timedelta(hours=hours) for name, (hours, _) in ABBREVIATIONS.items()})
        return stamps((moments - offsets.astype("timedelta64[us]")).dt.tz_localize("UTC"))

    def format(self, values: pd.Series) -> pd.Series:
        moments = pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
        if self._unit:
            moments = nearest_beginnings(moments, self._unit)
        moments = of_four_digits(moments, self.zone)
        if not self.digits or "%f" not in self.pattern:
            moments = moments.dt.round("s")
        if self.zone:
            moments = moments.dt.tz_convert(self.zone)
        return super().format(moments)

    def _text(self, value: Any) -> str:
        moment: datetime = value.to_pydatetime()
        if not self.pattern:
            return moment.strftime(f"{moment.year:04}-%m-%d %H:%M:%S")
        pattern = self.pattern.replace("%f", f"{moment.microsecond:06}"[: self.digits])
        if not self.padded:
            for part in ("%d", "%m", "%H", "%I", "%V"):
                pattern = pattern.replace(part, moment.strftime(part).lstrip("0") or "0")
        pattern = pattern.replace("%q", str((moment.month + 2) // 3))
        # `strftime` omits the zeros before a year, which ISO 8601 and `strptime` require.
        text = moment.strftime(pattern.replace("%Y", f"{moment.year:04}"))
        return {"upper": text.upper(), "lower": text.lower()}.get(self.case, text)

    def words(self) -> str:
        if not self.pattern:
            return ""
        shown = self.format(pd.Series([pd.Timestamp("2024-02-28 18:05:00.5")]))[0]
        if self._unit:
            return f"as {shown}, a {self._unit}"
        order = {"%m": ", month first", "%d": ", day first"}
        said = order.get(self.pattern[:2], "") if self.pattern[2:3] in ("/", "-", ".") else ""
        return f"as {shown}{said}"
