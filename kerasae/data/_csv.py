"""CSV and Parquet files in blocks, with what cannot be read named by file and line."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from kerasae.data._skipping import Skipped

#: Bytes of a CSV file that are read at a time.
BLOCK = 1 << 20
#: What stands for a missing entry, Arrow's list.
MISSING = pa.array([*pa_csv.ConvertOptions().null_values, "None", "<NA>", "?", "-", "--", "."])


class CsvFile:
    """The rows of a CSV file as blocks of strings, trimmed, with nulls for missing entries.

    Args:
        path: of the file, UTF-8.
        skipped: where rows that cannot be read go.
        header: whether the first row holds names; `None` finds out: it does unless one of its cells
            is a number.
        delimiter: between cells; `None` finds out.

    Raises:
        ValueError: for an empty file, or a header that cannot be read.
    """

    def __init__(
        self, path: Path, skipped: Skipped, header: bool | None = None, delimiter: str | None = None
    ) -> None:
        self.path, self.skipped = path, skipped
        with path.open("rb") as file:
            start = file.read(1 << 16)
        if not start.strip():
            raise ValueError(f"Expected rows in {path}, received an empty file.")
        text = start.decode("utf-8-sig", errors="replace")
        self.delimiter = _delimiter(text) if delimiter is None else delimiter
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.delimiter)
        first = next(cells for cells in reader if cells)
        lines = reader.line_num
        self.header = not any(_is_number(cell) for cell in first) if header is None else header
        #: Lines of the header, more than one where a name holds a line end.
        self._header_lines = lines if self.header else 0
        self.names = [cell.strip() for cell in first]
        if not self.header:
            self.names = [f"column_{number}" for number in range(1, len(first) + 1)]
        if "�" in "".join(self.names):
            raise ValueError(f"{path}, line 1: the names of the columns are not UTF-8; convert the file.")
        repeated = sorted({name for name in self.names if self.names.count(name) > 1})
        #: Whether the first column has no name: so pandas writes an index.
        self.indexed = self.header and self.names[0] == "" and len(self.names) > 1
        self.names = [name or f"column_{number}" for number, name in enumerate(self.names, 1)]
        if repeated and repeated != [""]:
            raise ValueError(
                f"Expected a name of its own for each column in line 1 of {path}, received the name "
                f"'{repeated[-1]}' more than once."
            )
        self._check_quotes()

    def _check_quotes(self) -> None:
        """Finds a quote that is never closed: all behind it would be one cell."""
        count = 0
        with self.path.open("rb") as file:
            while block := file.read(BLOCK):
                count += block.count(b'"')
        if count % 2 == 0:
            return
        with self.path.open(encoding="utf-8", errors="replace", newline="") as text:
            reader = csv.reader(text, delimiter=self.delimiter, strict=True)
            begins = 1
            try:
                for _ in reader:
                    begins = reader.line_num + 1
            except csv.Error as error:
                # Others are quotes inside a cell, which Arrow reads as they stand.
                if "unexpected end" in str(error) or "field larger" in str(error):
                    raise ValueError(
                        f"{self.path}, line {begins}: a quote is opened and never closed; close it, or "
                        "double a quote that is meant as one."
                    ) from None

    def blocks(self) -> Iterator[pa.Table]:
        """The rows that can be read, in order, in blocks of about 1 MB."""
        ragged: list[int] = []
        errors: list[ValueError] = []

        def on_invalid(row: pa_csv.InvalidRow) -> str:
            if not ragged or row.number > ragged[-1]:
                ragged.append(row.number)
                try:
                    self.skipped.add(
                        f"{self.path}, line {self._line(row.number - self._header_lines + int(self.header))}",
                        f"expected {row.expected_columns} cells, received {row.actual_columns}",
                    )
                except ValueError as error:
                    # Arrow swallows what its handler raises.
                    errors.append(error)
                    return "error"
            return "skip"

        try:
            reader = pa_csv.open_csv(
                self.path,
                pa_csv.ReadOptions(
                    use_threads=False, block_size=BLOCK, column_names=self.names, skip_rows=self._header_lines
                ),
                pa_csv.ParseOptions(
                    delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=on_invalid
                ),
                pa_csv.ConvertOptions(column_types={name: pa.binary() for name in self.names}),
            )
        except pa.ArrowInvalid as error:
            raise self._failure(errors, error) from None
        seen = 0
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except pa.ArrowInvalid as error:
                raise self._failure(errors, error) from None
            table = pa.Table.from_batches([batch])
            wrong = _not_utf8(table)
            for row in wrong:
                self.skipped.add(
                    f"{self.path}, line {self._line(self._physical(seen + row, ragged))}",
                    "not UTF-8",
                    "convert the file (iconv -f latin1 -t utf-8)",
                )
            seen += len(table)
            if wrong:
                kept = [row for row in range(len(table)) if row not in set(wrong)]
                table = table.take(kept)
            yield _with_nulls(table.cast(pa.schema([(name, pa.string()) for name in self.names])))

    def _failure(self, errors: list[ValueError], error: pa.ArrowInvalid) -> ValueError:
        return errors[0] if errors else ValueError(f"Expected a CSV in {self.path}, received: {error}")

    def _physical(self, row: int, ragged: list[int]) -> int:
        """The number of a row in the file, from 1, from that among the rows not ragged, from 0."""
        number = row + 1 + int(self.header)
        for one in ragged:
            number += one <= number
        return number

    def _line(self, row: int) -> int:
        """The line at which a row begins: a quoted cell may hold line ends, and empty lines are no rows."""
        with self.path.open(encoding="utf-8", errors="replace", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            rows = read = 0
            for cells in reader:
                begins, read = read + 1, reader.line_num
                rows += bool(cells)
                if rows == row and cells:
                    return begins
            return read + 1


class ParquetFile:
    """The rows of a Parquet file as typed blocks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise ValueError(
                f"Expected a Parquet file in {path}, received: {str(error).splitlines()[0]}"
            ) from None
        self.names = list(self._file.schema_arrow.names)

    def blocks(self) -> Iterator[pa.Table]:
        """The rows in order, at most 16,384 at a time."""
        for batch in self._file.iter_batches(16384):
            yield pa.Table.from_batches([batch])


def _delimiter(text: str) -> str:
    try:
        return csv.Sniffer().sniff("\n".join(text.splitlines()[:50]), delimiters=",;\t|").delimiter
    except csv.Error:
        return ","


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _not_utf8(table: pa.Table) -> list[int]:
    """Rows with a cell that is not UTF-8, in order."""
    found: set[int] = set()
    for column in table.columns:
        try:
            column.cast(pa.string())
        except pa.ArrowInvalid:
            for row, cell in enumerate(column.to_pylist()):
                try:
                    cell.decode()
                except UnicodeDecodeError:
                    found.add(row)
    return sorted(found)


def _with_nulls(table: pa.Table) -> pa.Table:
    columns = []
    for column in table.columns:
        trimmed = pc.utf8_trim_whitespace(column)
        columns.append(pc.if_else(pc.is_in(trimmed, MISSING), pa.scalar(None, pa.string()), trimmed))
    return pa.table(columns, names=table.column_names)
