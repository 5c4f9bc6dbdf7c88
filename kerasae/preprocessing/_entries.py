"""Entries of a file as those of the training file."""

import re
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.notations import STAND_INS, chunked, nulls
from kerasae.spec import Column


def file_entries(texts: Sequence[str], column: Column) -> pd.Series:
    """Return the entries of a text file as `column_values` takes them, `None` for missing.

    Args:
        texts: Entries as they are in the file, `(rows,)`.
        column: Column of the training.
    """
    known = nulls(chunked(texts), (*STAND_INS, *column.notation.missing))
    return pd.Series(
        (as_known(known, column) if column.kind == "category" else known).to_pandas(), dtype=object
    )


def as_known(texts: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Write whole numbers among categories as in training: pandas writes 1.0 for 1 if there is a gap."""
    for pattern, other, written in (
        (r"-?[0-9]+", r"^(-?[0-9]+)\.0$", r"\1"),
        (r"-?[0-9]+\.0", r"^(-?[0-9]+)$", r"\1.0"),
    ):
        if column.categories and all(re.fullmatch(pattern, one) for one in column.categories):
            return pc.replace_substring_regex(texts, other, written)
    return texts
