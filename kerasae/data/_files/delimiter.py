"""The delimiter of a table in text: a character, or spaces."""

import csv
import dataclasses
import io
import itertools
import re
from collections import Counter
from collections.abc import Collection

from kerasae.data._files.header import is_number

#: Characters that may separate cells. The ones that are rare in texts and numbers come first.
_DELIMITERS = ("\t", ";", "|", ",")
#: Character that replaces the spaces between cells: the unit separator of ASCII.
UNIT = "\x1f"
#: Spaces between cells: two or more, so that a cell may hold a single one, or any number.
_SEVERAL, _SINGLE = "(?: {2,}|\t)+", " +"
#: Number of rows that are read to detect a layout.
_ROWS = 100
#: Greatest number of bytes that are read to detect a layout.
MOST = 1 << 26
# A header of 10,000 names is one cell when a wrong delimiter is tried. The limit of `csv`, which holds for
# a whole process, is 128 KB.
csv.field_size_limit(max(csv.field_size_limit(), MOST))
#: Share of the rows that must have as many cells as the first one if spaces separate the cells.
_ALIKE = 0.9


@dataclasses.dataclass(frozen=True)
class Parted:
    """The first rows, their delimiter, and the number of the line at which each row ends, from 1."""

    delimiter: str
    spaces: str
    rows: list[list[str]]
    ends: list[int]


def part_cells(text: str, whole: bool, delimiter: str | None, wanted: Collection[str]) -> Parted:
    """Split the beginning of a table into rows of cells.

    Args:
        text: Beginning of the table.
        whole: Whether it is all of the table.
        delimiter: Character between cells, a space for any number of spaces. `None` finds it.
        wanted: Names of columns that the table should have.
    """
    spaces = ""
    if delimiter is None:
        delimiter, spaces = _delimiter(text, whole, wanted)
    elif delimiter == " ":
        delimiter, spaces = UNIT, _SINGLE
    return Parted(delimiter, spaces, *first_rows(text, whole, delimiter, spaces))


def _delimiter(text: str, whole: bool, wanted: Collection[str]) -> tuple[str, str]:
    """Return the delimiter, and the pattern of spaces if no character separates the cells."""
    scored: list[tuple[bool, bool, float, int, str]] = []
    lone: list[tuple[bool, bool, float, int, str]] = []
    parts = False
    for place, one in enumerate(_DELIMITERS):
        rows = first_rows(text, whole, one, "")[0]
        counts = [len(row) for row in rows]
        parts |= max(counts, default=0) > 1
        usual, alike = Counter(counts).most_common(1)[0] if counts else (0, 0)
        named = bool(wanted) and bool(rows) and {*wanted} <= {cell.strip() for cell in rows[0]}
        if usual > 1:
            # A header may lack a name for the index, or rows may end with a delimiter.
            fits = abs(counts[0] - usual) <= 1 and counts[0] > 1
            scored.append((named, fits, alike / len(counts), -place, one))
        elif named:
            # It is a single column; another character would split its entries.
            lone.append((named, counts[0] == usual, alike / len(counts), -place, one))
    if scored or (lone and parts):
        return max(scored + lone)[-1], ""
    for spaces in (_SEVERAL, _SINGLE):
        rows, _ = first_rows(text, whole, UNIT, spaces)
        if len(rows) < 3:
            continue
        usual, count = Counter(len(row) for row in rows[1:]).most_common(1)[0]
        columns = zip(*(row for row in rows[1:] if len(row) == usual), strict=True)
        numbers = any(all(map(is_number, column)) for column in columns)
        fits = len(rows[0]) in (usual, usual - 1) and count / len(rows[1:]) >= _ALIKE
        # The words of a sentence are no cells, unless some columns are numbers.
        if usual > 1 and fits and (numbers or spaces == _SEVERAL):
            return UNIT, spaces
    return ",", ""


def first_rows(text: str, whole: bool, delimiter: str, spaces: str) -> tuple[list[list[str]], list[int]]:
    """Return the first rows, and the number of the line at which each ends, from 1."""
    rows: list[list[str]] = []
    ends: list[int] = []
    if spaces:
        for number, line in enumerate(itertools.islice(io.StringIO(text, newline=""), _ROWS), 1):
            if line.strip():
                rows.append(split_spaces(line, spaces))
                ends.append(number)
        return rows, ends
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            if cells:
                rows.append(cells)
                ends.append(reader.line_num)
            if len(rows) == _ROWS:
                break
    except csv.Error:
        pass
    # The last line may end within a cell.
    return (rows, ends) if whole or len(rows) == _ROWS else (rows[:-1], ends[:-1])


def split_spaces(line: str, spaces: str) -> list[str]:
    """Split a line at spaces. If single spaces separate the cells, those within quotes do not."""
    if spaces == _SINGLE:
        return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True), [])
    return re.split(spaces, line.strip())
