"""Moments: texts read by a format, and moments rounded to those that can be written."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations._base import null_unless
from kerasae.notations._date_formats import MONTHS_OF_DIGITS

_WITH_A_YEAR = "(?:^|[^0-9])(?:1[5-9]|2[01])[0-9]{2}(?:[^0-9]|$)"
#: First month of each quarter.
_BEGINNINGS = {"1": "01", "2": "04", "3": "07", "4": "10"}
#: First and last moment with a year of four digits.
_FIRST, _LAST = "0001-01-01", "9999-12-31 23:59:59"


def read_moments(texts: pa.ChunkedArray, form: str) -> pd.Series:
    """Read texts by a format, in UTC. A text of another format becomes NaT."""
    if form in MONTHS_OF_DIGITS:
        texts = null_unless(pc.match_substring_regex(texts, _WITH_A_YEAR), texts)
    elif "%q" in form:
        texts, form = _months(texts, form)
    elif "%V" in form:
        # A week begins on Monday.
        texts, form = pc.binary_join_element_wise(texts, "1", "-"), f"{form}-%u"
    return pd.to_datetime(texts.to_pandas(), utc=True, format=form, errors="coerce")


def _months(texts: pa.ChunkedArray, form: str) -> tuple[pa.ChunkedArray, str]:
    """Replace quarters by their first months, and return the format of these."""
    before, after = ("[Qq]", "(?:[^0-9]|[0-9]{4}|$)") if "Q%q" in form else ("^", "[Qq]")
    found = f"({before})([1-4])({after})"
    months = null_unless(pc.match_substring_regex(texts, found), texts)
    for quarter, month in _BEGINNINGS.items():
        # A mark follows the month, so that no month is taken for a quarter.
        months = pc.replace_substring_regex(months, f"({before}){quarter}({after})", rf"\1{month}~\2")
    return months, form.replace("%q", "%m~")


def stamps(moments: pd.Series) -> pa.ChunkedArray:
    """Return moments with a zone as an Arrow array: in UTC, without a zone."""
    naive = moments.dt.tz_convert("UTC").dt.tz_localize(None).astype("datetime64[us]")
    return pa.chunked_array([pa.array(naive, pa.timestamp("us"), from_pandas=True)])


def nearest_beginnings(moments: pd.Series, unit: str) -> pd.Series:
    """Round moments in UTC to the nearest beginnings of months, quarters or weeks."""
    micro = moments.dt.tz_localize(None).to_numpy("datetime64[us]")
    # 1970 began on a Thursday.
    step, length, shift = {"month": ("M", 1, 0), "quarter": ("M", 3, 0), "week": ("D", 7, 3)}[unit]
    count = micro.astype(f"datetime64[{step}]").astype("int64")
    first = (count + shift) // length * length - shift
    before, after = (
        one.astype(f"datetime64[{step}]").astype("datetime64[us]") for one in (first, first + length)
    )
    nearest = pd.Series(np.where(micro - before <= after - micro, before, after), moments.index)
    return nearest.dt.tz_localize("UTC").where(moments.notna())


def of_four_digits(moments: pd.Series, zone: str) -> pd.Series:
    """Keep the years of moments from 1 to 9999, in UTC and in a zone. A decoder may exceed them."""
    first, last, day = pd.Timestamp(_FIRST), pd.Timestamp(_LAST), pd.Timedelta("1D")
    for one in dict.fromkeys(("UTC", zone or "UTC")):
        clock = moments.dt.tz_convert(one).dt.tz_localize(None)
        moments = moments.mask(clock > last, (last - day).tz_localize("UTC"))
        moments = moments.mask(clock < first, (first + day).tz_localize("UTC"))
    return moments
