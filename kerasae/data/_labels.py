"""Labels: how they are kept, and which rows have one."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.notations import STAND_INS, nulls

#: Texts that a missing value becomes among labels that are texts.
_MISSING = ("", "nan", "<NA>", "NaT")
#: Entries of a file that stand for a missing label, besides the empty one. The others of `STAND_INS` are
#: labels: the classes of a table may be + and -, and its fault None.
_SIGNS = ("None", "?", "-", "--", ".")
_STAND_INS = tuple(one for one in STAND_INS if one not in _SIGNS)

#: Whole numbers that 64 bits hold, as pandas writes them: 1.0 beside a gap. 007 is a code.
_WHOLE = re.compile(r"(-?(?:0|[1-9]\d{0,17}))(?:\.0*)?")
#: Quantities. Whole numbers of 19 digits and more are keys.
_NUMBER = re.compile(r"[+-]?(?!\d{19,}$)(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")


def tidy_labels(values: Any) -> np.ndarray:
    """Return labels of a column, `(rows,)`: numbers if all are numbers, else texts.

    A row without a label has the empty text, or NaN if the labels are quantities. Whole numbers keep their
    writing: `0` beside a missing label is the text `"0"`, not `"0.0"`. Codes such as 007, infinite numbers,
    and whole numbers of more than 18 digits are texts.
    """
    series = pd.Series(values, dtype=object)
    missing = (series.isna() | (series.astype(str).str.strip() == "")).to_numpy(bool)
    as_read = series.mask(missing, "").astype(str).to_numpy(str)
    truth = series.map(lambda value: isinstance(value, bool | np.bool_)).to_numpy(bool)
    texts = np.where(truth, series.eq(True).astype(int).astype(str), np.char.strip(as_read))
    numbers_too = {text for text in {*texts[~missing]} - {*_SIGNS} if _NUMBER.fullmatch(text)}
    if len(numbers_too) >= 2 and numbers_too == {*texts[~missing]} - {*_SIGNS}:
        # Beside numbers, a sign is no class.
        missing = missing | np.isin(texts, _SIGNS)
        as_read = np.where(missing, "", as_read)
    rows, distinct = pd.factorize(texts[~missing])
    whole = [_WHOLE.fullmatch(text) for text in distinct]
    if missing.all():
        return as_read
    if None not in whole:
        integers = np.array([int(match[1]) for match in whole if match])[rows]
        if not missing.any():
            return integers
        written = np.full(len(series), "", dtype="U20")
        written[~missing] = integers.astype(str)
        return written
    numbers = np.array([float(text) if _NUMBER.fullmatch(text) else np.inf for text in distinct])
    if not np.isfinite(numbers).all():
        return as_read
    quantities = np.full(len(series), np.nan)
    quantities[~missing] = numbers[rows]
    return quantities


def labels_of(column: pa.ChunkedArray) -> np.ndarray:
    """Return a column of labels for `tidy_labels`, `(rows,)`, with `None` for a missing label."""
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = nulls(column.cast(pa.string()), _STAND_INS)
    return column.to_pandas(integer_object_nulls=True).to_numpy(object)


def has_label(labels: np.ndarray) -> np.ndarray:
    """Return which rows have a label, `(rows,)`, bool. The others must be left out of figures."""
    if labels.dtype.kind == "f":
        return np.isfinite(labels)
    if labels.dtype.kind in "OUS":
        return ~(pd.isna(labels) | np.isin(labels.astype(str), _MISSING))
    return np.ones(len(labels), bool)
