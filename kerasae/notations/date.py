"""Date: days, months, quarters, weeks and moments, in one format throughout."""

import calendar
import dataclasses
import re
import zoneinfo
from collections import Counter
from datetime import datetime
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import Notation, chunked, null_unless

#: Month first and day first, the twins that only a day above 12 tells apart; with dots the day is first.
_TWINS = (("%m/%d/%Y", "%d/%m/%Y"), ("%m/%d/%y", "%d/%m/%y"), ("%m-%d-%Y", "%d-%m-%Y"))
_DAYS = (
    *(month_first for month_first, _ in _TWINS),
    *(day_first for _, day_first in _TWINS),
    "%d.%m.%Y",
    "%d.%m.%y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
)
#: Months of digits, read only where the year is one that people write: 1/500 is no month.
_MONTHS_OF_DIGITS = ("%m/%Y", "%Y/%m", "%m-%Y", "%Y-%m", "%m.%Y")
_MONTHS = (
    *_MONTHS_OF_DIGITS,
    *("%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%b-%y", "%b %y", "%b/%Y", "%b. %Y", "%b, %Y", "%B, %Y"),
    *("%Y %b", "%Y %B", "%Y-%b", "%Y/%b", "%YM%m", "%Y-M%m"),
)
#: Quarters as `%q`, which `strptime` does not know, and weeks of ISO 8601.
_QUARTERS = (
    *("%Y Q%q", "%YQ%q", "%Y-Q%q", "%Y/Q%q", "Q%q %Y", "Q%q%Y", "Q%q-%Y", "Q%q/%Y", "Q%q, %Y"),
    *("%qQ%Y", "%qQ %Y", "%qQ%y", "Q%q %y", "Q%q-%y", "Q%q/%y", "Q%q'%y"),
)
_WEEKS = ("%G-W%V", "%GW%V", "%G W%V")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_FORMATS = (
    *(day + time for time in _TIMES for day in _DAYS),
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S",
    *_MONTHS,
    *_QUARTERS,
    *_WEEKS,
)
_DAY_FIRST = {month + time: day + time for month, day in _TWINS for time in _TIMES}
#: A name of a zone behind a date: an abbreviation, or a place of the time zone database.
_ZONE = r" (?P<zone>[A-Z]{2,5}|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z_]+)+)$"
#: Capitals behind a date that name none.
_NO_ZONES = ("AM", "PM", *(name.upper() for name in (*calendar.month_abbr, *calendar.month_name)))
#: Hours from UTC of the usual abbreviations, and the place whose clocks show them.
_ABBREVIATIONS = {
    "UTC": (0, "UTC"),
    "GMT": (0, "Europe/London"),
    "BST": (1, "Europe/London"),
    "WET": (0, "Europe/Lisbon"),
    "WEST": (1, "Europe/Lisbon"),
    "CET": (1, "Europe/Brussels"),
    "CEST": (2, "Europe/Brussels"),
    "EET": (2, "Europe/Athens"),
    "EEST": (3, "Europe/Athens"),
    "EST": (-5, "America/New_York"),
    "EDT": (-4, "America/New_York"),
    "CST": (-6, "America/Chicago"),
    "CDT": (-5, "America/Chicago"),
    "MST": (-7, "America/Denver"),
    "MDT": (-6, "America/Denver"),
    "PST": (-8, "America/Los_Angeles"),
    "PDT": (-7, "America/Los_Angeles"),
}
_ISO = "%Y-%m-%d"
#: The offset behind a moment of ISO 8601.
_OFFSET = "[T ].*(?P<o>Z|[+-][0-9]{2}:?[0-9]{2})$"
#: What alone among entries that look like decimals is a month.
_MONTH_AND_POINT = r"^(?:0[1-9]|1[0-2])\.(?:1[5-9]|2[01])[0-9]{2}$"
_WITH_A_YEAR = "(?:^|[^0-9])(?:1[5-9]|2[01])[0-9]{2}(?:[^0-9]|$)"
#: Month in which each quarter begins.
_BEGINNINGS = {"1": "01", "2": "04", "3": "07", "4": "10"}
#: The first and the last moment that have a year of four digits.
_FIRST, _LAST = "0001-01-01", "9999-12-31 23:59:59"


def _skeletons(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts with a 9 for each run of digits and an a for each run of letters, without spaces."""
    for pattern, short in ((r"\pN+", "9"), (r"\pL+", "a"), (r"[\pZ\s]+", "")):
        texts = pc.replace_substring_regex(texts, pattern, short)
    return texts


#: What an entry of each format looks like; to compare it costs nothing beside a reading.
_SKELETONS = dict(
    zip(
        _FORMATS,
        _skeletons(
            chunked([re.sub("%[abBp]", "a", re.sub("%[dmyYHIMSqGV]", "9", one)) for one in _FORMATS])
        ).to_pylist(),
        strict=True,
    )
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Date(Notation):
    """Days and moments; values are in UTC, without a zone.

    A month, a quarter or a week is the moment at which it begins; the nearest one is written.

    Args:
        pattern: as in `strftime`, `%f` for `digits` decimals of a second and `%q` for a quarter from 1 to 4;
            empty for dates that have a type already. One that begins with `%Y-%m-%d` is ISO 8601, of which
            any precision is read.
        padded: whether a day, month or hour below ten has a zero before it.
        case: of the letters of names of months and days, where it is not as in March.
        digits: decimals of a second.
        zone: key of the time zone that the entries name or their offset as +01:00; empty for none.
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
        """Whether the entries are written as ISO 8601 has it."""
        return not self.pattern or (self.pattern.startswith(_ISO) and not self._named)

    @property
    def _unit(self) -> str:
        """What an entry is, if it is longer than a day."""
        if "%q" in self.pattern:
            return "quarter"
        if "%V" in self.pattern:
            return "week"
        return "month" if self.pattern and "%d" not in self.pattern else ""

    @property
    def _named(self) -> bool:
        """Whether the name of a zone stands behind each date."""
        return bool(re.search(_ZONE, self.pattern)) or self.pattern.endswith(" %Z")

    def _parse(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        if self._named:
            return self._parse_named(texts)
        if self.iso and self.zone not in ("", "UTC"):
            # Without its offset an entry could be local, or in UTC.
            texts = null_unless(pc.match_substring_regex(texts, _OFFSET), texts)
        return _stamps(_moments(texts, "ISO8601" if self.iso else self.pattern))

    def _parse_named(self, texts: pa.ChunkedArray) -> pa.ChunkedArray:
        parts = pc.extract_regex(texts, f"^(?P<local>.*){_ZONE}")
        names = pc.struct_field(parts, "zone").to_pandas()
        local = self.pattern.rpartition(" ")[0]
        form = "ISO8601" if local.startswith(_ISO) else local
        moments = pd.to_datetime(pc.struct_field(parts, "local").to_pandas(), format=form, errors="coerce")
        moments = moments.astype("datetime64[us]")
        if not self.pattern.endswith("%Z"):
            zoned = moments.dt.tz_localize(self.zone, ambiguous=True, nonexistent="shift_forward")
            return _stamps(zoned.where(names == self.pattern.rpartition(" ")[2]))
        # A name that is none of them has no offset, and its entry is not read.
        offsets = names.map({name: pd.Timedelta(hours=hours) for name, (hours, _) in _ABBREVIATIONS.items()})
        return _stamps((moments - offsets.astype("timedelta64[us]")).dt.tz_localize("UTC"))

    def format(self, values: pd.Series) -> pd.Series:
        moments = pd.to_datetime(values, utc=True).astype("datetime64[us, UTC]")
        if self._unit:
            moments = _nearest(moments, self._unit)
        moments = _of_four_digits(moments, self.zone)
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
        # `strftime` leaves out the zeros before a year, which ISO 8601 and `strptime` ask for.
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


def _moments(texts: pa.ChunkedArray, form: str) -> pd.Series:
    """Texts read by a format, in UTC; NaT for what is not of it."""
    if form in _MONTHS_OF_DIGITS:
        texts = null_unless(pc.match_substring_regex(texts, _WITH_A_YEAR), texts)
    elif "%q" in form:
        texts, form = _months(texts, form)
    elif "%V" in form:
        # From the Monday on.
        texts, form = pc.binary_join_element_wise(texts, "1", "-"), f"{form}-%u"
    return pd.to_datetime(texts.to_pandas(), utc=True, format=form, errors="coerce")


def _months(texts: pa.ChunkedArray, form: str) -> tuple[pa.ChunkedArray, str]:
    """Quarters as the months in which they begin, and the format of these."""
    before, after = ("[Qq]", "(?:[^0-9]|[0-9]{4}|$)") if "Q%q" in form else ("^", "[Qq]")
    found = f"({before})([1-4])({after})"
    months = null_unless(pc.match_substring_regex(texts, found), texts)
    for quarter, month in _BEGINNINGS.items():
        # A mark behind the month, so that no month is taken for a quarter.
        months = pc.replace_substring_regex(months, f"({before}){quarter}({after})", rf"\1{month}~\2")
    return months, form.replace("%q", "%m~")


def _nearest(moments: pd.Series, unit: str) -> pd.Series:
    """Moments in UTC as the nearest beginnings of months, quarters or weeks."""
    micro = moments.dt.tz_localize(None).to_numpy("datetime64[us]")
    # 1970 begins with a Thursday.
    step, length, shift = {"month": ("M", 1, 0), "quarter": ("M", 3, 0), "week": ("D", 7, 3)}[unit]
    count = micro.astype(f"datetime64[{step}]").astype("int64")
    first = (count + shift) // length * length - shift
    before, after = (
        one.astype(f"datetime64[{step}]").astype("datetime64[us]") for one in (first, first + length)
    )
    nearest = pd.Series(np.where(micro - before <= after - micro, before, after), moments.index)
    return nearest.dt.tz_localize("UTC").where(moments.notna())


def _of_four_digits(moments: pd.Series, zone: str) -> pd.Series:
    """Moments in UTC with a year from 1 to 9999, there and in a zone: a decoder may say a little more."""
    first, last, day = pd.Timestamp(_FIRST), pd.Timestamp(_LAST), pd.Timedelta("1D")
    for one in dict.fromkeys(("UTC", zone or "UTC")):
        clock = moments.dt.tz_convert(one).dt.tz_localize(None)
        moments = moments.mask(clock > last, (last - day).tz_localize("UTC"))
        moments = moments.mask(clock < first, (first + day).tz_localize("UTC"))
    return moments


def _stamps(moments: pd.Series) -> pa.ChunkedArray:
    """Moments with a zone as Arrow holds them: in UTC, without one."""
    naive = moments.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
    return pa.chunked_array([pa.array(naive, pa.timestamp("us"), from_pandas=True)])


class DateFinder:
    """Collects which formats read the entries of a column, in any order.

    Args:
        partly: whether entries that are no dates are allowed, as the user calls the column one of dates.
    """

    def __init__(self, partly: bool = False) -> None:
        self._partly = partly
        self._read: dict[str, int] = dict.fromkeys((_ISO, *_FORMATS), 0)
        self._shapes: Counter[str] = Counter()
        self._zones: set[str] = set()
        self._offsets: set[str] = set()
        self._bare = self._upper = self._lower = self._mixed = False
        self._short = self._zeros = 0
        self._rows = 0

    @property
    def closed(self) -> bool:
        """Whether nothing can be found any more."""
        return not self._read

    def see(self, texts: pa.ChunkedArray) -> None:
        """Take note of entries, without missing ones."""
        if self.closed or not len(texts):
            return
        plain = pc.match_substring_regex(texts, "^[+-]?[0-9]*[.,]?[0-9]*$")
        if not self._partly and _some(pc.and_not(plain, pc.match_substring_regex(texts, _MONTH_AND_POINT))):
            # A plain number is no date, whatever ISO 8601 says of 2024.
            self._read = {}
            return
        self._rows += len(texts)
        parts = pc.extract_regex(texts, f"^(?P<local>.*[0-9](?: ?[AaPp][Mm])?){_ZONE}")
        zones = pc.struct_field(parts, "zone")
        named = {name for name in pc.unique(zones).to_pylist() if name not in (None, *_NO_ZONES)}
        self._zones |= named
        there = pc.is_in(zones, pa.array(sorted(named), pa.string()))
        self._bare |= not pc.all(there).as_py()
        if not self._partly and (len(self._zones) > 2 or (self._zones and self._bare)):
            self._read = {}
            return
        local = pc.if_else(there, pc.struct_field(parts, "local"), texts)
        if not self._partly:
            first = _skeletons(local.slice(0, 1))[0].as_py()
            self._read = {form: n for form, n in self._read.items() if _SKELETONS.get(form, first) == first}
            self._try(local.slice(0, 100), count=False)
        self._try(local, count=True)
        self._look(local)

    def _try(self, texts: pa.ChunkedArray, count: bool) -> None:
        if not len(texts):
            return
        skeletons = _skeletons(texts)
        for form in list(self._read):
            iso = form == _ISO
            fitting = texts if iso else texts.filter(pc.equal(skeletons, _SKELETONS[form]))
            read = int(_moments(fitting, "ISO8601" if iso else form).notna().sum()) if len(fitting) else 0
            if read < len(texts) and not self._partly:
                del self._read[form]
            elif count:
                self._read[form] += read

    def _look(self, texts: pa.ChunkedArray) -> None:
        """Note how what was read is written."""
        if self.closed:
            return
        if _ISO in self._read:
            shapes = pc.replace_substring_regex(texts, "[0-9]", "9")
            for one in pc.value_counts(shapes).to_pylist():
                self._shapes[one["values"]] += one["counts"]
            offsets = pc.struct_field(pc.extract_regex(texts, _OFFSET), "o")
            self._offsets |= {one or "" for one in pc.unique(offsets).to_pylist()}
        self._short += _count(texts, "(?:^|[^0-9])[0-9](?:[^0-9]|$)")
        self._zeros += _count(texts, "(?:^|[^0-9:])0[0-9]")
        letters = pc.replace_substring_regex(texts, "[^A-Za-z]", "")
        upper, lower = (pc.equal(letters, case(letters)) for case in (pc.utf8_upper, pc.utf8_lower))
        self._upper |= _some(pc.and_(upper, pc.invert(lower)))
        self._lower |= _some(pc.and_(lower, pc.invert(upper)))
        self._mixed |= _some(pc.invert(pc.or_(upper, lower)))

    def found(self, dayfirst: bool | None = None) -> tuple[Date | None, bool]:
        """The format that reads the entries, and whether month and day could change places.

        Args:
            dayfirst: whether the day comes first where both read all; `None` for the month.
        """
        if self.closed or not self._rows or not any(self._read.values()):
            return None, False
        most = max(self._read.values())
        best = [form for form, count in self._read.items() if count == most]
        # pandas reads 2024/05/13 as ISO 8601, too, and would write 2024-05-13.
        form = next((one for one in best if one != _ISO), _ISO)
        either = _DAY_FIRST.get(form) in best
        if either and dayfirst:
            form = _DAY_FIRST[form]
        zone, ending = self._zone()
        if zone is None:
            return None, False
        digits = 6
        if form == _ISO:
            form, digits = self._iso_form()
            if not ending and form != _ISO:
                zone, ending = self._offset()
        styles = [
            name for name, seen in (("upper", self._upper), ("lower", self._lower), ("", self._mixed)) if seen
        ]
        named = any(part in form for part in ("%b", "%B", "%a", "%p", "%q", "%V", "M%m"))
        case: Any = styles[0] if len(styles) == 1 and named else ""
        if named and not any(part in form for part in ("%b", "%B", "%a")):
            # The other letters are capitals already.
            case = "lower" if self._lower else ""
        date = Date(
            pattern=form + ending, padded=self._zeros >= self._short, case=case, digits=digits, zone=zone
        )
        return date, either

    def _zone(self) -> tuple[str | None, str]:
        """The key of the zone that the entries name, and how it is written; `None` for an unknown one."""
        if not self._zones:
            return "", ""
        if len(self._zones) == 1 and "/" in (name := next(iter(self._zones))):
            return (name, f" {name}") if name in zoneinfo.available_timezones() else (None, "")
        if self._zones in ({"UTC"}, {"GMT"}):
            return "UTC", f" {min(self._zones)}"
        places = {_ABBREVIATIONS[name][1] if name in _ABBREVIATIONS else None for name in self._zones}
        return (places.pop() if len(places) == 1 else None), " %Z"

    def _offset(self) -> tuple[str, str]:
        """The one offset of the entries, and how it is written; where they have several, that of UTC."""
        offsets = self._offsets - {""}
        if not offsets:
            return "", ""
        if len(self._offsets) > 1:
            return "UTC", "+00:00"
        offset = offsets.pop()
        return ("UTC" if offset == "Z" else f"{offset[:3]}:{offset[-2:]}"), offset

    def _iso_form(self) -> tuple[str, int]:
        """How the longest of the usual entries is written, and its decimals of a second."""
        shape = max(self._shapes, key=lambda one: (self._shapes[one], len(one), one))
        if any(len(one) > len("9999-99-99") for one in self._shapes):
            shape = max(self._shapes, key=lambda one: (len(one) > 10, self._shapes[one], one))
        match = re.match(r"9999-99-99(?:([T ])99:99(:99)?(?:\.(9+))?)?", shape)
        if match is None or match[1] is None:
            return _ISO, 6
        seconds = ":%S" if match[2] else ""
        return f"{_ISO}{match[1]}%H:%M{seconds}" + (".%f" if match[3] else ""), len(match[3] or "9" * 6)


def _count(texts: pa.ChunkedArray, regex: str) -> int:
    return pc.sum(pc.match_substring_regex(texts, regex)).as_py() or 0


def _some(condition: pa.ChunkedArray) -> bool:
    return bool(pc.any(condition).as_py())
