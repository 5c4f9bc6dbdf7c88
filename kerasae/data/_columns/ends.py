"""The outer values of a column, and which of them stand out."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kerasae.spec import Column

#: Smallest number of other entries, and of occurrences of a sentinel.
_OTHERS, _TIMES = 10, 2
#: Number of occurrences, and share of the entries, from which any number far from all others counts.
_OFTEN, _SHARE = 5, 0.01
#: Smallest number of different others beside which a gap says something. Fewer are levels or codes, such as
#: 1, 2, 4 and 8 or -1, 0 and 1.
_DIFFERENT = 10
#: Greatest number that people write for a missing entry.
_LARGEST = 1e12
#: Dates that people and programs write for a missing entry.
_DATES = np.array(
    [
        "0001-01-01",
        "1753-01-01",
        "1800-01-01",
        "1899-12-30",
        "1899-12-31",
        "1900-01-01",
        "1970-01-01",
        "2099-12-31",
        "2100-01-01",
        "2999-12-31",
        "9999-12-31",
    ],
    "datetime64[D]",
)
#: Smallest gap beside such a date, as a share of the range of all other dates.
_GAP = 0.05


class NumberEnds:
    """The two smallest and the two greatest values of a column, and the counts of the outer ones.

    Args:
        column: Column of numbers.
    """

    noun = "numbers"

    def __init__(self, column: Column) -> None:
        self.column = column
        self.rows = 0
        self.low: list[float] = []
        self.high: list[float] = []
        self.low_count = self.high_count = 0
        self._different: set[float] = set()

    def see(self, series: pd.Series) -> None:
        """Take note of the values of a block."""
        values = self._values(series)
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self.rows += len(values)
        if len(self._different) <= _DIFFERENT:
            self._different.update(pd.unique(values).tolist())
        self.low, self.low_count = _two(values, self.low, self.low_count)
        high, self.high_count = _two(-values, [-one for one in self.high], self.high_count)
        self.high = [-one for one in high]

    def sentinels(self) -> dict[float, int]:
        """Return the values that stand out, and how often they occur."""
        if len(self.low) < 2 or len(self.high) < 2:
            return {}
        counts = {}
        for value, next_one, count, other in (
            (self.low[0], self.low[1], self.low_count, self.high),
            (self.high[0], self.high[1], self.high_count, self.low),
        ):
            # The value at the other end may be a sentinel too, so the range of the others is without it.
            spread = abs(other[1] - next_one) or abs(other[0] - next_one)
            often = count >= max(_OFTEN, _SHARE * self.rows)
            rest = self.rows - count
            if abs(value) > _LARGEST or count < _TIMES or rest < _OTHERS or value != round(value):
                continue
            few = len(self._different) <= _DIFFERENT
            if (not few or self._unmistakable(value, next_one)) and self._odd(value, next_one, spread, often):
                counts[value] = count
        return counts

    def _values(self, series: pd.Series) -> np.ndarray:
        if not pd.api.types.is_numeric_dtype(series.dtype):
            return np.empty(0)
        return series.to_numpy("float64", na_value=np.nan)

    def _odd(self, value: float, next_one: float, spread: float, often: bool) -> bool:
        """Return whether an outer value stands out from the next one, given the range of the others."""
        lonely = abs(value - next_one) > max(spread, 1.0) and (often or _usual(value))
        return lonely or (value < 0 <= next_one and _usual(value))

    def _unmistakable(self, value: float, next_one: float) -> bool:
        """Return whether an outer value can be a sentinel where the others are levels or codes.

        It is one that people write, and the only number below 0 or one of several 9s or 8s. But -1 is often
        the opposite of 1.
        """
        if value < 0 <= next_one:
            return _usual(value) and value != -1
        return _repeated(value) and abs(value) >= 10

    def written(self, value: float) -> str:
        """Return a value as it is written in the column."""
        return f"{value:.0f}"


class DateEnds(NumberEnds):
    """The two earliest and the two latest dates of a column, in days since 1970."""

    noun = "dates"

    def _values(self, series: pd.Series) -> np.ndarray:
        if not pd.api.types.is_datetime64_any_dtype(series.dtype):
            return np.empty(0)
        dates = series.dropna().to_numpy("datetime64[us]")
        return (dates - np.datetime64(0, "us")) / np.timedelta64(1, "D")

    def _odd(self, value: float, next_one: float, spread: float, often: bool) -> bool:
        gap = abs(value - next_one)
        usual = np.datetime64(int(value), "D") in _DATES
        return (gap > max(spread, 1.0) and often) or (usual and gap > max(_GAP * spread, 1.0))

    def _unmistakable(self, value: float, next_one: float) -> bool:
        return bool(np.datetime64(int(value), "D") in _DATES)

    def written(self, value: float) -> str:
        date = pd.Series([np.datetime64(int(value), "D")]).astype("datetime64[us]")
        return str(self.column.notation.format(date)[0])


def _two(values: np.ndarray, known: Sequence[float], count: int) -> tuple[list[float], int]:
    """Return the two smallest different values, known ones included, and the count of the smallest."""
    least = float(values.min())
    above = values[values > least]
    candidates = sorted({least, *known, *([float(above.min())] if len(above) else [])})[:2]
    times = int((values == candidates[0]).sum()) + (count if known and known[0] == candidates[0] else 0)
    return candidates, times


def _usual(value: float) -> bool:
    """Return whether people write a number for a missing entry: -1, -9, 99, -200, 9999."""
    return _repeated(value) or abs(value) in (1, 100, 200)


def _repeated(value: float) -> bool:
    return set(f"{abs(value):.0f}") in ({"9"}, {"8"})
