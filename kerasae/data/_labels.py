"""Labels of rows: as they are kept, and which rows have one."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.data._files.missing import nulls

#: What a missing label looks like where labels are texts.
_MISSING = ("", "nan", "None", "<NA>", "NaT")


#: Whole numbers that 64 bits hold, as pandas writes them: 1.0 beside a gap. 007 is a code.
_WHOLE = re.compile(r"(-?(?:0|[1-9]\d{0,17}))(?:\.0*)?")
#: Quantities; whole numbers of more digits are keys.
_NUMBER = re.compile(r"[+-]?(?!\d{19,}$)(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def tidy_labels(values: Any) -> np.ndarray:
    """Labels as read from a column, `(rows,)`: numbers where all of them are, texts otherwise.

    A row without a label has the empty text, or NaN among quantities. Whole numbers stay as they are
    written: `0` beside a missing label is the text `"0"`, not `"0.0"`. Codes such as 007, infinite numbers
    and whole ones of more than 18 digits are texts.
    """
    series = pd.Series(values, dtype=object)
    missing = (series.isna() | (series.astype(str).str.strip() == "")).to_numpy(bool)
    as_read = series.mask(missing, "").astype(str).to_numpy(str)
    truth = series.map(lambda value: isinstance(value, bool | np.bool_)).to_numpy(bool)
    texts = np.where(truth, series.eq(True).astype(int).astype(str), np.char.strip(as_read))
    rows, distinct = pd.factorize(texts[~missing])
    whole = [_WHOLE.fullmatch(text) for text in distinct]
    if missing.all():
        return as_read
    if None not in whole:
        found = np.array([int(match[1]) for match in whole if match])[rows]
        if not missing.any():
            return found
        written = np.full(len(series), "", dtype="U20")
        written[~missing] = found.astype(str)
        return written
    numbers = np.array([float(text) if _NUMBER.fullmatch(text) else np.inf for text in distinct])
    if not np.isfinite(numbers).all():
        return as_read
    quantities = np.full(len(series), np.nan)
    quantities[~missing] = numbers[rows]
    return quantities


def labels_of(column: pa.ChunkedArray) -> np.ndarray:
    """The entries of a column of labels as `tidy_labels` takes them, `(rows,)`, `None` for a missing one."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = nulls(column.cast(pa.string()))
    return column.to_pandas(integer_object_nulls=True).to_numpy(object)


def has_label(labels: np.ndarray) -> np.ndarray:
    """Which rows have a label, `(rows,)`, bool; the others must be left out of figures."""
    if labels.dtype.kind == "f":
        return np.isfinite(labels)
    if labels.dtype.kind in "OUS":
        return ~np.isin(labels.astype(str), _MISSING)
    return np.ones(len(labels), bool)
