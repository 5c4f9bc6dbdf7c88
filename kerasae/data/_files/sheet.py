"""SheetText: a sheet of an Excel file as a text file of cells."""

import csv
import datetime
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kerasae.data._files.temporary import TemporaryCopy
from kerasae.extras import import_extra
from kerasae.files import reason_of
from kerasae.registry import did_you_mean


class SheetText:
    """The cells of a sheet in a temporary file, as CSV. A formula is its last value.

    Args:
        path: Path of an `.xlsx` file.
        sheet: Name of the sheet. Defaults to `None`, the first one.

    Attributes:
        path: Path of the CSV file.

    Raises:
        ImportError: if openpyxl is missing.
        ValueError: if the file cannot be read, or has no such sheet.

    Warns:
        UserWarning: if there are several sheets, and none is named.
    """

    def __init__(self, path: Path, sheet: str | None = None) -> None:
        cells = _cells(path, sheet)
        self._copied = TemporaryCopy()
        self.path = self._copied.path
        texts = pd.DataFrame({place: _texts(cells[place]) for place in cells}, dtype=object)
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            for row in texts.itertuples(index=False, name=None):
                # An empty row keeps the numbers of the lines, and is no row of the table.
                writer.writerow(row if any(row) else ())


def _cells(path: Path, sheet: str | None) -> pd.DataFrame:
    """Return the cells of a sheet; an empty one is an empty text."""
    import_extra("openpyxl", "excel", f"Reading {path.name}")
    try:
        # Styles and extensions that openpyxl leaves out are not cells.
        with warnings.catch_warnings(action="ignore"), pd.ExcelFile(path, engine="openpyxl") as book:
            names = [str(name) for name in book.sheet_names]
            if sheet is None or sheet in names:
                cells = book.parse(
                    sheet or names[0], header=None, dtype=object, keep_default_na=False, na_filter=False
                )
    # For a damaged file, zipfile, openpyxl and the parser of XML raise a dozen types of errors.
    except Exception as error:
        raise ValueError(f"Expected an Excel file in {path}, received: {reason_of(error)}.") from None
    if sheet is not None and sheet not in names:
        raise ValueError(f"No sheet '{sheet}' in {path}; {did_you_mean(sheet, names)}")
    if sheet is None and len(names) > 1:
        warnings.warn(
            f"{path} has {len(names)} sheets, and '{names[0]}' is read; --set data.sheet=NAME chooses "
            "another one.",
            stacklevel=2,
        )
    return cells


def _texts(column: pd.Series) -> Sequence[str]:
    """Return the entries of a column as texts. Dates without any time of day are written without one."""
    dates = [value for value in column if isinstance(value, datetime.datetime)]
    only_dates = all(value.time() == datetime.time() for value in dates)
    return [_text(value, only_dates) for value in column]


def _text(value: Any, only_dates: bool) -> str:
    if isinstance(value, datetime.datetime) and only_dates:
        return str(value.date())
    if isinstance(value, datetime.timedelta):
        return str(value.total_seconds())
    return "" if value is None or value != value else str(value)
