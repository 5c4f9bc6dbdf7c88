"""Numbers that stand for missing entries, such as -200 and 9999: found by how they stand out."""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from kerasae.spec import Column

#: Other entries that there must be, and times that a sentinel must occur.
_OTHERS, _TIMES = 10, 2
#: Times, and share of the entries, from which any number counts that lies far from all others.
_OFTEN, _SHARE = 5, 0.01
#: Greatest number that anyone would write for nothing.
_LARGEST = 1e12
#: Columns named in a warning.
_SHOWN = 5


class _Ends:
    """The two least and the two greatest values of a column, and how often the outer ones occur."""

    def __init__(self) -> None:
        self.rows = 0
        self.low: list[float] = []
        self.high: list[float] = []
        self.low_count = self.high_count = 0

    def see(self, values: np.ndarray) -> None:
        values = values[np.isfinite(values)]
        if not len(values):
            return
        self.rows += len(values)
        self.low, self.low_count = _two(values, self.low, self.low_count)
        high, self.high_count = _two(-values, [-one for one in self.high], self.high_count)
        self.high = [-one for one in high]

    def sentinels(self) -> dict[float, int]:
        """Values that stand out, and how often they occur."""
        if len(self.low) < 2 or len(self.high) < 2:
            return {}
        found = {}
        for value, next_one, count, other in (
            (self.low[0], self.low[1], self.low_count, self.high),
            (self.high[0], self.high[1], self.high_count, self.low),
        ):
            # What lies at the other end may be a sentinel too: the range of the rest is without it.
            spread = abs(other[1] - next_one) or abs(other[0] - next_one)
            often = count >= max(_OFTEN, _SHARE * self.rows)
            lonely = abs(value - next_one) > max(spread, 1.0) and (often or _usual(value))
            impossible = value < 0 <= next_one and _usual(value)
            rest = self.rows - count
            if abs(value) > _LARGEST:
                continue
            if count >= _TIMES and rest >= _OTHERS and value == round(value) and (lonely or impossible):
                found[value] = count
        return found


def _two(values: np.ndarray, known: Sequence[float], count: int) -> tuple[list[float], int]:
    """The two least different values, and how often the least occurs, together with what was known."""
    least = float(values.min())
    above = values[values > least]
    candidates = sorted({least, *known, *([float(above.min())] if len(above) else [])})[:2]
    times = int((values == candidates[0]).sum()) + (count if known and known[0] == candidates[0] else 0)
    return candidates, times


def _usual(value: float) -> bool:
    """Whether a number is one that people write for nothing: -1, -9, 99, -200, 9999."""
    digits = f"{abs(value):.0f}"
    return set(digits) in ({"9"}, {"8"}) or digits in ("1", "100", "200")


class Sentinels:
    """Watches the numbers of a table, block by block in any order.

    Args:
        columns: of the table.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._ends = {column.name: _Ends() for column in columns if column.kind == "number"}

    def see(self, frame: pd.DataFrame) -> None:
        """Take note of typed rows."""
        for name, ends in self._ends.items():
            if pd.api.types.is_numeric_dtype(frame[name].dtype):
                ends.see(frame[name].to_numpy("float64", na_value=np.nan))

    def warn(self) -> None:
        """Names what stands out, one warning a value."""
        by_value: dict[float, list[tuple[str, int]]] = {}
        for name, ends in self._ends.items():
            for value, count in ends.sentinels().items():
                by_value.setdefault(value, []).append((name, count))
        for value, columns in sorted(by_value.items()):
            shown = ", ".join(f"'{name}' ({count:,})" for name, count in columns[:_SHOWN])
            more = f" and {len(columns) - _SHOWN} more columns" if len(columns) > _SHOWN else ""
            warnings.warn(
                f"{value:.0f} stands out from the other numbers in {shown}{more}; if it stands for a missing "
                f"entry, say so with --missing {value:.0f}.",
                stacklevel=2,
            )
