"""CSV files: of a user's values, as they are, and about them, for a spreadsheet."""

import csv
import re
from pathlib import Path
from typing import Any

import pandas as pd

#: What a spreadsheet may begin a formula with, in the forms of East Asian keyboards too.
#: *OWASP, CSV Injection.*
_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
#: A sign, digits and what stands between them: a number, a date or a telephone number, or a lone sign.
_HARMLESS = re.compile(r"[+-]*[\d\s.,:/%'()]*(?:[eE][+-]?\d+)?|[+-](?:inf|nan)|[@=\uff1d\uff0b\uff0d\uff20]")


def write_table(frame: pd.DataFrame, path: Path, *, append: bool = False, **index: Any) -> None:
    """Writes a table as a CSV, every value as it is; for files that other programs read.

    Args:
        frame: the table.
        path: of the file.
        append: whether the rows go below those of a file that has the headings.
        **index: `index` and `index_label`, as `pandas.DataFrame.to_csv` takes them; by default the index
            is not written.
    """
    # The writer of Python takes a lone carriage return for no end of a line; readers do.
    broken = any(
        isinstance(value, str) and "\r" in value
        for place, dtype in enumerate(frame.dtypes)
        if _holds_texts(dtype)
        for value in frame.iloc[:, place]
    )
    # A file name that is not UTF-8 holds what UTF-8 cannot write.
    frame.to_csv(
        path,
        mode="a" if append else "w",
        header=not append,
        errors="backslashreplace",
        quoting=csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL,
        **{"index": False, **index},
    )


def write_sheet(frame: pd.DataFrame, path: Path, *, append: bool = False) -> None:
    """Writes a table that says something about rows, for people who open it in a spreadsheet.

    A text or a heading that a spreadsheet would take for a formula, such as `=1+1` or `@SUM(A1)`, has an
    apostrophe put before it. Numbers stay numbers, and texts that look like numbers, such as `-5` and
    `+49 30 1234`, stay as they are.

    Args:
        frame: the table, whose index is not written.
        path: of the file.
        append: whether the rows go below those of a file that has the headings.
    """
    shown = frame.rename(columns=plain)
    for place, dtype in enumerate(frame.dtypes):
        if _holds_texts(dtype):
            shown.isetitem(place, frame.iloc[:, place].astype(object).map(plain))
    write_table(shown, path, append=append)


def _holds_texts(dtype: Any) -> bool:
    return not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype))


def plain(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula.

    Example:
        >>> plain("=1+1"), plain("-5"), plain(-5)
        ("'=1+1", '-5', -5)
    """
    if isinstance(value, str) and value[:1] and value[0] in _STARTS and not _HARMLESS.fullmatch(value):
        return f"'{value}"
    return value
