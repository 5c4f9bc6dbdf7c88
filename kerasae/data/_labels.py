"""Labels of rows: as they are kept, and which rows have one."""

from typing import Any

import numpy as np
import pandas as pd

#: What a missing label looks like where labels are texts.
_MISSING = ("", "nan", "None", "<NA>", "NaT")


def tidy_labels(values: Any) -> np.ndarray:
    """Labels as read from a column, `(rows,)`: numbers where all of them are, texts otherwise.

    A row without a label has the empty text, or NaN among quantities. Whole numbers stay as they are
    written: `0` beside a missing label is the text `"0"`, not `"0.0"`.
    """
    series = pd.Series(values)
    missing = (series.isna() | (series.astype(str).str.strip() == "")).to_numpy(bool)
    numbers = pd.to_numeric(series.mask(missing), errors="coerce").to_numpy("float64", na_value=np.nan)
    if np.isnan(numbers[~missing]).any() or missing.all():
        return series.mask(missing, "").astype(str).to_numpy(str)
    present = numbers[~missing]
    if not (present == np.round(present)).all():
        return numbers
    whole = np.zeros(len(numbers), "int64")
    whole[~missing] = present.astype("int64")
    return np.where(missing, "", whole.astype(str)) if missing.any() else whole


def has_label(labels: np.ndarray) -> np.ndarray:
    """Which rows have a label, `(rows,)`, bool; the others must be left out of figures."""
    if labels.dtype.kind == "f":
        return np.isfinite(labels)
    if labels.dtype.kind in "OUS":
        return ~np.isin(labels.astype(str), _MISSING)
    return np.ones(len(labels), bool)
