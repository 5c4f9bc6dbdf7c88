"""Numbers and dates of a table as floats, and dates in the form of their column."""

import numpy as np
import pandas as pd

from kerasae.preprocessing import seconds_since_1970


def is_date(values: pd.Series) -> bool:
    """Return whether a column holds dates, with or without a time zone."""
    return pd.api.types.is_datetime64_any_dtype(values.dtype)


def as_floats(values: pd.Series) -> np.ndarray:
    """Return numbers unchanged and dates as seconds since 1970 in UTC, `(rows,)`; NaN for missing entries."""
    return seconds_since_1970(values) if is_date(values) else values.to_numpy("float64", na_value=np.nan)


def as_date(seconds: float, like: pd.Series) -> pd.Timestamp:
    """Return the date of some seconds since 1970 in UTC, rounded to seconds, in the time zone of a column."""
    moment = pd.Timestamp(seconds, unit="s", tz="UTC").round("s")
    zone = like.dt.tz
    return moment.tz_localize(None) if zone is None else moment.tz_convert(zone)
