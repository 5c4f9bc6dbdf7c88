"""The rows of a file as data: in memory, or stored on disk."""

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.data._data import Data
from kerasae.data._drawing import draw_splits
from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.opening import LAYOUT, open_table
from kerasae.data._files.packed import stem
from kerasae.data._labels import tidy_labels
from kerasae.data._skipping import Skipped
from kerasae.data._split import Split
from kerasae.data.tables._csv_rows import csv_rows
from kerasae.data.tables._parquet_rows import parquet_rows
from kerasae.data.tables._selection import Selection
from kerasae.data.tables._stored_table import StoredTable, TableWriter
from kerasae.data.tables._typed_rows import TypedRows
from kerasae.spec import Column, Spec

#: Size in bytes, unpacked, above which a file is streamed by default.
_LARGE = 200 * 2**20
#: Draws the numbers of the rows of each split.
_Draw = Callable[[], dict[str, np.ndarray]]


def load_rows(options: dict[str, Any], known: Sequence[Column] | None) -> Data:
    """Return the rows of a file.

    Args:
        options: Arguments of `tables` by name.
        known: Columns of the training; `None` finds them.
    """
    path = options["path"]
    skipped = Skipped(options["on_error"])
    layout = {key: options[key] for key in LAYOUT}
    source = open_table(Path(path), skipped, **layout, wanted=[column.name for column in known or ()])
    selection = Selection.of(source, options, known)
    rows = csv_rows(source, selection) if isinstance(source, CsvFile) else parquet_rows(source, selection)
    spec = Spec("table", (len(rows.columns),), "mixed", columns=tuple(rows.columns))
    shares = (options[key] for key in ("validation", "calibration", "test", "seed"))
    draw = functools.partial(draw_splits, rows.count, *shares, where=f" in {path}")
    stream = options["stream"]
    if stream is None:
        stream = source.size > _LARGE
    if not selection.ids:
        rows = rows.numbered(source.left_out)
    if known is None:
        rows = rows.watched()
    splits: dict[str, Any] = _stored(rows, draw) if stream else _in_memory(rows, draw, path)
    return Data(stem(Path(path)), spec, **splits, skipped=skipped.lines)


def _in_memory(rows: TypedRows, draw: _Draw, path: str) -> dict[str, Split]:
    """Return the splits in memory."""
    parts = draw()
    if rows.count == 0:
        raise ValueError(f"Expected rows in {path}, received none below the names of the columns.")
    frames, labels = zip(*rows.read(), strict=True)
    everything = Split(pd.concat(frames), _joined_labels(labels))
    return {name: everything.rows(part) for name, part in parts.items()}


def _stored(rows: TypedRows, draw: _Draw) -> dict[str, StoredTable]:
    """Return the splits as files in a temporary folder."""
    parts = draw()
    home = tempfile.TemporaryDirectory(prefix="kerasae-")
    writers = {name: TableWriter(home, name) for name in parts}
    owner = np.empty(rows.count, "uint8")
    for number, part in enumerate(parts.values()):
        owner[part] = number
    # There may be millions of rows.
    del parts
    start, blocks = 0, []
    for frame, labels in rows.read():
        blocks.append(labels)
        mine = owner[start : start + len(frame)]
        start += len(frame)
        for number, writer in enumerate(writers.values()):
            writer.write(frame.iloc[np.flatnonzero(mine == number)])
    joined = _joined_labels(blocks)
    return {
        name: writer.split(None if joined is None else joined[owner == number])
        for number, (name, writer) in enumerate(writers.items())
    }


def _joined_labels(blocks: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Return the labels of all rows, of one type. The labels of a single block might suggest another type."""
    present = [labels for labels in blocks if labels is not None]
    return tidy_labels(np.concatenate(present)) if present else None
