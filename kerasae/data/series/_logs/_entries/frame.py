"""FrameSources: a DataFrame as the open file of a log."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from kerasae.data.series._logs._entries.sources import with_texts
from kerasae.data.series._logs.options import Options

#: Number of rows of a block.
_ROWS = 1 << 16


@dataclasses.dataclass(frozen=True)
class _Frame:
    """A DataFrame as an open file."""

    table: pa.Table
    index: tuple[str, ...] = ()
    path: str = "the DataFrame"

    @property
    def names(self) -> list[str]:
        return list(self.table.column_names)

    @property
    def schema(self) -> pa.Schema:
        return self.table.schema


class FrameSources:
    """A DataFrame as the only source of a log.

    Args:
        frame: Rows. An index of dates becomes a column.
        options: What the user says about the log.

    Raises:
        ValueError: if two columns have one name.
    """

    names = ("frame",)

    def __init__(self, frame: pd.DataFrame, options: Options) -> None:
        self._options = options
        if isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex | pd.TimedeltaIndex):
            index = frame.index
            if isinstance(index, pd.PeriodIndex):
                index = index.to_timestamp()
            named = str(index.name) if index.name is not None else "time"
            frame = frame.copy(deep=False)
            frame.insert(0, named, index, allow_duplicates=True)
        names = [str(name) for name in frame.columns]
        if repeated := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"Expected a name of its own for each column of the DataFrame, received the name "
                f"'{repeated[0]}' more than once; rename it."
            )
        columns = [_array(frame.iloc[:, number]) for number in range(len(names))]
        self.files = [_Frame(with_texts(pa.table(columns, names=names)))]

    @property
    def everywhere(self) -> set[str]:
        """Names of the columns."""
        return set(self.files[0].names)

    @property
    def size(self) -> int:
        """Zero bytes, because a frame is in memory already."""
        return 0

    def passes(self) -> Iterator[pa.Table]:
        """Give the rows in blocks."""
        return self.blocks(0)

    def blocks(self, number: int) -> Iterator[pa.Table]:
        """Give the rows in blocks."""
        table = self.files[number].table
        for start in range(0, max(len(table), 1), _ROWS):
            yield table.slice(start, _ROWS)


def _array(series: pd.Series) -> Any:
    """Return a Series as an Arrow array. Objects of several types become strings."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        array = pa.array(series.map(str, na_action="ignore"), pa.string(), from_pandas=True)
    return array
