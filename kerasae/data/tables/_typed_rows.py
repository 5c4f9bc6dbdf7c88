"""TypedRows: the rows of a file, once its columns are known."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from kerasae.data._columns.sentinels import Sentinels
from kerasae.data._skipping import row_numbers
from kerasae.spec import Column

#: Blocks of rows in order: typed features, and labels if there are any.
Blocks = Iterator[tuple[pd.DataFrame, np.ndarray | None]]


@dataclasses.dataclass(frozen=True)
class TypedRows:
    """The rows of a file, once its columns are known.

    Args:
        count: Number of rows.
        columns: Columns of the features, in order.
        read: Function that passes over the rows once, block by block.
    """

    count: int
    columns: list[Column]
    read: Callable[[], Blocks]

    def numbered(self, left_out: Sequence[int]) -> "TypedRows":
        """Return the same rows, named by their numbers in the file, from 0.

        Args:
            left_out: Numbers of the rows that could not be read, in rising order.
        """

        def read() -> Blocks:
            start = 0
            for features, labels in self.read():
                features.index = pd.Index(row_numbers(start, len(features), left_out))
                start += len(features)
                yield features, labels

        return dataclasses.replace(self, read=read)

    def watched(self) -> "TypedRows":
        """Return the same rows; after a pass over them it warns of numbers that stand out."""

        def read() -> Blocks:
            sentinels = Sentinels(self.columns)
            for features, labels in self.read():
                sentinels.see(features)
                yield features, labels
            sentinels.warn()

        return dataclasses.replace(self, read=read)
