"""The rows of a CSV file: columns found from all of their entries, then read."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.data._files.csv_file import CsvFile
from kerasae.data._labels import labels_of
from kerasae.data.tables._checks import Reader, check_contradiction, warn_of_unread
from kerasae.data.tables._column_finder import ColumnFinder, file_mark
from kerasae.data.tables._column_reader import ColumnReader
from kerasae.data.tables._index import index_of
from kerasae.spec import Column

#: Files of up to so many bytes, unpacked, are read once and kept as strings while their columns are found.
_KEPT = 32 * 2**20


def csv_rows(
    source: CsvFile,
    used: list[str],
    types: dict[str, Any],
    missing: dict[str, tuple[str, ...]],
    labels: str | None,
    ids: list[str],
    options: dict[str, Any],
    known: Sequence[Column] | None,
) -> tuple[int, list[Column], Reader]:
    """Finds the rows and the columns; the reader returned passes over the rows once more."""
    blocks: Callable[[], Iterable[pa.Table]]
    if source.size <= _KEPT:
        kept = [*source.blocks()]
        blocks = lambda: kept  # noqa: E731
        first: Iterable[pa.Table] = kept
    else:
        # Rows that cannot be read are named in the first pass.
        again = source.again()
        blocks, first = again.blocks, source.blocks()
    if known is None:
        rows, columns = _find(first, blocks, used, types, missing, source.delimiter, options)
    else:
        rows = sum(len(block) for block in first)
        columns = [
            dataclasses.replace(column, notation=column.notation.with_missing(missing[column.name]))
            for column in known
        ]
    readers = {column.name: ColumnReader(column) for column in columns}

    def read() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        for block in blocks():
            frame = _read_block(block, readers)
            if ids:
                frame.index = index_of(block, ids)
            yield frame, None if labels is None else labels_of(block[labels])
        if known is not None:
            for one in readers.values():
                check_contradiction(one, source.path)
        warn_of_unread(readers, known)

    return rows, columns, read


def _read_block(block: pa.Table, readers: dict[str, ColumnReader]) -> pd.DataFrame:
    """The typed columns of a block."""
    plain, others = {}, {}
    for name, one in readers.items():
        values = one.read_plain(block[name])
        if values is None:
            others[name] = one.read(block[name])
        else:
            plain[name] = values
    # Plain columns go at once: a column by itself takes longer than its numbers.
    frame = pa.table(plain).to_pandas() if plain else pd.DataFrame(index=range(len(block)))
    if not others:
        return frame
    together = pd.concat([frame, pd.DataFrame(others)], axis=1) if plain else pd.DataFrame(others)
    return together[[*readers]]


def _find(
    first: Iterable[pa.Table],
    blocks: Callable[[], Iterable[pa.Table]],
    used: list[str],
    types: dict[str, Any],
    missing: dict[str, tuple[str, ...]],
    delimiter: str,
    options: dict[str, Any],
) -> tuple[int, list[Column]]:
    """The number of rows, and the columns as their entries show them."""
    finders = {name: ColumnFinder(name, types.get(name), missing[name], options["dayfirst"]) for name in used}
    rows = 0
    for block in first:
        rows += len(block)
        for name, one in finders.items():
            one.see(block[name])
    undecided = {name: one for name, one in finders.items() if one.undecided}
    if undecided:
        for block in blocks():
            for name, one in undecided.items():
                one.look(block[name])
    mark = options["decimal"] or file_mark(finders.values(), delimiter)
    return rows, [one.found(mark) for one in finders.values()]
