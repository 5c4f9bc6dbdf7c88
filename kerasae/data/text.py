"""Texts: the lines of a text file, or a column of a CSV, Excel or Parquet file."""

import dataclasses
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from kerasae.data._array_data import make_data
from kerasae.data._data import Data
from kerasae.data._files.encoding import encoding_advice
from kerasae.data._files.opening import TABLES, open_table, with_present_columns
from kerasae.data._files.packed import stem, text_suffix
from kerasae.data._files.plain_text import PlainText
from kerasae.data._labels import labels_of, tidy_labels
from kerasae.data._skipping import Skipped, row_numbers
from kerasae.notations import nulls
from kerasae.registry import did_you_mean
from kerasae.spec import Spec

#: Names of the arguments that name files.
PATHS = ("path",)
#: Names of arguments that make this the source of a file which is a table otherwise.
CLAIMS = ("column",)


def accepts(path: Path) -> bool:
    """Return whether a file holds one text in each line, judged by its name."""
    return path.is_file() and text_suffix(path) == ".txt"


def accepts_more(path: Path) -> bool:
    """Return whether a file holds lines or a table, judged by its name."""
    return path.is_file() and text_suffix(path) in (".txt", *TABLES)


def text(
    path: str,
    *,
    column: str | None = None,
    labels: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Load texts into memory. Empty texts are left out.

    Args:
        path: Path of a text file, or of a `.csv`, `.tsv`, `.xlsx` or `.parquet` file.
        column: Name of the column of texts in a CSV, Excel or Parquet file. Defaults to `None`.
        labels: Name of the column of labels there. The training never sees labels. Defaults to `None`.
        header: Whether the first row of a CSV file holds the names of the columns. Detected by default.
        delimiter: Character between the cells of a CSV file. Detected by default.
        encoding: Encoding of the file, such as `latin-1`. Defaults to UTF-8, or to UTF-16 if the file begins
            with its mark.
        sheet: Name of the sheet of an Excel file. Defaults to `None`, the first one.
        on_error: Action for a line or row that cannot be read. `"raise"` ends the reading; `"skip"` leaves
            it out and lists it. Defaults to `"raise"`.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1). Defaults
            to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No
            rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1). Every row if it is 1. Defaults to 0.2.
        seed: Seed of the splits. Defaults to 0.

    Raises:
        ValueError: if a line is not UTF-8, with its number, or if a column does not exist.
    """
    file_path = Path(path)
    if not file_path.is_file():
        raise FileNotFoundError(f"Expected a file of texts, found none at {path}.")
    skipped = Skipped(on_error)
    given: np.ndarray | None = None
    if text_suffix(file_path) in TABLES:
        layout = {"header": header, "delimiter": delimiter, "encoding": encoding, "sheet": sheet}
        texts, given, numbers = _column(file_path, column, labels, skipped, layout)
    elif column is not None or labels is not None:
        raise ValueError(
            f"`column` and `labels` name columns of a CSV, Excel or Parquet file, received {path}."
        )
    else:
        texts = _lines(file_path, skipped, encoding)
        numbers = np.arange(len(texts))
    kept = np.array([bool(one.strip()) for one in texts], bool)
    if kept.sum() < (1 if test == 1 else 4):
        raise ValueError(f"Expected at least 4 texts in {path}, received {int(kept.sum())}.")
    examples = np.array(texts, dtype=object)[kept]
    data = make_data(
        stem(file_path),
        Spec("text", (0,), "string"),
        examples,
        None if given is None else given[kept],
        numbers=numbers[kept],
        validation=validation,
        calibration=calibration,
        test=test,
        seed=seed,
    )
    return dataclasses.replace(data, skipped=skipped.lines)


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return the texts of a file, by default as the test split; it may lack labels, and hold lines."""
    if text_suffix(Path(arguments["path"])) in TABLES:
        wanted = [arguments["column"]] if arguments.get("column") else []
        return text(**{"test": 1.0, **with_present_columns(arguments, ("labels",), wanted)})
    of_columns = ("column", "labels", "header", "delimiter", "sheet")
    kept = {key: value for key, value in arguments.items() if key not in of_columns}
    return text(**{"test": 1.0, **kept})


def _lines(path: Path, skipped: Skipped, encoding: str | None) -> list[str]:
    """Return the lines of a file. A line that cannot be read is an empty text."""
    lines = []
    text = PlainText(path, encoding)
    with text.path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                lines.append(line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n"))
            except UnicodeDecodeError as error:
                lines.append("")
                skipped.add(
                    f"{path}, line {number}",
                    f"not UTF-8 at byte {error.start + 1} of the line",
                    encoding_advice(text.path),
                )
    return lines


def _column(
    path: Path,
    column: str | None,
    labels: str | None,
    skipped: Skipped,
    layout: dict[str, Any],
) -> tuple[list[str], np.ndarray | None, np.ndarray]:
    """Return the entries of the column of texts, the labels, and the numbers of the rows in the file."""
    source: Any = open_table(path, skipped, **layout, wanted=() if column is None else [column])
    if column is None:
        raise ValueError(
            f"Expected the column of the texts in {path}: --text COLUMN; there is: {', '.join(source.names)}."
        )
    for name in (column, labels):
        if name is not None and name not in source.names:
            raise ValueError(f"No column '{name}' in {path}; {did_you_mean(name, source.names)}")
    texts: list[str] = []
    given: list[Any] = []
    for block in source.blocks():
        texts += _strings(block[column])
        if labels is not None:
            given += labels_of(block[labels]).tolist()
    numbers = row_numbers(0, len(texts), source.left_out)
    return texts, None if labels is None else tidy_labels(given), numbers


def _strings(column: pa.ChunkedArray) -> list[str]:
    """Return the entries as strings, empty for a missing entry."""
    return ["" if value is None else str(value) for value in nulls(column.cast(pa.string())).to_pylist()]
