"""CSV files: tables with a user's values unchanged, and sheets that are safe in a spreadsheet."""

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

#: Characters that may begin a formula in a spreadsheet, with the forms of East Asian keyboards.
#: *OWASP, CSV Injection.*
_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
#: A sign, digits and marks between them: a number, a date or a telephone number, or a single sign.
_HARMLESS = re.compile(r"[+-]*[\d\s.,:/%'()]*(?:[eE][+-]?\d+)?|[+-](?:inf|nan)|[@=\uff1d\uff0b\uff0d\uff20]")


def write_table(frame: pd.DataFrame, path: Path, *, append: bool = False, **index: Any) -> None:
    """Write a table as a CSV file with every value unchanged, for other programs.

    Args:
        frame: Table.
        path: Path of the file.
        append: Whether the rows are appended to a file that has the headings. Defaults to `False`.
        **index: Arguments `index` and `index_label` of `pandas.DataFrame.to_csv`. By default the index is not
            written.
    """
    # For Python's writer a single carriage return ends no line, but for readers it does.
    broken = any(
        isinstance(value, str) and "\r" in value
        for place, dtype in enumerate(frame.dtypes)
        if _holds_texts(dtype)
        for value in frame.iloc[:, place]
    )
    # A file name that is not UTF-8 holds surrogates, which UTF-8 cannot write.
    frame.to_csv(
        path,
        mode="a" if append else "w",
        header=not append,
        errors="backslashreplace",
        quoting=csv.QUOTE_NONNUMERIC if broken else csv.QUOTE_MINIMAL,
        **{"index": False, **index},
    )


def with_keys(frame: pd.DataFrame, keys: Mapping[str, Any]) -> pd.DataFrame:
    """Return a table of a user with further columns before it.

    Underscores follow the name of a further column if the table has a column of this name.

    Args:
        frame: Table.
        keys: Values of the further columns, `(rows,)`, by name.
    """
    frame = frame.copy()
    for place, (name, values) in enumerate(keys.items()):
        while name in frame.columns:
            name = f"{name}_"
        frame.insert(place, name, np.asarray(values))
    return frame


def write_sheet(frame: pd.DataFrame, path: Path, *, append: bool = False) -> None:
    """Write a table of results about rows, for people who open it in a spreadsheet.

    If a spreadsheet would run a text or a heading as a formula, such as `=1+1` or `@SUM(A1)`, an apostrophe
    is put in front of it. Numbers stay numbers, and texts that look like numbers, such as `-5` and
    `+49 30 1234`, stay unchanged.

    Args:
        frame: Table. Its index is not written.
        path: Path of the file.
        append: Whether the rows are appended to a file that has the headings. Defaults to `False`.
    """
    shown = frame.rename(columns=plain)
    for place, dtype in enumerate(frame.dtypes):
        if _holds_texts(dtype):
            cells = pd.Series([plain(value) for value in frame.iloc[:, place]], frame.index, dtype=object)
            inferred = cells.infer_objects()
            # Beside floats, integers would become floats too.
            shown.isetitem(place, cells if pd.api.types.is_float_dtype(inferred.dtype) else inferred)
    write_table(shown, path, append=append)


def _holds_texts(dtype: Any) -> bool:
    return not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_datetime64_any_dtype(dtype))


def plain(value: Any) -> Any:
    """Return a value that no spreadsheet runs as a formula.

    Example:
        >>> plain("=1+1"), plain("-5"), plain(-5)
        ("'=1+1", '-5', -5)
    """
    if isinstance(value, str) and value[:1] and value[0] in _STARTS and not _HARMLESS.fullmatch(value):
        return f"'{value}"
    return value
