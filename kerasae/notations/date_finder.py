"""DateFinder: the notation of a column of dates, found from all of its entries."""

import re
import zoneinfo
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._date_formats import (
    AFTER_TIME,
    DAY_FIRST,
    DECIMALS,
    FORMATS,
    ISO,
    OFFSET,
    SKELETONS,
    skeletons_of,
)
from kerasae.notations._moments import read_moments
from kerasae.notations._zones import ABBREVIATIONS, NO_ZONES, ZONE
from kerasae.notations.date import Date

#: Months among entries that look like decimal numbers.
_MONTH_AND_POINT = r"^(?:0[1-9]|1[0-2])\.(?:1[5-9]|2[01])[0-9]{2}$"

#: Number of entries that are tried before all of them, because a few entries rule out most formats.
_FIRST = 100


class DateFinder:
    """Collects which formats read the entries of a column, block by block in any order.

    Args:
        partly: Whether entries that are no dates are allowed, because the user says that the column holds
            dates. Defaults to `False`.
    """

    def __init__(self, partly: bool = False) -> None:
        self._partly = partly
        self._read: dict[str, int] = dict.fromkeys((ISO, *FORMATS), 0)
        self._shapes: Counter[str] = Counter()
        self._zones: set[str] = set()
        self._offsets: set[str] = set()
        self._endings: Counter[str] = Counter()
        self._bare = self._upper = self._lower = self._mixed = False
        self._short = self._zeros = self._decimals = 0
        self._rows = 0

    @property
    def closed(self) -> bool:
        """Whether no format reads all entries."""
        return not self._read

    @property
    def share(self) -> float:
        """Share of the entries that the best format reads."""
        return max(self._read.values(), default=0) / max(self._rows, 1)

    @property
    def dayfirst(self) -> bool | None:
        """Whether the day comes before the month, if the entries prove it; otherwise `None`."""
        most = max(self._read.values(), default=0)
        best = {form for form, count in self._read.items() if count == most > 0}
        if bool(best & {*DAY_FIRST}) == bool(best & {*DAY_FIRST.values()}):
            return None
        return not best & {*DAY_FIRST}

    def see(self, texts: pa.ChunkedArray) -> None:
        """Take note of entries, without missing ones."""
        if self.closed or not len(texts):
            return
        plain = pc.match_substring_regex(texts, "^[+-]?[0-9]*[.,]?[0-9]*$")
        if not self._partly and _some(pc.and_not(plain, pc.match_substring_regex(texts, _MONTH_AND_POINT))):
            # A plain number is no date, although 2024 is one in ISO 8601.
            self._read = {}
            return
        self._rows += len(texts)
        parts = pc.extract_regex(texts, f"^(?P<local>.*[0-9](?: ?[AaPp][Mm])?){ZONE}")
        zones = pc.struct_field(parts, "zone")
        named = {name for name in pc.unique(zones).to_pylist() if name not in (None, *NO_ZONES)}
        self._zones |= named
        there = pc.is_in(zones, pa.array(sorted(named), pa.string()))
        self._bare |= not pc.all(there).as_py()
        if not self._partly and (len(self._zones) > 2 or (self._zones and self._bare)):
            self._read = {}
            return
        local = pc.if_else(there, pc.struct_field(parts, "local"), texts)
        if not self._partly:
            first = skeletons_of(_without_offset(local.slice(0, 1)))[0].as_py()
            self._read = {form: n for form, n in self._read.items() if SKELETONS.get(form, first) == first}
            if len(local) > _FIRST:
                self._try(local.slice(0, _FIRST), count=False)
        self._try(local, count=True)
        self._look(local)

    def _try(self, texts: pa.ChunkedArray, count: bool) -> None:
        if not len(texts):
            return
        bare = _without_offset(texts)
        skeletons = skeletons_of(bare)
        for form in list(self._read):
            iso = form == ISO
            fitting = texts if iso else bare.filter(pc.equal(skeletons, SKELETONS[form]))
            read = int(read_moments(fitting, "ISO8601" if iso else form).notna().sum()) if len(fitting) else 0
            if read < len(texts) and not self._partly:
                del self._read[form]
            elif count:
                self._read[form] += read

    def _look(self, texts: pa.ChunkedArray) -> None:
        """Note how the entries that were read are written."""
        if self.closed:
            return
        offsets = pc.struct_field(pc.extract_regex(texts, f"^{AFTER_TIME}"), "o")
        for one in pc.value_counts(offsets).to_pylist():
            self._endings[one["values"] or ""] += one["counts"]
        if ISO in self._read:
            shapes = pc.replace_substring_regex(texts, "[0-9]", "9")
            for one in pc.value_counts(shapes).to_pylist():
                self._shapes[one["values"]] += one["counts"]
            offsets = pc.struct_field(pc.extract_regex(texts, OFFSET), "o")
            self._offsets |= {one or "" for one in pc.unique(offsets).to_pylist()}
        elif any("%f" in form for form in self._read):
            decimals = pc.struct_field(pc.extract_regex(texts, DECIMALS), "decimals")
            self._decimals = max(self._decimals, pc.max(pc.utf8_length(decimals)).as_py() or 0)
            # Decimals such as .05 show nothing about days and hours.
            texts = pc.replace_substring_regex(texts, DECIMALS, r"\1")
        self._short += _count(texts, "(?:^|[^0-9])[0-9](?:[^0-9]|$)")
        self._zeros += _count(texts, "(?:^|[^0-9:])0[0-9]")
        letters = pc.replace_substring_regex(texts, "[^A-Za-z]", "")
        upper, lower = (pc.equal(letters, case(letters)) for case in (pc.utf8_upper, pc.utf8_lower))
        self._upper |= _some(pc.and_(upper, pc.invert(lower)))
        self._lower |= _some(pc.and_(lower, pc.invert(upper)))
        self._mixed |= _some(pc.invert(pc.or_(upper, lower)))

    def found(self, dayfirst: bool | None = None) -> tuple[Date | None, bool]:
        """Return the notation that reads the entries, and whether month and day could be exchanged.

        Args:
            dayfirst: Whether the day comes first if both orders read all entries. Defaults to `None`, for the
                month first.
        """
        if self.closed or not self._rows or not any(self._read.values()):
            return None, False
        most = max(self._read.values())
        best = [form for form, count in self._read.items() if count == most]
        # pandas also reads 2024/05/13 as ISO 8601, but would write 2024-05-13.
        form = next((one for one in best if one != ISO), ISO)
        either = DAY_FIRST.get(form) in best
        if either and dayfirst:
            form = DAY_FIRST[form]
        zone, ending = self._zone()
        if zone is None:
            return None, False
        digits = 6
        if form == ISO:
            form, digits = self._iso_form()
            if not ending and form != ISO:
                zone, ending = self._offset()
        else:
            digits = min(self._decimals, 6) if "%f" in form else digits
            bare, dressed = self._endings[""], sorted({*self._endings} - {""})
            if bare and dressed and not self._partly:
                # Without an offset an entry could be local time or UTC.
                return None, False
            if not ending and dressed and bare < self._endings.total() / 2:
                zone, ending = _after_time(dressed)
        styles = [
            name for name, seen in (("upper", self._upper), ("lower", self._lower), ("", self._mixed)) if seen
        ]
        named = any(part in form for part in ("%b", "%B", "%a", "%p", "%q", "%V", "M%m"))
        case: Any = styles[0] if len(styles) == 1 and named else ""
        if named and not any(part in form for part in ("%b", "%B", "%a")):
            # The other letters are capital letters already.
            case = "lower" if self._lower else ""
        date = Date(
            pattern=form + ending, padded=self._zeros >= self._short, case=case, digits=digits, zone=zone
        )
        return date, either

    def _zone(self) -> tuple[str | None, str]:
        """Return the key of the time zone of the entries, and how it is written; `None` if it is unknown."""
        if not self._zones:
            return "", ""
        if len(self._zones) == 1 and "/" in (name := next(iter(self._zones))):
            return (name, f" {name}") if name in zoneinfo.available_timezones() else (None, "")
        if self._zones in ({"UTC"}, {"GMT"}):
            return "UTC", f" {min(self._zones)}"
        places = {ABBREVIATIONS[name][1] if name in ABBREVIATIONS else None for name in self._zones}
        return (places.pop() if len(places) == 1 else None), " %Z"

    def _offset(self) -> tuple[str, str]:
        """Return the offset of the entries, and how it is written. Several offsets become that of UTC."""
        offsets = self._offsets - {""}
        if not offsets:
            return "", ""
        if len(self._offsets) > 1:
            return "UTC", "+00:00"
        offset = offsets.pop()
        return ("UTC" if offset == "Z" else f"{offset[:3]}:{offset[-2:]}"), offset

    def _iso_form(self) -> tuple[str, int]:
        """Return the format of the longest usual entry, and its number of decimals of a second."""
        shape = max(self._shapes, key=lambda one: (self._shapes[one], len(one), one))
        if any(len(one) > len("9999-99-99") for one in self._shapes):
            shape = max(self._shapes, key=lambda one: (len(one) > 10, self._shapes[one], one))
        match = re.match(r"9999-99-99(?:([T ])99:99(:99)?(?:\.(9+))?)?", shape)
        if match is None or match[1] is None:
            return ISO, 6
        seconds = ":%S" if match[2] else ""
        return f"{ISO}{match[1]}%H:%M{seconds}" + (".%f" if match[3] else ""), len(match[3] or "9" * 6)


def _without_offset(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts without the offset after a time of day."""
    return pc.replace_substring_regex(texts, f"^{AFTER_TIME}", r"\1")


def _after_time(offsets: Sequence[str]) -> tuple[str, str]:
    """Return the offset of entries that are not in ISO 8601, and how it is written, as `_offset` does."""
    first = offsets[0].strip()
    if len(offsets) > 1:
        return "UTC", re.sub("[+-][0-9]{2}(:?)[0-9]{2}", r"+00\g<1>00", offsets[0])
    return f"{first[:3]}:{first[-2:]}", offsets[0]


def _count(texts: pa.ChunkedArray, regex: str) -> int:
    return pc.sum(pc.match_substring_regex(texts, regex)).as_py() or 0


def _some(condition: pa.ChunkedArray) -> bool:
    return bool(pc.any(condition).as_py())
