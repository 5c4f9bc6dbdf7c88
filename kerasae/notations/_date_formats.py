"""The formats of dates that are tried, and the skeletons of their entries."""

import re

import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import chunked

#: Formats with the month first and with the day first, which only a day above 12 tells apart. With dots, the
#: day is always first.
TWINS = (("%m/%d/%Y", "%d/%m/%Y"), ("%m/%d/%y", "%d/%m/%y"), ("%m-%d-%Y", "%d-%m-%Y"))
_DAYS = (
    *(month_first for month_first, _ in TWINS),
    *(day_first for _, day_first in TWINS),
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
#: Months in digits. They are read only if the year is a usual one: 1/500 is no month.
MONTHS_OF_DIGITS = ("%m/%Y", "%Y/%m", "%m-%Y", "%Y-%m", "%m.%Y")
_MONTHS = (
    *MONTHS_OF_DIGITS,
    *("%b %Y", "%B %Y", "%b-%Y", "%B-%Y", "%b-%y", "%b %y", "%b/%Y", "%b. %Y", "%b, %Y", "%B, %Y"),
    *("%Y %b", "%Y %B", "%Y-%b", "%Y/%b", "%YM%m", "%Y-M%m"),
)
#: Quarters as `%q`, which `strptime` does not know, and weeks of ISO 8601.
QUARTERS = (
    *("%Y Q%q", "%YQ%q", "%Y-Q%q", "%Y/Q%q", "Q%q %Y", "Q%q%Y", "Q%q-%Y", "Q%q/%Y", "Q%q, %Y"),
    *("%qQ%Y", "%qQ %Y", "%qQ%y", "Q%q %y", "Q%q-%y", "Q%q/%y", "Q%q'%y"),
)
_WEEKS = ("%G-W%V", "%GW%V", "%G W%V")
_TIMES = (
    *("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p"),
    *(" %H:%M:%S.%f", " %H:%M:%S,%f", " %I:%M:%S.%f %p"),
)
FORMATS = (
    *(day + time for time in _TIMES for day in _DAYS),
    "%a %b %d %H:%M:%S %Y",
    "%a, %d %b %Y %H:%M:%S",
    *_MONTHS,
    *QUARTERS,
    *_WEEKS,
)
DAY_FIRST = {month + time: day + time for month, day in TWINS for time in _TIMES}
ISO = "%Y-%m-%d"
#: The decimals of a second.
DECIMALS = "(?P<seconds>:[0-9]{2})[.,](?P<decimals>[0-9]{1,9})"
#: The offset after a time of day in another format. Without a space, -10:00 may be the end of a slot of time.
AFTER_TIME = (
    "(?P<local>.*[0-9]:[0-9]{2}(?:[:.,][0-9]+)*(?: ?[AaPp][Mm])?)"
    "(?P<o>(?: ?[+]| -)(?:0[0-9]|1[0-4]):?(?:00|30|45)|-(?:0[0-9]|1[0-2])(?:00|30|45))$"
)
#: The offset after a moment in ISO 8601.
OFFSET = "[T ].*(?P<o>Z|[+-][0-9]{2}:?[0-9]{2})$"


def skeletons_of(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts with a 9 for each run of digits and an a for each run of letters, without spaces."""
    for pattern, short in ((r"\pN+", "9"), (r"\pL+", "a"), (r"[\pZ\s]+", "")):
        texts = pc.replace_substring_regex(texts, pattern, short)
    return texts


#: Skeleton of the entries of each format. Comparing skeletons is far cheaper than reading.
SKELETONS = dict(
    zip(
        FORMATS,
        skeletons_of(
            chunked([re.sub("%[abBp]", "a", re.sub("%[dmyYHIMSfqGV]", "9", one)) for one in FORMATS])
        ).to_pylist(),
        strict=True,
    )
)
