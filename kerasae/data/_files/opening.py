"""open_table: open a table in a file, CSV, Excel or Parquet."""

import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.packed import text_suffix
from kerasae.data._files.parquet_file import ParquetFile
from kerasae.data._files.sheet import SheetText
from kerasae.data._skipping import Skipped

_CSV = (".csv", ".tsv")
_PARQUET = (".parquet", ".pq")
_EXCEL = (".xlsx", ".xlsm")
#: Endings of the names of files that are tables.
TABLES = (*_CSV, *_PARQUET, *_EXCEL)
#: Arguments of a source about the layout of a table in a file.
LAYOUT = ("header", "delimiter", "encoding", "skip", "sheet")


def open_table(
    path: Path,
    skipped: Skipped,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    sheet: str | None = None,
    wanted: Collection[str] = (),
) -> CsvFile | ParquetFile:
    """Open a table in a CSV, Excel or Parquet file.

    Args:
        path: Path of the file.
        skipped: Collector of rows that cannot be read.
        header: Whether the first row of a CSV file or a sheet holds names. Defaults to `None`, which detects
            it.
        delimiter: Character between the cells of a CSV file. Defaults to `None`, which detects it.
        encoding: Encoding of a CSV file. Defaults to `None`, for UTF-8, or UTF-16 with its mark.
        skip: Number of lines above the table in a CSV file or a sheet. Defaults to `None`, which skips
            comments.
        sheet: Name of the sheet of an Excel file. Defaults to `None`, the first one.
        wanted: Names of columns that the file should have. They help to detect the layout of a CSV file.
            Defaults to none.

    Raises:
        ValueError: if the file has another format.
    """
    suffix = text_suffix(path)
    if suffix in _CSV:
        return CsvFile(path, skipped, header, delimiter, encoding, skip, wanted)
    if suffix in _PARQUET:
        return ParquetFile(path)
    if suffix in _EXCEL:
        return CsvFile(path, skipped, header, ",", None, skip, wanted, text=SheetText(path, sheet))
    raise ValueError(f"Expected a file named .csv, .tsv, .xlsx or .parquet, received {path}.")


def with_present_columns(
    arguments: dict[str, Any], keys: Collection[str], wanted: Collection[str]
) -> dict[str, Any]:
    """Return the arguments of a source without the names of columns that its file lacks.

    Args:
        arguments: Arguments of a source, with those of `open_table` among them.
        keys: Arguments that name a column, or several.
        wanted: Names of columns that the file should have. They help to detect the layout of a CSV file.
    """
    layout = {key: arguments.get(key) for key in LAYOUT}
    with warnings.catch_warnings():
        # The warnings come when the rows are read.
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
