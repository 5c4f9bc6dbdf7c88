"""The columns of a table that are no categories, as one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing._columns import column_values
from kerasae.spec import Column


def number_columns(raw: Any, columns: Sequence[Column]) -> np.ndarray:
    """Return the columns that are no categories, `(rows, columns)`, float64, as in `column_values`."""
    rows = len(raw) if isinstance(raw, pd.DataFrame) else len(next(iter(raw.values())))
    found = np.empty((rows, len(columns)))
    done = np.zeros(len(columns), bool)
    if isinstance(raw, pd.DataFrame):
        # Plain columns are converted together, because each conversion takes longer than its numbers do.
        kinds = dict(zip(raw.columns, raw.dtypes, strict=True))
        done[:] = [
            one.kind == "number" and isinstance(kinds[one.name], np.dtype) and kinds[one.name].kind in "fiu"
            for one in columns
        ]
        plain = [one.name for one, is_plain in zip(columns, done, strict=True) if is_plain]
        if plain:
            found[:, done] = raw[plain].to_numpy("float64")
            done[done] = ~np.isinf(found[:, done]).any(axis=0)
            done &= [not one.notation.missing_numbers for one in columns]
    for i in np.flatnonzero(~done).tolist():
        found[:, i] = column_values(raw[columns[i].name], columns[i])
    return found
