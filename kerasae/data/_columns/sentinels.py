"""Sentinels: numbers and dates that stand for missing entries, such as -200 and 9999-12-31."""

import shlex
import warnings
from collections.abc import Sequence

import pandas as pd

from kerasae.data._columns.ends import DateEnds, NumberEnds
from kerasae.spec import Column

#: Number of columns that a warning names.
_SHOWN = 5


class Sentinels:
    """Watches the numbers and the dates of a table, block by block in any order.

    A value is a sentinel if it stands out from all others and occurs often, or is one that people write for
    a missing entry.

    Args:
        columns: Columns of the table.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        kinds = {"number": NumberEnds, "date": DateEnds}
        self._ends = {column.name: kinds[column.kind](column) for column in columns if column.kind in kinds}

    def see(self, frame: pd.DataFrame) -> None:
        """Take note of typed rows."""
        for name, ends in self._ends.items():
            ends.see(frame[name])

    def warn(self) -> None:
        """Warn of the values that stand out, one warning for each value."""
        by_value: dict[tuple[str, float, str], list[tuple[str, int]]] = {}
        for name, ends in self._ends.items():
            for value, count in ends.sentinels().items():
                by_value.setdefault((ends.noun, value, ends.written(value)), []).append((name, count))
        for (noun, _, written), columns in sorted(by_value.items()):
            shown = ", ".join(f"'{name}' ({count:,})" for name, count in columns[:_SHOWN])
            more = f" and {len(columns) - _SHOWN} more columns" if len(columns) > _SHOWN else ""
            warnings.warn(
                f"{written} stands out from the other {noun} in {shown}{more}; if it stands for a missing "
                f"entry, say so with --missing {shlex.quote(written)}.",
                stacklevel=2,
            )
