"""ParquetFile: a Parquet file in typed blocks."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kerasae.files import reason_of

#: Errors of Arrow for a damaged Parquet file. A name that is not UTF-8 raises a ValueError.
_DAMAGED = (pa.ArrowException, OSError, ValueError)


class ParquetFile:
    """The rows of a Parquet file as typed blocks.

    Args:
        path: Path of the file.

    Raises:
        ValueError: if it is no Parquet file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        #: As in `CsvFile`. A row of a Parquet file is never left out.
        self.left_out: list[int] = []
        try:
            self._file = pq.ParquetFile(path)
            self.schema = self._file.schema_arrow
            self.names = list(self.schema.names)
            #: Columns that pandas wrote as an index, and the sign of it, for a warning.
            self.index = _pandas_index(self.schema)
        except _DAMAGED as error:
            raise ValueError(f"Expected a Parquet file in {path}, received: {reason_of(error)}") from None
        if repeated := [name for name in self.names if self.names.count(name) > 1]:
            raise ValueError(
                f"Expected a name of its own for each column of {path}, received the name '{repeated[0]}' "
                "more than once."
            )
        self.index_words = f"{', '.join(self.index)} in {path} is the index of the table that pandas wrote"

    @property
    def size(self) -> int:
        """Size of the unpacked columns in bytes."""
        metadata = self._file.metadata
        return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))

    def blocks(self) -> Iterator[pa.Table]:
        """Give the rows in order, at most 16,384 at a time.

        Raises:
            ValueError: if a page is damaged.
        """
        batches = self._file.iter_batches(16384)
        while True:
            try:
                table = pa.Table.from_batches([next(batches)])
                # Otherwise a text that is not UTF-8 fails later, wherever it is first looked at.
                table.validate(full=True)
            except StopIteration:
                return
            except _DAMAGED as error:
                raise ValueError(
                    f"Expected a whole Parquet file in {self.path}, received a damaged one: "
                    f"{reason_of(error)}"
                ) from None
            yield table


def _pandas_index(schema: pa.Schema) -> list[str]:
    """Return the columns that hold an index. An index that only counts the rows is stored in none."""
    metadata = schema.pandas_metadata
    columns = metadata.get("index_columns") if isinstance(metadata, dict) else None
    return [name for name in schema.names if name in columns] if isinstance(columns, list) else []
