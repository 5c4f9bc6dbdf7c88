"""The rows of a CSV file: columns are found from all of their entries, then read."""

from collections.abc import Callable, Iterable

import pandas as pd
import pyarrow as pa

from kerasae.data._columns.column_finder import ColumnFinder, agree_on_dates, file_mark
from kerasae.data._columns.column_reader import ColumnReader
from kerasae.data._columns.unread import check_written_alike, warn_of_unread
from kerasae.data._files.csv_file import CsvFile
from kerasae.data.tables._selection import Selection
from kerasae.data.tables._typed_rows import Blocks, TypedRows
from kerasae.spec import Column

#: Greatest size in bytes, unpacked, of a file whose strings are kept in memory while its columns are found.
_KEPT = 32 * 2**20


def csv_rows(source: CsvFile, selection: Selection) -> TypedRows:
    """Find the number of rows and the columns of a CSV file, and return its rows.

    Raises:
        ValueError: when the rows are read, if a column is written in another way than in the training.
    """
    blocks: Callable[[], Iterable[pa.Table]]
    if source.size <= _KEPT:
        kept = [*source.blocks()]
        blocks = lambda: kept  # noqa: E731
        first: Iterable[pa.Table] = kept
    else:
        # Rows that cannot be read are named in the first pass.
        again = source.again()
        blocks, first = again.blocks, source.blocks()
    if selection.known is None:
        rows, columns = _find(first, blocks, selection, source.delimiter)
    else:
        rows, columns = sum(len(block) for block in first), selection.known_columns()
    readers = {column.name: ColumnReader(column) for column in columns}

    def read() -> Blocks:
        for block in blocks():
            yield selection.with_ids_and_labels(_read_block(block, readers), block)
        if selection.known is not None:
            check_written_alike(readers.values(), source.path)
        rule = "of the type given" if selection.known is None else "of the kind of the training"
        warn_of_unread(readers.values(), rule)

    return TypedRows(rows, columns, read)


def _find(
    first: Iterable[pa.Table],
    blocks: Callable[[], Iterable[pa.Table]],
    selection: Selection,
    delimiter: str,
) -> tuple[int, list[Column]]:
    """Return the number of rows, and the columns that their entries show."""
    finders = {
        name: ColumnFinder(name, selection.types.get(name), selection.missing[name], selection.dayfirst)
        for name in selection.features
    }
    rows = 0
    for block in first:
        rows += len(block)
        for name, finder in finders.items():
            finder.see(block[name])
    undecided = {name: finder for name, finder in finders.items() if finder.undecided}
    if undecided:
        for block in blocks():
            for name, finder in undecided.items():
                finder.look(block[name])
    agree_on_dates(finders.values())
    mark = selection.decimal or file_mark(finders.values(), delimiter)
    return rows, [finder.found(mark) for finder in finders.values()]


def _read_block(block: pa.Table, readers: dict[str, ColumnReader]) -> pd.DataFrame:
    """Return the typed columns of a block."""
    plain, others = {}, {}
    for name, reader in readers.items():
        values = reader.read_plain(block[name])
        if values is None:
            others[name] = reader.read(block[name])
        else:
            plain[name] = values
    # Plain columns are converted together, because each conversion takes longer than its numbers do.
    frame = pa.table(plain).to_pandas() if plain else pd.DataFrame(index=range(len(block)))
    if not others:
        return frame
    together = pd.concat([frame, pd.DataFrame(others)], axis=1) if plain else pd.DataFrame(others)
    return together[[*readers]]
