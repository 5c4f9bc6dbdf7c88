"""Values of the columns of a table: their range, decimals and shared values."""

from collections.abc import Collection
from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.data import Data
from kerasae.preprocessing import as_type, is_time, plain, type_name

#: Number of training rows in the sample that defines the values of a column.
_MOST = 20_000
#: Share of the rows from which a number counts as a shared value, such as 0 for tolls that few pay.
_SHARED = 0.05
#: Largest number of decimals; values with more are not rounded.
_DECIMALS = 6
#: Relative error of a float64 that still stands for its decimals: it may have been computed.
_EXACT = 1e-12


class TableValues:
    """Form of the numbers and dates of a table in the training rows, to which generated values are adapted.

    A likelihood knows a mean and a deviation. It does not know a smallest value, cents, or a zero that most
    rows share. Numbers that it draws are therefore replaced by the values of training rows of the same rank
    (quantile matching), with linear interpolation between neighbours.

    Args:
        data: Data of a table, with the preprocessor.
        seed: Seed of the subsample of training rows.
    """

    def __init__(self, data: Data, seed: int = 0) -> None:
        few = data.drawn("train", _MOST, seed)
        self._view: Any = data.preprocessor
        self._names = [column.name for column in data.spec.features]
        x = few.x("train")
        # A column without a value in the sample has nothing to learn from, so it does not change.
        known = ~np.isnan(x).all(axis=0)
        cells = [i for i, column in enumerate(data.spec.features) if known[i] and column.is_numeric]
        raw = few.train.examples.rename(columns=str)
        self._learn({cell: _sorted(x[:, cell]) for cell in cells})
        numbers = {
            column.name: plain(raw[column.name])
            for i, column in enumerate(data.spec.features)
            if known[i] and column.kind in ("number", "boolean") and not is_time(column.dtype)
        }
        numbers = {name: one for name, one in numbers.items() if pd.api.types.is_numeric_dtype(one.dtype)}
        # Integers have no decimals, also if they are floats in another table because of its gaps.
        self._decimals = {name: _decimals(_floats(one)) for name, one in numbers.items()}
        self._bounds = {name: (float(one.min()), float(one.max())) for name, one in numbers.items()}
        self._drawn: dict[int, np.ndarray] = {}
        self._likely: dict[int, np.ndarray] = {}

    def _learn(self, values: dict[int, np.ndarray]) -> None:
        """Take the sorted values of the training rows of `x`, by the number of the column."""
        self._sorted, self._cells = values, [*values]
        self._ends = {cell: (numbers[0], numbers[-1]) for cell, numbers in values.items()}
        self._shared = {cell: _shared(numbers) for cell, numbers in values.items()}

    def fit(self, drawn: np.ndarray) -> Self:
        """Fit the ranks of drawn rows of `x`, for `brought` and `kept`.

        Args:
            drawn: Rows, `(rows, columns)`, drawn exactly as later ones; NaN for cells that were not drawn.
        """
        self._drawn = self._known(drawn)
        return self

    def fit_likely(self, likely: np.ndarray) -> Self:
        """Fit the ranks of most likely rows of `x`, for `settled`; they vary less than drawn rows.

        Args:
            likely: Rows, `(rows, columns)`, NaN for cells that were not filled.
        """
        self._likely = self._known(likely)
        return self

    def _known(self, x: np.ndarray) -> dict[int, np.ndarray]:
        values_of = {cell: _sorted(x[:, cell]) for cell in self._cells}
        # For a column without any generated value, ranks are those among the training values.
        return {cell: values if len(values) else self._sorted[cell] for cell, values in values_of.items()}

    # Drawn rows ----------------------------------------------------------------------------------

    def frame(self, x: np.ndarray) -> pd.DataFrame:
        """Return drawn rows of `x`, `(rows, columns)`, as a table with the values of training rows."""
        return self.rounded(self._view.restore(self.brought(x)))

    def with_gaps(self, frame: pd.DataFrame, gaps: np.ndarray) -> pd.DataFrame:
        """Return a table with a missing entry wherever `gaps`, `(rows, columns)`, is true."""
        for number, name in enumerate(self._names):
            if gaps[:, number].any():
                frame[name] = frame[name].mask(gaps[:, number])
        return frame

    def brought(self, x: np.ndarray) -> np.ndarray:
        """Return drawn rows of `x` with the values of training rows, `(rows, columns)`; NaN stays."""
        matched = np.array(x, "float32")
        for cell in self._cells:
            matched[:, cell] = self._matched(cell, x[:, cell], self._drawn)
        return matched

    def kept(self, x: np.ndarray) -> np.ndarray:
        """Return numbers drawn for single cells of `x`, `(rows, columns)`, in the range of their column.

        In columns with a shared value they become the training values of the same rank.
        """
        matched = self._clipped(x)
        for cell in self._cells:
            if len(self._shared[cell]):
                matched[:, cell] = self._matched(cell, x[:, cell], self._drawn)
        return matched

    def _matched(self, cell: int, values: np.ndarray, among: dict[int, np.ndarray]) -> np.ndarray:
        """Return generated numbers of a column of `x` as the training values of the same rank; NaN stays."""
        matched = at(self._sorted[cell], ranks(values, among[cell]))
        return np.where(np.isnan(values), np.nan, matched)

    # Likeliest values ----------------------------------------------------------------------------

    def settled(self, x: np.ndarray, cells: Collection[int] | None = None) -> np.ndarray:
        """Return most likely numbers of `x` in the range of their column, or at a shared value.

        The share of most likely numbers at a shared value is that of the training rows.

        Args:
            x: Rows, `(rows, columns)`.
            cells: Numbers of the columns that take shared values. Defaults to `None`, all columns.
        """
        values = self._clipped(x)
        for cell in self._cells:
            if len(self._shared[cell]) and (cells is None or cell in cells):
                near = self._matched(cell, x[:, cell], self._likely)
                falls = np.isin(near, self._shared[cell])
                values[falls, cell] = near[falls]
        return values

    def _clipped(self, x: np.ndarray) -> np.ndarray:
        clipped = np.array(x, "float32")
        for cell in self._cells:
            clipped[:, cell] = np.clip(clipped[:, cell], *self._ends[cell])
        return clipped

    @property
    def sharing(self) -> bool:
        """Whether many rows share a value in some column."""
        return any(len(values) for values in self._shared.values())

    def rounded(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return a table with as many decimals as the training rows have, within their range."""
        for name, decimals in self._decimals.items():
            values = plain(frame[name]) if name in frame else None
            if values is None or not pd.api.types.is_float_dtype(values.dtype):
                continue
            values = values if decimals is None else values.round(decimals)
            # Adding 0 removes the sign of a negative zero.
            values = values.clip(*self._bounds[name]) + 0.0
            frame[name] = (
                as_type(values, type_name(frame[name])) if values.dtype != frame[name].dtype else values
            )
        return frame

    # Storage -------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Return what was learned from training rows, drawn rows and most likely rows."""
        return {
            "cells": self._cells,
            "sorted": [*self._sorted.values()],
            "drawn": [*self._drawn.values()],
            "likely": [*self._likely.values()],
            "floats": [[name, decimals, *self._bounds[name]] for name, decimals in self._decimals.items()],
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], preprocessor: Any) -> Self:
        """Return the object whose `state` this is.

        Args:
            state: Result of `state`.
            preprocessor: Fitted preprocessor of the table.
        """
        values = cls.__new__(cls)
        values._view = preprocessor
        values._names = [column.name for column in preprocessor.spec.features]
        # Without a call of `fit` or `fit_likely` there are no drawn or no most likely rows.
        numbers = (
            dict(zip(state["cells"], state[key], strict=False)) for key in ("sorted", "drawn", "likely")
        )
        learned, values._drawn, values._likely = numbers
        values._learn(learned)
        values._decimals = {name: decimals for name, decimals, *_ in state["floats"]}
        values._bounds = {name: (low, high) for name, _, low, high in state["floats"]}
        return values


def _sorted(values: np.ndarray) -> np.ndarray:
    return np.sort(values[~np.isnan(values)])


def _shared(values: np.ndarray) -> np.ndarray:
    """Return the values that occur in so many rows that they have a meaning of their own."""
    kinds, counts = np.unique(values, return_counts=True)
    return kinds[counts >= max(2, _SHARED * len(values))]


def _floats(column: pd.Series) -> np.ndarray:
    """Return a column as floats, of its own precision if it has floats, NaN for missing entries."""
    dtype = getattr(column.dtype, "numpy_dtype", column.dtype)
    return column.to_numpy(dtype if pd.api.types.is_float_dtype(dtype) else "float64", na_value=np.nan)


def _decimals(values: np.ndarray) -> int | None:
    """Return the number of decimals of all values, or `None` for many, up to the precision of their type."""
    known = values[np.isfinite(values)].astype("float64")
    exact = max(_EXACT, float(np.finfo(values.dtype).eps))
    for count in range(_DECIMALS + 1):
        if np.allclose(np.round(known, count), known, rtol=exact, atol=0.0):
            return count
    return None


def ranks(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return the share of sorted numbers below each value, in [0, 1]; the middle for ties."""
    low, high = (np.searchsorted(among, values, side) for side in ("left", "right"))
    return (low + high) / (2 * len(among))


def at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the values at ranks in [0, 1] among sorted numbers, by linear interpolation."""
    positions = np.clip(places * len(values) - 0.5, 0, len(values) - 1)
    return np.interp(positions, np.arange(len(values)), values)
