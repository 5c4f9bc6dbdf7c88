"""with_dtype: a Series as a pandas type, or as the nearest type that holds its values."""

from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing import as_type, is_time


def with_dtype(series: pd.Series, dtype: str) -> pd.Series:
    """Return a Series as a type, or as the nearest type that holds its values.

    A new file may have gaps or decimals in a column that had none in training.
    """
    if dtype.startswith("category"):
        return series.astype("category")
    if is_time(dtype):
        return series if series.dtype == object else as_type(series, dtype)
    wanted: Any = pd.api.types.pandas_dtype(dtype)
    if isinstance(wanted, pd.DatetimeTZDtype) and getattr(series.dtype, "tz", None) is None:
        return series.dt.tz_localize("UTC").astype(wanted)
    if (
        wanted.kind == "M"
        and not isinstance(wanted, pd.DatetimeTZDtype)
        and getattr(series.dtype, "tz", None)
    ):
        series = series.dt.tz_convert("UTC").dt.tz_localize(None)
    plain = dtype.lower()
    whole = plain.startswith(("int", "uint"))
    if whole and pd.api.types.is_float_dtype(series.dtype) and (series.dropna() % 1 != 0).any():
        return series
    if whole and pd.api.types.is_numeric_dtype(series.dtype):
        range_, present = np.iinfo(plain), series.dropna()
        if len(present) and not range_.min <= present.min() <= present.max() <= range_.max:
            return series
    if dtype == "bool" and series.isna().any():
        return series.astype("boolean")
    if dtype.startswith(("int", "uint")) and series.isna().any():
        return series.astype(plain.capitalize().replace("Uint", "UInt"))
    return series.astype(wanted)
