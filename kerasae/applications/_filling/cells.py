"""Cells: the numbers of an example as a row, their kinds, their typical values, and their raw form."""

from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.applications._filling.values import TableValues
from kerasae.applications._pictures import raw_range
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.preprocessing import in_zone, named_by_text
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


class Cells:
    """Numbers of an example as a row, `(rows, cells)`: their kinds, typical values, and raw form.

    Args:
        spec: Fitted description of the examples.
        preprocessor: Preprocessor between raw examples and `x`; `None` if raw examples are `x`.

    Attributes:
        typical: Mean of each number, and mode of each other cell, `(cells,)`.
        range: Raw values of black and white, for images.
        values: Values of the columns of a table; `None` for other examples.
    """

    typical: np.ndarray
    range: tuple[float, float] = (0.0, 1.0)
    values: TableValues | None = None

    def __init__(self, spec: Spec, preprocessor: Any) -> None:
        self.spec = spec
        self.view: Any = Identity(spec) if preprocessor is None else preprocessor
        kinds = [column.kind for column in spec.features] or ["number"] * spec.size
        self.category = np.array([kind == "category" for kind in kinds])
        self.boolean = np.array([kind == "boolean" for kind in kinds])
        self.number = ~(self.category | self.boolean)
        self._given: dict[str, dict[str, Any]] = {}

    def fit(self, data: Data) -> Self:
        """Fit the typical values on training and validation rows, and the values of a table."""
        self.typical = self._typical(data)
        if kind_of(self.spec).is_picture:
            self.range = raw_range(data)
        if self.spec.columns:
            self.values = TableValues(data)
        return self

    def state(self) -> dict[str, Any]:
        """Return what was learned, without the objects of `as_given`."""
        values = None if self.values is None else self.values.state()
        return {"typical": self.typical, "range": self.range, "values": values}

    @classmethod
    def of_state(cls, state: dict[str, Any], spec: Spec, preprocessor: Any) -> Self:
        """Return the object whose `state` this is."""
        cells = cls(spec, preprocessor)
        low, high = state["range"]
        cells.typical, cells.range = state["typical"], (low, high)
        if state["values"] is not None:
            cells.values = TableValues.of_state(state["values"], cells.view)
        return cells

    def _typical(self, data: Data) -> np.ndarray:
        """Return the mean of numbers and the mode of all other cells, over training and validation rows."""
        total, rows = np.zeros(len(self.number)), np.zeros(len(self.number))
        width = max([column.width for column in self.spec.features] + [2])
        counts = np.zeros((len(self.number), width if not self.number.all() else 0))
        for split in ("train", "validation"):
            for raw, x in data.parts(split):
                self._see_given(raw)
                flat = flatten(data.clipped(x))
                total += np.nansum(flat, axis=0, dtype="float64")
                rows += (~np.isnan(flat)).sum(axis=0)
                for cell in np.flatnonzero(~self.number):
                    codes = flat[~np.isnan(flat[:, cell]), cell].astype(int)
                    counts[cell] += np.bincount(codes, minlength=width)
        typical = total / np.maximum(rows, 1)
        if counts.size:
            # Code 0 represents every unknown value, so it never fills a cell.
            counts[self.category, 0] = -1
            typical = np.where(self.number, typical, counts.argmax(axis=1))
        return typical.astype("float32")

    def _see_given(self, raw: Any) -> None:
        """Store the values of categories that are not texts, by their text."""
        if not self.spec.columns:
            return
        frame = named_by_text(pd.DataFrame(raw))
        for column in self.spec.features:
            values = frame[column.name].dropna()
            if column.kind == "category" and not pd.api.types.is_string_dtype(values):
                known = self._given.setdefault(column.name, {})
                known.update({str(value): value for value in values.unique() if str(value) not in known})

    def as_given(self, name: str, values: pd.Series) -> pd.Series:
        """Return categories of a column as objects of the training data, such as tuples, not as texts.

        They are known where the cells were fitted. In stored cells a category has the type that the
        description of the examples can hold, as in a stored model.
        """
        known = self._given.get(name)
        if not known:
            return values
        return pd.Series([known.get(str(value), value) for value in values], values.index, dtype=object)

    def legal(self, x: np.ndarray) -> np.ndarray:
        """Return numbers, `(rows, cells)`, that have a raw value: booleans 0 or 1, known categories."""
        whole = np.round(x)
        clipped = np.where(self.boolean, np.clip(whole, 0, 1), x)
        return np.where(self.category, np.where(whole == 0, self.typical, whole), clipped).astype("float32")

    def shaped(self, x: np.ndarray) -> np.ndarray:
        """Reshape `(rows, cells)` to `(rows, ...)`."""
        return np.asarray(x, "float32").reshape(len(x), *self.spec.shape)

    def raw(self, x: np.ndarray) -> Any:
        """Return cells, `(rows, cells)`, NaN for missing ones, as input of a codec, without rounding."""
        if not self.spec.columns:
            return self.view.restore(self.shaped(x))
        return frame_of(self.view, self.shaped(x))


def flatten(x: np.ndarray) -> np.ndarray:
    """Reshape `(rows, ...)` to `(rows, cells)`."""
    return x.reshape(len(x), int(np.prod(x.shape[1:])))


def frame_of(view: Any, x: np.ndarray) -> pd.DataFrame:
    """Return `x` of a table as its columns in raw units, NaN for missing cells.

    Numbers are floats, and dates are dates in the time zone of their column.
    """
    columns = {name: np.asarray(values) for name, values in view.inverse(x).items()}
    frame = pd.DataFrame(index=range(len(x)))
    for column in view.spec.columns:
        values = columns.get(column.name, np.full(len(x), np.nan))
        if column.kind == "category":
            texts = [value.decode() for value in values]
            frame[column.name] = pd.Series([text or None for text in texts], dtype=object)
        elif column.kind == "date":
            moments = pd.to_datetime(pd.Series(np.round(values * 1e6)), unit="us")
            frame[column.name] = in_zone(moments, column.dtype)
        else:
            frame[column.name] = values
    return frame
