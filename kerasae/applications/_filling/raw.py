"""Filled cells in raw units: values in place of gaps, and the ends of intervals."""

import warnings
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._filling.cells import Cells, frame_of
from kerasae.applications._filling.filling import Filled
from kerasae.applications._log_files import of_integers
from kerasae.preprocessing import named_by_text


def put_back(cells: Cells, raw: Any, x: np.ndarray, missing: np.ndarray) -> Any:
    """Replace some cells of raw examples; all others stay equal to the bit.

    Args:
        cells: Cells of the examples.
        raw: Raw examples: an array, a DataFrame or a dict of columns.
        x: Values of the missing cells, `(rows, cells)`.
        missing: Whether a cell is missing, `(rows, cells)`.

    Returns:
        Examples as `raw`; a table has the same index, columns and types. If a type cannot hold a filled
        value, the column becomes one of objects, or a category gets one more value, with a warning.
    """
    if not cells.spec.columns:
        array = np.array(raw)
        restored = np.asarray(cells.view.restore(cells.shaped(x))).reshape(array.shape)
        if cells.spec.channels:
            restored = np.where(of_integers(cells.spec), np.rint(restored), restored)
        place = missing.reshape(array.shape)
        array[place] = restored[place]
        return array
    frame = pd.DataFrame(raw).copy()
    named = named_by_text(frame)
    restored = cells.view.restore(cells.shaped(x), like=named)
    if cells.values is not None:
        restored = cells.values.rounded(restored)
    for number, column in enumerate(cells.spec.features):
        place = named.columns.get_loc(column.name)
        # An empty text is present, although the model treats it as missing.
        rows = missing[:, number] & (named[column.name].astype(object) != "").to_numpy()
        if rows.any():
            values = cells.as_given(column.name, restored[column.name][rows])
            frame.isetitem(place, _filled(frame.iloc[:, place], values, rows))
    return frame


def _filled(series: pd.Series, values: pd.Series, rows: np.ndarray) -> pd.Series:
    column = series.copy()
    place = np.flatnonzero(rows)
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = column.cat.categories
        new = [value for value in values.unique() if value not in known]
        if new:
            _warn(
                f"The categories of column '{series.name}' get {new[0]!r}, which is filled in", len(new) - 1
            )
            column = column.cat.add_categories(new)
        column.iloc[place] = values.to_numpy(object)
        return column
    try:
        column.iloc[place] = values.astype(column.dtype).array
    except (TypeError, ValueError, ArithmeticError):
        _warn(
            f"Column '{series.name}' of type {column.dtype} becomes one of objects: it cannot hold "
            f"{values.iloc[0]!r}"
        )
        column = column.astype(object)
        column.iloc[place] = values.to_numpy(object)
    return column


def _warn(message: str, more: int = 0) -> None:
    warnings.warn(f"{message}{f' and {more} more' if more else ''}.", stacklevel=4)


def raw_ends(cells: Cells, filled: Filled, missing: np.ndarray, raw: Any = None) -> tuple[Any, Any]:
    """Return the ends of the intervals in raw units, as floats in the shape of the examples; NaN without one.

    Args:
        cells: Cells of the examples.
        filled: Filled rows with the ends in `x`.
        missing: Whether an interval is needed, `(rows, cells)`.
        raw: Raw examples, whose index is used for a table. Defaults to `None`.
    """
    shown = missing & cells.number
    in_raw_units = []
    for ends in (filled.low, filled.high):
        x = np.where(shown, ends, np.nan)
        if cells.spec.columns:
            frame = frame_of(cells.view, cells.shaped(x))
            in_raw_units.append(frame.set_axis(raw.index) if isinstance(raw, pd.DataFrame) else frame)
        else:
            inverse = np.asarray(cells.view.inverse(cells.shaped(x)))
            in_raw_units.append(np.clip(inverse, cells.spec.low, cells.spec.high))
    return in_raw_units[0], in_raw_units[1]
