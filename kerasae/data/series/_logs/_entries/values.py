"""Values: the channels of a block as numbers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae.data._columns.column_reader import ColumnReader
from kerasae.data._columns.sentinels import Sentinels
from kerasae.data._columns.unread import check_written_alike, warn_of_unread
from kerasae.spec import Column


class Values:
    """Reads the channels of blocks as numbers, and counts entries that are none.

    Args:
        channels: Channels with their notations.
        known: Whether they are those of a training.
    """

    def __init__(self, channels: Sequence[Column], known: bool) -> None:
        self._channels, self._known = channels, known
        self._readers = {column.name: ColumnReader(column) for column in channels}
        # Numbers that stand for missing ones are known already where the user named some.
        self._sentinels = Sentinels([] if known else [one for one in channels if not one.notation.missing])

    def read(self, block: pa.Table) -> np.ndarray:
        """Return the readings of a block, `(rows, channels)`, float64, NaN for missing."""
        values = np.empty((len(block), len(self._channels)))
        for number, column in enumerate(self._channels):
            values[:, number] = self._column(block[column.name], column)
        # An infinite number is no reading.
        values[np.isinf(values)] = np.nan
        frame = pd.DataFrame(values, columns=[column.name for column in self._channels], copy=False)
        self._sentinels.see(frame)
        return values

    def _column(self, entries: pa.ChunkedArray, column: Column) -> np.ndarray:
        if pa.types.is_string(entries.type):
            reader = self._readers[column.name]
            plain = reader.read_plain(entries)
            if plain is not None:
                return _floats(plain)
            return reader.read(entries).to_numpy("float64", na_value=np.nan)
        values = _floats(entries)
        if gone := column.notation.missing_numbers:
            values = np.where(np.isin(values, gone), np.nan, values)
        return values

    def tell(self, path: Path) -> None:
        """Warn of entries that could not be read, after the last block.

        Raises:
            ValueError: if a channel is written in another way than in the training.
        """
        if self._known:
            check_written_alike(self._readers.values(), path)
        warn_of_unread(self._readers.values(), "readings of their channel")
        self._sentinels.warn()


def _floats(values: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_duration(values.type):
        seconds = pc.cast(values.cast(pa.duration("ns"), safe=False), pa.int64())
        return _floats(seconds) / 1e9
    if pa.types.is_boolean(values.type) or pa.types.is_decimal(values.type):
        values = values.cast(pa.int8() if pa.types.is_boolean(values.type) else pa.float64())
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(), "float64")
