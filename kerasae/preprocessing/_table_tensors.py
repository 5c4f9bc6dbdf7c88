"""table_tensors: the columns of a table as inputs of a graph."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kerasae.preprocessing._column_names import with_columns
from kerasae.preprocessing._columns import column_values
from kerasae.spec import Column


def table_tensors(raw: pd.DataFrame | Mapping[str, Any], columns: Sequence[Column]) -> dict[str, np.ndarray]:
    """Return each column of a table as in `column_values`, by name.

    Args:
        raw: Data frame, or dict from the name of a column to its entries.
        columns: Columns of the training.

    Raises:
        TypeError: If `raw` is no table.
        ValueError: If a column is missing, or an entry is not of the kind of its column.

    Warns:
        UserWarning: If there are columns that the training did not have.
    """
    names = [column.name for column in columns]
    raw = with_columns(raw, names)
    values = {
        column.name: column_values(raw[column.name], column)
        for column in columns
        if column.kind in ("category", "empty")
    }
    numbers = [column for column in columns if column.kind not in ("category", "empty")]
    values |= zip((one.name for one in numbers), number_columns(raw, numbers).T, strict=True)
    return {name: values[name] for name in names}


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
