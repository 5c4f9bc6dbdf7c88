"""open_table: a table in a file of any format that is read."""

from collections.abc import Collection
from pathlib import Path

from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.packed import text_suffix
from kerasae.data._files.parquet_file import ParquetFile
from kerasae.data._skipping import Skipped

CSV = (".csv", ".tsv")


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
    if suffix in CSV:
        return CsvFile(path, skipped, header, delimiter, encoding, skip, wanted)
    if suffix in (".parquet", ".pq"):
        return ParquetFile(path)
    raise ValueError(f"Expected a file named .csv, .tsv or .parquet, received {path}.")
