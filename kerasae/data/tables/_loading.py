"""The rows of a file as data: in memory, or stored on disk."""

import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae import registry
from kerasae.data._base import Data, draw_splits
from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.opening import open_table
from kerasae.data._files.packed import stem
from kerasae.data._skipping import Skipped
from kerasae.data._split import Split
from kerasae.data.tables._checks import Reader, check_types, joined_labels
from kerasae.data.tables._csv_rows import csv_rows
from kerasae.data.tables._declared import declared
from kerasae.data.tables._index import find_ids
from kerasae.data.tables._parquet_rows import parquet_rows
from kerasae.data.tables._sentinels import Sentinels
from kerasae.data.tables._stored_table import TableWriter
from kerasae.spec import Column, Spec

#: Files of more bytes, unpacked, are streamed unless something else is said.
_LARGE = 200 * 2**20


def load_rows(options: dict[str, Any], known: Sequence[Column] | None) -> Data:
    """Return the rows of a file.

    Args:
        options: Arguments of `tables` by name.
        known: Columns of the training; `None` finds them.
    """
    path, labels, types = options["path"], options["labels"], options["types"] or {}
    file_path = Path(path)
    skipped = Skipped(options["on_error"])
    layout = {key: options[key] for key in ("header", "delimiter", "encoding", "skip")}
    wanted = [column.name for column in known or ()]
    source: Any = open_table(file_path, skipped, **layout, wanted=wanted)
    ids, left_out = find_ids(source, options, known)
    drop = options["drop"]
    by_column = options["missing"] if isinstance(options["missing"], dict) else {}
    wanted = [labels, *ids, *drop, *types, *by_column, *(column.name for column in known or ())]
    for name in wanted:
        if name is not None and name not in source.names:
            raise ValueError(f"No column '{name}' in {path}; {registry.did_you_mean(name, source.names)}")
    check_types(types)
    used = [name for name in source.names if name not in (*drop, labels, *ids, *left_out)]
    if known is not None:
        extra = [name for name in used if name not in {column.name for column in known}]
        _warn_of_ignored(extra)
        used = [column.name for column in known]
    if not used:
        raise ValueError(f"Expected columns beside labels and id in {path}, received none.")
    missing = {name: declared(options["missing"], name) for name in used}
    if isinstance(source, CsvFile):
        rows, columns, read = csv_rows(source, used, types, missing, labels, ids, options, known)
    else:
        rows, columns, read = parquet_rows(source, used, types, missing, labels, ids, known)
    spec = Spec("table", (len(columns),), "mixed", columns=tuple(columns))
    shares = (options[key] for key in ("validation", "calibration", "test", "seed"))
    parts = draw_splits(rows, *shares, where=f" in {path}")
    stream = options["stream"]
    if stream is None:
        stream = source.size > _LARGE
    name = stem(file_path)
    if known is None:
        read = _watched(read, columns)
    if not stream:
        if rows == 0:
            raise ValueError(f"Expected rows in {path}, received none below the names of the columns.")
        frames, found = zip(*read(), strict=True)
        together = pd.concat(frames, ignore_index=not ids)
        everything = Split(together, joined_labels(found))
        splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
        return Data(name, spec, **splits, skipped=skipped.lines)
    home = tempfile.TemporaryDirectory(prefix="kerasae-")
    writers = [TableWriter(home, split) for split in parts]
    owner = np.empty(rows, "uint8")
    for number, part in enumerate(parts.values()):
        owner[part] = number
    names = [*parts]
    del parts
    start, found_labels = 0, []
    for frame, given in read():
        found_labels.append(given)
        mine = owner[start : start + len(frame)]
        start += len(frame)
        for number, writer in enumerate(writers):
            writer.write(frame.iloc[np.flatnonzero(mine == number)])
    tidied = joined_labels(found_labels)
    stored: dict[str, Any] = {
        key: writer.split(None if tidied is None else tidied[owner == number])
        for number, (key, writer) in enumerate(zip(names, writers, strict=True))
    }
    return Data(name, spec, **stored, skipped=skipped.lines)


def _warn_of_ignored(extra: list[str]) -> None:
    if extra:
        shown = ", ".join(f"'{name}'" for name in extra[:8])
        more = f" and {len(extra) - 8} more" if len(extra) > 8 else ""
        warnings.warn(f"Columns that the training did not have are ignored: {shown}{more}.", stacklevel=2)


def _watched(read: Reader, columns: Sequence[Column]) -> Reader:
    """A reader that names the numbers that stand out, once all rows are read."""

    def watched() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        sentinels = Sentinels(columns)
        for frame, labels in read():
            sentinels.see(frame)
            yield frame, labels
        sentinels.warn()

    return watched
