"""TypedRows: the rows of a file, once its columns are known."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from kerasae.data._columns.sentinels import Sentinels
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

    def watched(self) -> "TypedRows":
        """Return the same rows; after a pass over them it warns of numbers that stand out."""

        def read() -> Blocks:
            sentinels = Sentinels(self.columns)
            for features, labels in self.read():
                sentinels.see(features)
                yield features, labels
            sentinels.warn()

        return dataclasses.replace(self, read=read)
