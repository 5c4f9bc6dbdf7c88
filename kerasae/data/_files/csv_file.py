"""CsvFile: a CSV file in blocks of strings."""

import contextlib
import copy
import csv
import itertools
import sys
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from kerasae.data._files.delimiter import UNIT, split_spaces
from kerasae.data._files.encoding import encoding_advice
from kerasae.data._files.faults import Faults
from kerasae.data._files.layout import find_layout
from kerasae.data._files.packed import text_suffix
from kerasae.data._files.plain_text import PlainText
from kerasae.data._files.sheet import SheetText
from kerasae.data._files.temporary import TemporaryCopy
from kerasae.data._skipping import Skipped

#: Bytes of a CSV file that are read at a time; more where the rows are wide.
BLOCK = 1 << 20
_WIDE = 256


class CsvFile:
    """The rows of a CSV file as blocks of trimmed strings. An empty cell is an empty string.

    Args:
        path: Path of the file, which may be compressed.
        skipped: Collector of rows that cannot be read. `None` leaves them out without a message.
        header: Whether the first row holds the names of the columns. Defaults to `None`, which detects it.
        delimiter: Character between cells. A space stands for any number of spaces. Defaults to `None`, which
            detects it.
        encoding: Encoding by its name in Python. Defaults to `None`, for UTF-8, or UTF-16 with its mark.
        skip: Number of lines above the table. Defaults to `None`, which skips comments.
        wanted: Names of columns that the file should have. They help to detect its layout. Defaults to none.
        text: The rows as text, if the file holds none. Defaults to `None`, the file itself.

    Raises:
        ValueError: if the file is empty, or if its header cannot be read.
    """

    def __init__(
        self,
        path: Path,
        skipped: Skipped | None,
        header: bool | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        skip: int | None = None,
        wanted: Collection[str] = (),
        text: PlainText | SheetText | None = None,
    ) -> None:
        self.path, self.skipped = path, skipped
        #: Numbers of the rows below the header, from 0, that the last pass could not read, in rising order.
        self.left_out: list[int] = []
        if delimiter is None and text_suffix(path) == ".tsv":
            delimiter = "\t"
        self._plain = PlainText(path, encoding) if text is None else text
        self._text = self._plain.path
        layout = find_layout(self._text, path, header, delimiter, skip, wanted)
        self._layout = layout
        self.delimiter, self.header = layout.delimiter, layout.header
        self.names = [name for name in layout.names if name]
        #: Columns that pandas wrote as an index, and the sign of it, for a warning.
        self.index = self.names[: int(layout.unnamed)]
        self.index_words = f"The first column of {path} has no name, as pandas writes an index"
        if "�" in "".join(self.names):
            raise ValueError(
                f"{path}, line {layout.above + 1}: the names of the columns are not UTF-8; {self.advice}."
            )
        if layout.spaces:
            self._part_at_spaces(layout.spaces)
        self._check_quotes()

    @property
    def size(self) -> int:
        """Size of the unpacked text in bytes."""
        return self._text.stat().st_size

    @cached_property
    def advice(self) -> str:
        """The remedy if the file is not UTF-8."""
        return encoding_advice(self._text)

    def _part_at_spaces(self, spaces: str) -> None:
        """Rewrite the rows with one character between cells, line by line."""
        self._parted = TemporaryCopy()
        rewritten = self._parted.path
        with self._text.open("rb") as lines, rewritten.open("wb") as parted:
            for number, line in enumerate(lines):
                text = line.decode("utf-8-sig" if number == 0 else "utf-8", errors="surrogateescape")
                if number >= self._layout.above and text.strip():
                    cells = split_spaces(text, spaces)
                    text = UNIT.join(_quoted(cell) for cell in cells) + "\n"
                parted.write(text.encode(errors="surrogateescape"))
        self._text = rewritten

    def _check_quotes(self) -> None:
        """Refuse a quote that is never closed: the rest of the file would be one cell."""
        count = 0
        with self._text.open("rb") as file:
            while block := file.read(BLOCK):
                count += block.count(b'"')
        if count % 2 == 0:
            return
        with self._text.open(encoding="utf-8", errors="replace", newline="") as text:
            reader = csv.reader(self._table(text), delimiter=self.delimiter, strict=True)
            begins = 1
            try:
                for _ in reader:
                    begins = reader.line_num + 1
            except csv.Error as error:
                # Other errors are quotes inside a cell, which Arrow reads unchanged.
                if "unexpected end" in str(error) or "field larger" in str(error):
                    raise ValueError(
                        f"{self.path}, line {self._layout.above + begins}: a quote is opened and never "
                        "closed; close it, or double a quote that is meant as one."
                    ) from None

    def _table(self, lines: Iterator[str]) -> Iterator[str]:
        """Return the lines of the table, without those above it."""
        return itertools.islice(lines, self._layout.above, None)

    def again(self) -> "CsvFile":
        """Return the same file for another pass, which leaves out bad rows without a message."""
        other = copy.copy(self)
        other.skipped = None
        return other

    def blocks(self) -> Iterator[pa.Table]:
        """Give the rows that can be read, in order, in blocks of about 1 MB."""
        faults = Faults(self)
        try:
            names = self._layout.names
            with _without_tracebacks():
                reader = pa_csv.open_csv(
                    self._text,
                    pa_csv.ReadOptions(
                        use_threads=False,
                        block_size=BLOCK * max(1, len(names) // _WIDE),
                        column_names=names,
                        skip_rows=self._layout.above + self._layout.header_lines,
                    ),
                    pa_csv.ParseOptions(
                        delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=faults.ragged
                    ),
                    pa_csv.ConvertOptions(column_types={name: pa.binary() for name in names}),
                )
        except pa.ArrowInvalid as error:
            raise faults.error or self._failure(error) from None
        seen = 0
        while True:
            try:
                with _without_tracebacks():
                    batch = reader.read_next_batch()
            except StopIteration:
                faults.tell()
                self.left_out = sorted(row - 1 - int(self.header) for row in faults.rows)
                return
            except pa.ArrowInvalid as error:
                raise faults.error or self._failure(error) from None
            table = pa.Table.from_batches([batch])
            schema = pa.schema([(name, pa.string()) for name in names])
            try:
                texts, wrong = table.cast(schema), []
            except pa.ArrowInvalid:
                wrong = _not_utf8(table)
            for row in wrong:
                faults.not_utf8(seen + row)
            seen += len(table)
            if wrong:
                kept = np.setdiff1d(np.arange(len(table)), wrong)
                texts = table.take(pa.array(kept)).cast(schema)
            trimmed = [pc.utf8_trim_whitespace(column) for column in texts.columns]
            if not names[-1] and not pc.all(pc.equal(trimmed.pop(), "")).as_py():
                raise ValueError(
                    f"Expected nothing behind the last delimiter of each row in {self.path}, received "
                    "entries there; name all columns in the first row."
                )
            yield pa.table(trimmed, names=self.names)

    def _failure(self, error: pa.ArrowInvalid) -> ValueError:
        reason = " ".join(str(error).split())
        return ValueError(f"Expected a CSV in {self.path}, received: {reason}")

    def row(self, line: int) -> int:
        """Return the number of a row in the file, from 1. `line` is the number that Arrow gives it."""
        return line - self._layout.above - self._layout.header_lines + int(self.header)

    def lines(self, rows: Collection[int]) -> dict[int, int]:
        """Return the lines at which rows begin, by row. The file is read once.

        Lines and rows differ, because a quoted cell may hold line ends, and empty lines are no rows.

        Args:
            rows: Numbers of rows in the file, from 1.
        """
        above, lines = self._layout.above, {}
        with self._text.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.reader(self._table(file), delimiter=self.delimiter)
            row = read = 0
            for cells in reader:
                begins, read = read + 1, reader.line_num
                row += bool(cells)
                if cells and row in rows:
                    lines[row] = above + begins
                    if len(lines) == len(rows):
                        break
        return {row: lines.get(row, above + read + 1) for row in rows}


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell


def _not_utf8(table: pa.Table) -> list[int]:
    """Return the rows with a cell that is not UTF-8, in order."""
    rows: set[int] = set()
    for column in table.columns:
        try:
            column.cast(pa.string())
        except pa.ArrowInvalid:
            for row, cell in enumerate(column.to_pylist()):
                try:
                    cell.decode()
                except UnicodeDecodeError:
                    rows.add(row)
    return sorted(rows)


@contextlib.contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Keep Arrow from showing a traceback for a row with too many cells that is not UTF-8.

    Arrow cannot pass such a row to the handler of bad rows, and always refuses it.
    """
    before = sys.unraisablehook

    def show(ignored: Any) -> None:
        if not isinstance(ignored.exc_value, UnicodeDecodeError):
            before(ignored)

    sys.unraisablehook = show
    try:
        yield
    finally:
        sys.unraisablehook = before
