"""Faults: the rows of a CSV file that cannot be read, named by file and line."""

import bisect
from typing import TYPE_CHECKING, Any

import pyarrow.csv as pa_csv

if TYPE_CHECKING:
    from kerasae.data._files.csv_file import CsvFile


class Faults:
    """The rows of one pass that cannot be read.

    They are collected by their numbers. At the end, the file is read once more to find their lines. If the
    first bad row ends the reading, that happens at once.

    Args:
        file: File that is read.

    Attributes:
        error: Error of a bad row. Arrow suppresses errors in its handler of rows, so it is kept here.
        rows: Numbers of the bad rows in the file, from 1, in the order in which they were noted.
    """

    def __init__(self, file: "CsvFile") -> None:
        self._file, self._skipped = file, file.skipped
        self.error: ValueError | None = None
        self.rows: list[int] = []
        self._last = 0
        #: For each ragged row, its number minus the number of ragged rows before it, in rising order.
        self._whole: list[int] = []
        self._found: list[tuple[Any, ...]] = []

    def ragged(self, row: pa_csv.InvalidRow) -> str:
        """Note a row with too many or too few cells, and return the action that Arrow takes."""
        number = self._file.row(row.number)
        if number > self._last:
            self._last = number
            self._whole.append(number - len(self._whole))
            try:
                self._add(number, f"expected {row.expected_columns} cells, received {row.actual_columns}")
            except ValueError as error:
                self.error = error
                return "error"
        return "skip"

    def not_utf8(self, row: int) -> None:
        """Note a row that is not UTF-8, by its number among the rows that are not ragged, from 0."""
        number = row + 1 + int(self._file.header)
        self._add(number + bisect.bisect_right(self._whole, number), "not UTF-8", self._file.advice)

    def tell(self) -> None:
        """Report all noted rows to the collector, in their order."""
        if self._skipped is None or not self._found:
            return
        lines = self._file.lines({number for number, *_ in self._found})
        for number, *words in sorted(self._found):
            self._skipped.add(f"{self._file.path}, line {lines[number]}", *words)
        self._found.clear()

    def _add(self, number: int, *words: str) -> None:
        self.rows.append(number)
        if self._skipped is not None:
            self._found.append((number, *words))
            if self._skipped.on_error == "raise":
                self.tell()
