"""Sources: the open files of a log, one or a folder of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from kerasae.data._columns.arrow_finder import is_text
from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.opening import LAYOUT, TABLES, open_table
from kerasae.data._files.packed import stem, text_suffix
from kerasae.data._skipping import Skipped
from kerasae.data.series._logs._regular.recording import natural
from kerasae.data.series._logs.options import Options
from kerasae.notations import trim

#: Greatest size in bytes, unpacked, of files whose strings are kept while columns are found.
_KEPT = 1 << 25


def files_of(path: Path) -> list[Path]:
    """Return the files of a log: the path, or the tables in a folder by name.

    Raises:
        FileNotFoundError: if there is nothing.
        ValueError: if a folder holds no tables.
    """
    if not path.exists():
        raise FileNotFoundError(f"Expected a log at {path}, found no such file or folder.")
    if not path.is_dir():
        return [path]
    files = [one for one in path.iterdir() if one.is_file() and not one.name.startswith(".")]
    tables = sorted((one for one in files if text_suffix(one) in TABLES), key=lambda one: natural(one.name))
    if not tables:
        raise ValueError(
            f"Expected .csv, .tsv, .xlsx or .parquet files in the folder {path}, received none; each file is "
            "one recording."
        )
    return tables


class Sources:
    """The files of a log.

    Args:
        files: Paths, in order.
        options: What the user says about the log.
        skipped: Collector of rows that cannot be read.

    Raises:
        ValueError: if the files have different columns.
    """

    def __init__(self, files: list[Path], options: Options, skipped: Skipped) -> None:
        layout = {key: getattr(options, key) for key in LAYOUT}
        self.wanted = [column.name for column in options.channels or ()]
        self.files = [open_table(one, skipped, **layout, wanted=self.wanted) for one in files]
        self.names = [stem(one) for one in files]
        self._optional = {options.group, options.labels, options.split, *options.drop}
        self._check_columns()
        self._kept: list[list[pa.Table]] | None = None
        self._read = False

    @property
    def everywhere(self) -> set[str]:
        """Names of the columns of all files."""
        return {name for one in self.files for name in one.names}

    @property
    def size(self) -> int:
        """Size of the unpacked files in bytes."""
        return sum(one.size for one in self.files)

    def _check_columns(self) -> None:
        """Refuse files with different columns. Labels, groups and dropped columns may be missing."""
        first = self.files[0]
        for wanted in self.wanted:
            for one in self.files:
                if wanted not in one.names:
                    raise ValueError(
                        f"Expected the channel '{wanted}' of the training in {one.path}, received the "
                        f"columns {', '.join(one.names[:6])}; name them as in the training."
                    )
        if self.wanted:
            return
        needed = set(first.names) - self._optional
        for one in self.files[1:]:
            lacking = [name for name in first.names if name in needed and name not in one.names]
            other = [name for name in one.names if name not in needed and name not in self._optional]
            if lacking or other:
                name = (lacking or other)[0]
                has, lacks = (first, one) if lacking else (one, first)
                raise ValueError(
                    f"Expected the same columns in all files, received '{name}' in {has.path} and none in "
                    f"{lacks.path}; leave it out with --set 'data.drop=[\"{name}\"]'."
                )

    def passes(self) -> Iterator[pa.Table]:
        """Give the blocks of all files, for a pass over them."""
        for number in range(len(self.files)):
            yield from self.blocks(number)

    def blocks(self, number: int) -> Iterator[pa.Table]:
        """Give the blocks of one file. Rows that cannot be read are told in the first pass."""
        if self._kept is None:
            self._kept = [[] for _ in self.files]
        kept = self._kept[number]
        if kept:
            yield from kept
            return
        source: Any = self.files[number]
        if not isinstance(source, CsvFile):
            yield from map(with_texts, source.blocks())
            return
        keep = self.size <= _KEPT
        read: list[pa.Table] = []
        for block in source.blocks():
            if keep:
                read.append(block)
            yield block
        self._kept[number] = read
        self.files[number] = source.again()


def with_texts(block: pa.Table) -> pa.Table:
    """Return a typed block whose texts are trimmed strings, as those of a CSV file are."""
    for place, field in enumerate(block.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if is_text(kind):
            texts = trim(block[place].cast(kind).cast(pa.string()))
            block = block.set_column(place, field.name, texts)
    return block
