"""Columns that follow others, such as an end that is never before its beginning."""

from typing import Any, Self

import numpy as np
import pandas as pd

from kerasae.applications._filling.values import at, ranks
from kerasae.applications._measures import as_floats, is_date
from kerasae.data import Data

#: Largest deviation of the difference between two columns, as a share of their own, for one to follow the
#: other: a model that errs by a tenth of the deviation would turn them round.
_FOLLOWS = 0.1
#: Number of training rows that are searched for pairs, and number of columns above which there is no search.
_MOST, _COLUMNS = 20_000, 500


class Followers:
    """Order between generated numbers and dates, as in the training rows.

    A column that lies closely above another one is generated from it: the other column, plus a difference of
    training rows with the same rank as the difference that was drawn.

    Args:
        data: Data of a table, with the preprocessor.
        seed: Seed of the subsample of training rows.
    """

    def __init__(self, data: Data, seed: int = 0) -> None:
        self._view: Any = data.preprocessor
        raw = data.drawn("train", _MOST, seed).train.examples.rename(columns=str)
        names = [column.name for column in data.spec.features if column.is_numeric]
        self._pairs = _pairs(raw, [name for name in names if raw[name].dtype.kind in "iufM"])
        self._drawn: dict[str, np.ndarray] = {}

    def fit(self, x: np.ndarray) -> Self:
        """Fit the distribution of the differences of drawn rows, `(rows, columns)`, of `x`."""
        self._drawn = {name: np.sort(gaps) for name, gaps in self._differences(x).items()}
        return self

    def apply(self, frame: pd.DataFrame, x: np.ndarray) -> pd.DataFrame:
        """Return the raw rows of `x`, with the columns that follow others generated from those."""
        for name, gaps in self._differences(x).items():
            leader, known = self._pairs[name]
            differences = at(known, ranks(gaps, self._drawn[name]))
            frame[name] = _added(frame[leader], differences).astype(frame[name].dtype)
        return frame

    def _differences(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """Return drawn differences in raw units, dates in seconds."""
        raw = self._view.inverse(x) if self._pairs else {}
        return {
            name: np.asarray(raw[name], "float64") - np.asarray(raw[leader], "float64")
            for name, (leader, _) in self._pairs.items()
        }

    def state(self) -> dict[str, Any]:
        """Return the pairs of columns, the differences of training rows, and those of drawn rows."""
        return {
            "pairs": [[name, leader, gaps] for name, (leader, gaps) in self._pairs.items()],
            "drawn": [*self._drawn.values()],
        }

    @classmethod
    def of_state(cls, state: dict[str, Any], preprocessor: Any) -> Self:
        """Return the object whose `state` this is, with the fitted preprocessor of the table."""
        followers = cls.__new__(cls)
        followers._view = preprocessor
        followers._pairs = {name: (leader, gaps) for name, leader, gaps in state["pairs"]}
        followers._drawn = dict(zip(followers._pairs, state["drawn"], strict=True))
        return followers


def _pairs(raw: pd.DataFrame, names: list[str]) -> dict[str, tuple[str, np.ndarray]]:
    """Return the leader of each column that follows one, and the sorted differences of training rows."""
    if not 2 <= len(names) <= _COLUMNS:
        return {}
    values = {name: as_floats(raw[name]) for name in names if raw[name].notna().any()}
    spread = {name: float(np.nanstd(column)) for name, column in values.items()}
    followers: list[tuple[float, str, str, np.ndarray]] = []
    for name in values:
        for leader in values:
            # The standard deviations differ at most by that of the difference.
            near = abs(spread[name] - spread[leader]) <= _FOLLOWS * spread[name]
            if name == leader or not near or _kind(raw[name]) != _kind(raw[leader]):
                continue
            gaps = values[name] - values[leader]
            gaps = gaps[~np.isnan(gaps)]
            if len(gaps) and gaps.min() >= 0 and 0 < gaps.std() <= _FOLLOWS * spread[name]:
                followers.append((float(gaps.std()) / spread[name], name, leader, np.sort(gaps)))
    pairs: dict[str, tuple[str, np.ndarray]] = {}
    for _, name, leader, gaps in sorted(followers, key=lambda one: one[:3]):
        if name not in pairs and leader not in pairs and name not in {one for one, _ in pairs.values()}:
            pairs[name] = (leader, gaps)
    return pairs


def _kind(column: pd.Series) -> tuple[str, bool]:
    """Return the kind of a column and whether it has a time zone; dates with and without one never pair."""
    return column.dtype.kind, is_date(column) and column.dt.tz is not None


def _added(column: pd.Series, differences: np.ndarray) -> pd.Series:
    if is_date(column):
        return column + pd.to_timedelta(np.round(differences), unit="s")
    return column + (np.round(differences) if column.dtype.kind in "iu" else differences)
