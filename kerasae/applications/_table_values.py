"""Values that the columns of a table have: their range, decimals, shared values and order."""

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
#: A column follows another where it is never below it, and the difference has at most this share of its
#: deviation: a model that errs by a tenth of the deviation would turn them round.
_FOLLOWS = 0.1


class TableValues:
    """What the numbers and dates of a table look like in training rows, and made ones brought to it.

    A likelihood knows a mean and a deviation. It knows no least value, no cents, no zero that most rows
    share, and no end that never comes before its beginning. Numbers that it draws are therefore replaced
    by the values of training rows of the same rank (quantile matching), with a line between neighbours.

    Args:
        data: a table, with the preprocessor.
        seed: of the training rows, where there are many.
    """

    def __init__(self, data: Data, seed: int = 0) -> None:
        few = data.drawn("train", _MOST, seed)
        self._view: Any = data.preprocessor
        features = data.spec.features
        self._cells = [i for i, column in enumerate(features) if column.kind in ("number", "date")]
        self._names = [column.name for column in features]
        self._kinds = [column.kind for column in features]
        x = few.x("train")
        raw = few.train.examples.rename(columns=str)
        self._sorted = {cell: _sorted(x[:, cell]) for cell in self._cells}
        self._ends = {cell: (values[0], values[-1]) for cell, values in self._sorted.items()}
        self._shared = {cell: _shared(values) for cell, values in self._sorted.items()}
        self._decimals = {
            name: _decimals(raw[name].to_numpy("float64", na_value=np.nan))
            for name in self._names
            if pd.api.types.is_float_dtype(raw[name].dtype)
        }
        self._bounds = {name: (raw[name].min(), raw[name].max()) for name in self._decimals}
        self._leaders = self._find_leaders(raw)

    def fit(self, x: np.ndarray) -> Self:
        """Learns how drawn rows `(rows, columns)` of `x` lie, so that ranks among them mean something."""
        self._drawn = {cell: _sorted(x[:, cell]) for cell in self._cells}
        drawn = self._numbers(x)
        self._drawn_gaps = {
            name: np.sort(drawn[name] - drawn[leader]) for name, (leader, _) in self._leaders.items()
        }
        return self

    # Drawn rows ----------------------------------------------------------------------------------

    def frame(self, x: np.ndarray, gaps: np.ndarray | None = None) -> pd.DataFrame:
        """Drawn rows of `x` as a table whose numbers are as those of training rows.

        Args:
            x: `(rows, columns)`, as the likelihood draws them.
            gaps: true where a made row has a missing entry, `(rows, columns)`.
        """
        matched = np.array(x, "float32")
        for cell in self._cells:
            matched[:, cell] = self.matched(cell, x[:, cell])
        frame = self.rounded(self._view.restore(matched))
        drawn = self._numbers(x) if self._leaders else {}
        for name, (leader, differences) in self._leaders.items():
            ranks = _ranks(drawn[name] - drawn[leader], self._drawn_gaps[name])
            frame[name] = _added(frame[leader], _at(differences, ranks)).astype(frame[name].dtype)
        frame = self.rounded(frame)
        for number, name in enumerate(self._names):
            if gaps is not None and gaps[:, number].any():
                frame[name] = frame[name].mask(gaps[:, number])
        return frame

    def matched(self, cell: int, values: np.ndarray) -> np.ndarray:
        """Drawn numbers of a column of `x` as the training values of the same rank; NaN stays."""
        found = _at(self._sorted[cell], _ranks(values, self._drawn[cell]))
        return np.where(np.isnan(values), np.nan, found)

    # Likeliest values ----------------------------------------------------------------------------

    def settled(self, x: np.ndarray) -> np.ndarray:
        """Likeliest numbers of `x` in the range of their column, at a shared value where they fall to it.

        A number falls to a shared value where a drawn number of its size would.
        """
        found = np.array(x, "float32")
        for cell in self._cells:
            found[:, cell] = np.clip(found[:, cell], *self._ends[cell])
            if len(self._shared[cell]):
                near = self.matched(cell, x[:, cell])
                at = np.isin(near, self._shared[cell])
                found[at, cell] = near[at]
        return found

    def rounded(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A table with as many decimals as training rows have, in their range."""
        for name, decimals in self._decimals.items():
            if name not in frame or not pd.api.types.is_float_dtype(frame[name].dtype):
                continue
            values = frame[name] if decimals is None else frame[name].round(decimals)
            # Adding 0 takes the sign from a zero.
            frame[name] = values.clip(*self._bounds[name]) + 0.0
        return frame

    # Columns that follow others ------------------------------------------------------------------

    def _find_leaders(self, raw: pd.DataFrame) -> dict[str, tuple[str, np.ndarray]]:
        """The leader of each column that follows one, and the sorted differences of training rows."""
        plain = [
            name
            for name in (self._names[cell] for cell in self._cells)
            if raw[name].dtype.kind in "iufM" and raw[name].notna().any()
        ]
        found: list[tuple[float, str, str, np.ndarray]] = []
        for name in plain:
            for leader in plain:
                if name == leader or raw[name].dtype.kind != raw[leader].dtype.kind:
                    continue
                both = raw[[name, leader]].dropna()
                gaps = _as_float(both[name]) - _as_float(both[leader])
                spread = float(_as_float(both[name]).std())
                if len(gaps) and gaps.min() >= 0 and 0 < gaps.std() <= _FOLLOWS * spread:
                    found.append((float(gaps.std()) / spread, name, leader, np.sort(gaps)))
        leaders: dict[str, tuple[str, np.ndarray]] = {}
        for _, name, leader, gaps in sorted(found, key=lambda one: one[:3]):
            taken = {one for one, _ in leaders.values()}
            if name not in leaders and name not in taken and leader not in leaders:
                leaders[name] = (leader, gaps)
        return leaders

    def _numbers(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Drawn rows in raw units, the numbers and dates of them, float64."""
        found = self._view.inverse(x)
        names = {name for name, (leader, _) in self._leaders.items() for name in (name, leader)}
        return {name: np.asarray(found[name], "float64") for name in names}


def _sorted(values: np.ndarray) -> np.ndarray:
    known = values[~np.isnan(values)]
    return np.sort(known) if len(known) else np.zeros(1, values.dtype)


def _shared(values: np.ndarray) -> np.ndarray:
    """Values that stand in so many rows that they mean something by themselves."""
    kinds, counts = np.unique(values, return_counts=True)
    return kinds[counts >= max(2, _SHARED * len(values))]


def _decimals(values: np.ndarray) -> int | None:
    """Digits behind the point of all values, or `None` for many."""
    known = values[np.isfinite(values)]
    for count in range(_DECIMALS + 1):
        if np.allclose(np.round(known, count), known, rtol=1e-12, atol=0.0):
            return count
    return None


def _ranks(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Shares of sorted numbers that lie below others, in [0, 1]; the middle of those that are equal."""
    low, high = (np.searchsorted(among, values, side) for side in ("left", "right"))
    return (low + high) / (2 * len(among))


def _at(values: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """What stands at ranks of [0, 1] among sorted numbers, on a line between two neighbours."""
    places = np.clip(ranks * len(values) - 0.5, 0, len(values) - 1)
    return np.interp(places, np.arange(len(values)), values)


def _as_float(column: pd.Series) -> np.ndarray:
    """Numbers, or seconds since 1970."""
    if column.dtype.kind == "M":
        return column.astype("datetime64[us]").to_numpy().astype("int64") / 1e6
    return column.to_numpy("float64")


def _added(column: pd.Series, differences: np.ndarray) -> pd.Series:
    if column.dtype.kind == "M":
        return column + pd.to_timedelta(np.round(differences), unit="s")
    return column + (np.round(differences) if column.dtype.kind in "iu" else differences)
