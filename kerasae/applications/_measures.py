"""as_floats: numbers and dates of a table as floats; as_date: a moment as its column writes it."""

import numpy as np
import pandas as pd

from kerasae.preprocessing import seconds_since_1970


def is_date(values: pd.Series) -> bool:
    """Whether a column holds moments, with a time zone or without."""
    return pd.api.types.is_datetime64_any_dtype(values.dtype)


def as_floats(values: pd.Series) -> np.ndarray:
    """Numbers as they are, dates as seconds since 1970 in UTC, `(rows,)`; NaN where missing."""
    return seconds_since_1970(values) if is_date(values) else values.to_numpy("float64", na_value=np.nan)


def as_date(seconds: float, like: pd.Series) -> pd.Timestamp:
    """The moment so many seconds after 1970 in UTC, to the second, in the time zone of a column of dates."""
    moment = pd.Timestamp(seconds, unit="s", tz="UTC").round("s")
    zone = like.dt.tz
    return moment.tz_localize(None) if zone is None else moment.tz_convert(zone)
