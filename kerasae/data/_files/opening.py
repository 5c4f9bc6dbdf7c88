"""open_table: a table in a file of any format that is read."""

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.packed import text_suffix
from kerasae.data._files.parquet_file import ParquetFile
from kerasae.data._skipping import Skipped

_CSV = (".csv", ".tsv")
_PARQUET = (".parquet", ".pq")
#: Endings of the names of files that are tables.
TABLES = (*_CSV, *_PARQUET)


def open_table(
    path: Path,
    skipped: Skipped,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    wanted: Collection[str] = (),
) -> CsvFile | ParquetFile:
    """A table in a file of any format that is read; arguments as for `tables`.

    Args:
        wanted: names of columns that the file should have, which show how a CSV is laid out.

    Raises:
        ValueError: for a file of another format.
    """
    suffix = text_suffix(path)
    if suffix in _CSV:
        return CsvFile(path, skipped, header, delimiter, encoding, skip, wanted)
    if suffix in _PARQUET:
        return ParquetFile(path)
    raise ValueError(f"Expected a file named .csv, .tsv or .parquet, received {path}.")


def with_present_columns(
    arguments: dict[str, Any], keys: Collection[str], wanted: Collection[str]
) -> dict[str, Any]:
    """Return the arguments of a source without the names of columns that its file lacks.

    Args:
        arguments: Arguments of a source, with those of `open_table` among them.
        keys: Arguments that name a column, or several.
        wanted: Names of columns that the file should have, which show how a CSV is laid out.
    """
    layout = {key: arguments.get(key) for key in ("header", "delimiter", "encoding", "skip")}
    with warnings.catch_warnings():
        # What is to be said is said when the rows are read.
        warnings.simplefilter("ignore")
        names = open_table(Path(arguments["path"]), Skipped("skip"), **layout, wanted=wanted).names
    present: dict[str, Any] = {}
    for key in keys:
        named = arguments.get(key)
        if isinstance(named, str):
            present[key] = named if named in names else None
        elif named:
            present[key] = [name for name in named if name in names]
    return arguments | present
