"""The source of tables: CSV, Excel and Parquet files, with columns of any type and gaps anywhere."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from kerasae.data._data import Data
from kerasae.data._files.opening import TABLES, with_present_columns
from kerasae.data._files.packed import text_suffix
from kerasae.data.tables._loading import load_rows
from kerasae.spec import Column, Spec

#: Names of the arguments that name files.
PATHS = ("path",)


def accepts(path: Path) -> bool:
    """Return whether a file is a table, judged by its name."""
    return path.is_file() and text_suffix(path) in TABLES


def tables(
    path: str,
    *,
    labels: str | None = None,
    id: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    types: dict[str, Literal["number", "boolean", "date", "category"]] | None = None,
    missing: Sequence[str | float] | dict[str, Sequence[str | float]] = (),
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    sheet: str | None = None,
    decimal: Literal[".", ","] | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    stream: bool | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Load the rows of a CSV, Excel or Parquet file.

    The kind of a column of a CSV file or a sheet is detected from all of its entries, in this order. 0 and 1,
    or two words such as yes and no, are booleans. Numbers come next; they may have a currency, a unit, a
    percent sign, thousands separators or brackets. Times of day are numbers too, in seconds since midnight.
    Dates must have one usual format throughout. All other columns are categories. A number that begins with
    0, such as 007, makes its column a category. In a column of at least 200 numbers or dates, up to a
    hundredth of the entries may be something else, such as 12% among plain numbers; they count as missing,
    with a warning. The notation of the entries is kept with the column: new files are read by it, and results
    are written in it. The index that pandas writes, a first column without a name, is used as `id`.

    Args:
        path: Path of the file: `.csv`, `.tsv`, `.xlsx` or `.parquet`. The first two may be compressed, as
            `.gz`, `.bz2`, `.xz`, `.zst` or `.zip`.
        labels: Name of the column of labels. The training never sees it. Defaults to `None`.
        id: Name of the column that names the rows, or a list of names. These columns become the index, and
            the training never sees them. Defaults to the index that pandas wrote. The training does not see
            that index either, unless `types` names it.
        drop: Names of columns to leave out. Defaults to none.
        types: Kinds by column, to replace those detected: `number`, `boolean`, `date` or `category`. Entries
            that are not of the kind become missing, with a warning. Defaults to none.
        missing: Entries that stand for a missing one: a list for all columns, or a dict of lists by column.
            Defaults to none.
        header: Whether the first row of a CSV file holds the names of the columns. Detected by default.
        delimiter: Character between the cells of a CSV file. A space stands for any number of spaces.
            Detected by default.
        encoding: Encoding of a CSV file, such as `latin-1`. Defaults to UTF-8, or to UTF-16 if the file
            begins with its mark.
        skip: Number of lines above the table in a CSV file. By default, comments are skipped; they begin
            with `#` or `//`.
        sheet: Name of the sheet of an Excel file. Defaults to `None`, the first one.
        decimal: Decimal mark, for columns that leave it open, as 2,308 and 2.308 do. Detected by default.
        dayfirst: Whether 02/01/2020 is the second of January, for columns that leave it open. Detected by
            default.
        on_error: Action for a row that cannot be read, because it has too many or too few cells or is not
            UTF-8. `"raise"` ends the reading; `"skip"` leaves the row out and lists it. Defaults to
            `"raise"`.
        stream: Whether the rows stay on disk, in a temporary folder, and are read when they are needed.
            Defaults to `True` for files above 200 MB, unpacked.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1). Defaults
            to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No
            rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1). Every row if it is 1. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        ValueError: if a row cannot be read, with its line, if a column does not exist, or if a mark in
            numbers may be a thousands separator or a decimal mark.
    """
    options = dict(locals())
    return load_rows(options, None)


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return the rows of a file, read as those of the training were; by default all are the test split.

    Columns of labels, ids and dropped ones may be missing.
    """
    named = ("labels", "id", "drop")
    arguments = with_present_columns(arguments, named, [column.name for column in spec.columns])
    if not spec.columns:
        return tables(**{"test": 1.0, **arguments})
    # The notations were found in training; this file alone may look otherwise.
    found = ("types", "dayfirst", "decimal", "missing")
    arguments = {key: value for key, value in arguments.items() if key not in found}
    return tables_like(spec.columns, **{"test": 1.0, **arguments})


def tables_like(columns: Sequence[Column], **options: Any) -> Data:
    """Load the rows of a file by the columns of a training.

    Args:
        columns: Columns of the training, with the notations that read their entries.
        **options: Arguments of `tables`.

    Raises:
        ValueError: if the file lacks a column, or if an entry is written in another way than in the training.
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(tables).parameters.items()
        if parameter.default is not parameter.empty
    }
    return load_rows({**defaults, **options}, columns)
