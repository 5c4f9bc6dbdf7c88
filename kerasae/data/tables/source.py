"""The source of tables: CSV and Parquet files, with columns of any type and missing entries anywhere."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from kerasae.data._data import Data
from kerasae.data._files.opening import TABLES, with_present_columns
from kerasae.data._files.packed import text_suffix
from kerasae.data.tables._loading import load_rows
from kerasae.spec import Column, Spec

#: Arguments that name files.
PATHS = ("path",)


def accepts(path: Path) -> bool:
    """Whether a file is a table, by its name."""
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
    decimal: Literal[".", ","] | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    stream: bool | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """The rows of a CSV or Parquet file.

    The type of a CSV's column is found from all of its entries: 0 and 1, or two words such as yes and
    no, are booleans; then numbers, also with a currency, a unit, a percent sign, thousands or brackets
    around them; times of day, as seconds since midnight; dates in one usual format throughout; otherwise
    categories. A number that begins with 0, such as 007, is a category. How the entries are written is
    kept with the column: new files are read in the same way, and results are written so. The index that
    pandas writes, a first column without a name in a CSV, is taken as `id`.

    Args:
        path: of the file; `.csv`, `.tsv`, `.parquet`; the first two also as `.gz`, `.bz2`, `.xz`, `.zip`.
        labels: the column of labels, which no training sees.
        id: a column, or several, that name the rows, which no training sees; they become the index. By
            default the index that pandas wrote, which no training sees either unless `types` names it.
        drop: columns to leave out.
        types: the kind of a column where the one found is not wanted: `number`, `boolean`, `date`,
            `category`. Entries that are no such thing are missing then, with a warning.
        missing: entries that stand for a missing one, in all columns, or a dict of them by column.
        header: whether the first row of a CSV holds names; found by default.
        delimiter: of a CSV, a space for any number of spaces; found by default.
        encoding: of a CSV, such as `latin-1`; by default UTF-8, or UTF-16 by its mark.
        skip: lines above the table of a CSV; by default comments, which begin with `#` or `//`.
        decimal: the mark before the decimals, where 2,308 or 2.308 does not show it.
        dayfirst: whether 02/01/2020 is the second of January, where the column does not show it.
        on_error: what a row does that cannot be read (too many cells, too few, not UTF-8): `"raise"`
            ends the reading, `"skip"` leaves it out and lists it.
        stream: whether rows stay on disk, in a temporary folder, and are read as they are needed;
            by default above 200 MB, unpacked.
        validation: share of the rows left by the test split.
        calibration: share of the rows left by the test split; 0 for no such rows.
        test: share of all rows.
        seed: of the splits.

    Raises:
        ValueError: for a row that cannot be read, with its line, an unknown column, or numbers that may
            have thousands or decimals.
    """
    options = dict(locals())
    return load_rows(options, None)


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return all rows of a file in the test split, read as those of the training were.

    Columns of labels, ids and dropped ones may be missing.
    """
    named = ("labels", "id", "drop")
    arguments = with_present_columns(arguments, named, [column.name for column in spec.columns])
    if not spec.columns:
        return tables(**arguments, test=1.0)
    # By the notations that were found in training, whatever this file looks like by itself.
    found = ("types", "dayfirst", "decimal", "missing")
    arguments = {key: value for key, value in arguments.items() if key not in found}
    return tables_like(spec.columns, **arguments, test=1.0)


def tables_like(columns: Sequence[Column], **options: Any) -> Data:
    """The rows of a file, read by the columns of another: that of a training.

    Args:
        columns: with the notations by which the entries are read.
        **options: of `tables`.

    Raises:
        ValueError: for a column that the file lacks, or an entry that is written in another way than in
            the training.
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(tables).parameters.items()
        if parameter.default is not parameter.empty
    }
    return load_rows({**defaults, **options}, columns)
