"""Values that the columns of a table have: their range, decimals and shared values."""

from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.data import Data

#: Training rows, drawn, from which the values of a column are learnt.
_MOST = 20_000
#: Share of the rows from which on a number is a value of its own, as 0 is of tolls that few pay.
_SHARED = 0.05
#: Decimals that are looked for; with more, values are not rounded.
_DECIMALS = 6
#: Relative error of a float64 that still stands for its decimals: it may have been computed.
_EXACT = 1e-12


class TableValues:
    """What the numbers and dates of a table look like in training rows, and made ones brought to it.

    A likelihood knows a mean and a deviation. It knows no least value, no cents, no zero that most rows
    share. Numbers that it draws are therefore replaced by the values of training rows of the same rank
    (quantile matching), with a line between neighbours.

    Args:
        data: a table, with the preprocessor.
        seed: of the training rows, where there are many.
    """

    def __init__(self, data: Data, seed: int = 0) -> None:
        few = data.drawn("train", _MOST, seed)
        self._view: Any = data.preprocessor
        features = data.spec.features
        self._names = [column.name for column in features]
        self._kinds = [column.kind for column in features]
        x = few.x("train")
        # A column without a value among the rows drawn has nothing to learn from: it stays as it is made.
        known = ~np.isnan(x).all(axis=0)
        self._cells = [i for i, kind in enumerate(self._kinds) if known[i] and kind in ("number", "date")]
        raw = few.train.examples.rename(columns=str)
        self._sorted = {cell: _sorted(x[:, cell]) for cell in self._cells}
        self._ends = {cell: (values[0], values[-1]) for cell, values in self._sorted.items()}
        self._shared = {cell: _shared(values) for cell, values in self._sorted.items()}
        self._decimals = {
            name: _decimals(_floats(raw[name]))
            for i, name in enumerate(self._names)
            if known[i] and pd.api.types.is_float_dtype(raw[name].dtype)
        }
        self._bounds = {name: (raw[name].min(), raw[name].max()) for name in self._decimals}

    def fit(self, drawn: np.ndarray) -> Self:
        """Learns how drawn rows of `x` lie, for `brought` and `kept`: it gives ranks among them.

        Args:
            drawn: rows `(rows, columns)`, made exactly as later ones are; NaN where nothing was made.
        """
        self._drawn = self._known(drawn)
        return self

    def fit_likely(self, likely: np.ndarray) -> Self:
        """Learns how likeliest rows of `x` lie, which are closer together than drawn ones, for `settled`.

        Args:
            likely: rows `(rows, columns)`, NaN where nothing was made.
        """
        self._likely = self._known(likely)
        return self

    def _known(self, x: np.ndarray) -> dict[int, np.ndarray]:
        found = {cell: _sorted(x[:, cell]) for cell in self._cells}
        # Of a column of which nothing was made ranks are taken among the training values.
        return {cell: values if len(values) else self._sorted[cell] for cell, values in found.items()}

    # Drawn rows ----------------------------------------------------------------------------------

    def frame(self, x: np.ndarray) -> pd.DataFrame:
        """Drawn rows of `x`, `(rows, columns)`, as a table whose numbers are as those of training rows."""
        return self.rounded(self._view.restore(self.brought(x)))

    def with_gaps(self, frame: pd.DataFrame, gaps: np.ndarray) -> pd.DataFrame:
        """A table with a missing entry wherever `gaps`, `(rows, columns)`, is true."""
        for number, name in enumerate(self._names):
            if gaps[:, number].any():
                frame[name] = frame[name].mask(gaps[:, number])
        return frame

    def brought(self, x: np.ndarray) -> np.ndarray:
        """Drawn rows of `x` with the values of training rows, `(rows, columns)`; NaN stays."""
        found = np.array(x, "float32")
        for cell in self._cells:
            found[:, cell] = self._matched(cell, x[:, cell], self._drawn)
        return found

    def kept(self, x: np.ndarray) -> np.ndarray:
        """Numbers drawn for single cells of `x`, `(rows, columns)`, in the range of their column.

        Where many rows share a value they are the training values of the same rank.
        """
        found = self._clipped(x)
        for cell in self._cells:
            if len(self._shared[cell]):
                found[:, cell] = self._matched(cell, x[:, cell], self._drawn)
        return found

    def _matched(self, cell: int, values: np.ndarray, among: dict[int, np.ndarray]) -> np.ndarray:
        """Made numbers of a column of `x` as the training values of the same rank; NaN stays."""
        found = at(self._sorted[cell], ranks(values, among[cell]))
        return np.where(np.isnan(values), np.nan, found)

    # Likeliest values ----------------------------------------------------------------------------

    def settled(self, x: np.ndarray) -> np.ndarray:
        """Likeliest numbers of `x` in the range of their column, at a shared value where they fall to it.

        A number falls to a shared value where as many likeliest numbers do as training rows have it.
        """
        found = self._clipped(x)
        for cell in self._cells:
            if len(self._shared[cell]):
                near = self._matched(cell, x[:, cell], self._likely)
                falls = np.isin(near, self._shared[cell])
                found[falls, cell] = near[falls]
        return found

    def _clipped(self, x: np.ndarray) -> np.ndarray:
        found = np.array(x, "float32")
        for cell in self._cells:
            found[:, cell] = np.clip(found[:, cell], *self._ends[cell])
        return found

    @property
    def sharing(self) -> bool:
        """Whether there is a column of which many rows share a value."""
        return any(len(values) for values in self._shared.values())

    def rounded(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A table with as many decimals as training rows have, in their range."""
        for name, decimals in self._decimals.items():
            if name not in frame or not pd.api.types.is_float_dtype(frame[name].dtype):
                continue
            values = frame[name] if decimals is None else frame[name].round(decimals)
            # Adding 0 takes the sign from a zero.
            frame[name] = values.clip(*self._bounds[name]) + 0.0
        return frame


def _sorted(values: np.ndarray) -> np.ndarray:
    return np.sort(values[~np.isnan(values)])


def _shared(values: np.ndarray) -> np.ndarray:
    """Values that stand in so many rows that they mean something by themselves."""
    kinds, counts = np.unique(values, return_counts=True)
    return kinds[counts >= max(2, _SHARED * len(values))]


def _floats(column: pd.Series) -> np.ndarray:
    """A column of floats as an array of their own precision, NaN where missing."""
    return column.to_numpy(getattr(column.dtype, "numpy_dtype", column.dtype), na_value=np.nan)


def _decimals(values: np.ndarray) -> int | None:
    """Digits behind the point of all values, or `None` for many; to the precision of their type."""
    known = values[np.isfinite(values)].astype("float64")
    exact = max(_EXACT, float(np.finfo(values.dtype).eps))
    for count in range(_DECIMALS + 1):
        if np.allclose(np.round(known, count), known, rtol=exact, atol=0.0):
            return count
    return None


def ranks(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Shares of sorted numbers that lie below others, in [0, 1]; the middle of those that are equal."""
    low, high = (np.searchsorted(among, values, side) for side in ("left", "right"))
    return (low + high) / (2 * len(among))


def at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """What stands at ranks of [0, 1] among sorted numbers, on a line between two neighbours."""
    found = np.clip(places * len(values) - 0.5, 0, len(values) - 1)
    return np.interp(found, np.arange(len(values)), values)
