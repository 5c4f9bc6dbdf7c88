"""Readings: how the columns of a table were read, so that a user can check it before a training."""

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from kerasae.data._data import Data
from kerasae.spec import Column

#: Number of categories that a reading names.
_SHOWN = 3


@dataclasses.dataclass(frozen=True)
class Reading:
    """How one column was read.

    Args:
        name: Name of the column.
        kind: Kind of the column: number, boolean, date, category or empty.
        values: Range or most frequent categories of the training rows.
        gaps: Number of training rows without an entry.
        written: Notation of the entries if it is not plain, and entries that stand for a missing one.
    """

    name: str
    kind: str
    values: str
    gaps: int
    written: str

    def cells(self) -> list[str]:
        """Return the reading as texts, in the order of `HEADINGS`."""
        return [self.name, self.kind, self.values, f"{self.gaps:,}" if self.gaps else "", self.written]


#: Headings of the cells of a reading.
HEADINGS = ("column", "read as", "values", "missing", "written")


def readings(data: Data, most: int | None = None) -> list[Reading]:
    """Return how each column of a table was read. For other examples the list is empty.

    Args:
        data: Data. The training rows are read once, or the test rows if there are no training rows.
        most: Number of columns, from the first. Each costs a pass over its entries. Defaults to `None`, for
            all columns.
    """
    seen = [_Seen(column) for column in data.spec.columns[:most]]
    split = data.train if len(data.train) else data.test
    for frame in split.chunks() if seen else ():
        frame = frame.rename(columns=str)
        for one in seen:
            one.see(frame[one.column.name])
    return [one.reading() for one in seen]


class _Seen:
    """The range or the categories of one column, collected part by part."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._gaps = 0
        self._ends: list[Any] = []
        self._counts: Counter[str] = Counter()

    def see(self, series: pd.Series) -> None:
        present = series.dropna()
        self._gaps += len(series) - len(present)
        if not len(present):
            return
        if self.column.is_numeric and present.dtype != object:
            ends = [*self._ends, present.min(), present.max()]
            self._ends = [min(ends), max(ends)]
        else:
            self._counts.update(present.astype(str))

    def reading(self) -> Reading:
        column = self.column
        written = [words] if (words := column.notation.words()) else []
        stand_ins = [] if column.kind == "category" or not self._gaps else [*column.notation.missing]
        if stand_ins:
            written.append("missing as " + ", ".join(f"'{one}'" for one in stand_ins[:4]))
        return Reading(column.name, column.kind, self._values(), self._gaps, "; ".join(written))

    def _values(self) -> str:
        if self._ends:
            low, high = (self._shown(end) for end in self._ends)
            return f"{low} to {high}"
        if not self._counts:
            return ""
        usual = sorted(self._counts, key=lambda value: (-self._counts[value], value))
        if self.column.kind == "boolean":
            return " or ".join(usual)
        more = f" and {len(usual) - _SHOWN:,} more" if len(usual) > _SHOWN else ""
        return ", ".join(usual[:_SHOWN]) + more

    def _shown(self, end: Any) -> str:
        if self.column.notation.dressed:
            return str(self.column.notation.format(pd.Series([end]))[0])
        if isinstance(end, pd.Timestamp):
            return str(end).removesuffix(" 00:00:00")
        return f"{end:,}" if isinstance(end, int | np.integer) else f"{end:.6g}"
