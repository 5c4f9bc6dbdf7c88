"""Layout: how a table in text is laid out, found from its beginning."""

import csv
import dataclasses
import io
import itertools
import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

#: What parts cells; where several would do, one that is rare in texts and numbers first.
_DELIMITERS = ("\t", ";", "|", ",")
#: Stands between cells that spaces parted, once they are rewritten: the unit separator of ASCII.
UNIT = "\x1f"
#: Spaces that part cells: two or more, so that one may stand within a cell, or any number.
_SEVERAL, _SINGLE = "(?: {2,}|\t)+", " +"
_COMMENTS = ("#", "//")
#: The line above a table by which spreadsheets tell its delimiter.
_SEPARATOR = re.compile("sep=(.)", re.IGNORECASE)
#: Names of columns in a file that names none.
_AUTOMATIC = "column_{}"
#: Rows that are looked at, and the fewest from which a layout is judged, the header among them.
_ROWS, _FEWEST = 100, 3
#: Bytes from the beginning of a file that are looked at: as many as the fewest rows need, up to a limit.
_START, _MOST = 1 << 16, 1 << 26
# A cell may be as long as the beginning. The limit of `csv`, which holds for a whole process, is 128 KB;
# a header of 10,000 names is longer, where another delimiter than its own is tried.
csv.field_size_limit(max(csv.field_size_limit(), _MOST))
#: Share of the rows that must have as many cells as the first for spaces to part them.
_ALIKE = 0.9


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a table in text is laid out.

    Args:
        delimiter: between cells.
        spaces: a regular expression for the spaces that part cells, to be rewritten to `delimiter`;
            empty where one character parts them.
        above: lines above the table.
        names: of the columns; an empty one for a last column that is always empty.
        header: whether the first row holds the names.
        header_lines: lines of the header, more than one where a name holds a line end.
        unnamed: whether the first column has no name: so pandas and R write an index.
    """

    delimiter: str
    spaces: str
    above: int
    names: list[str]
    header: bool
    header_lines: int
    unnamed: bool


def find_layout(
    source: Path,
    path: Path,
    header: bool | None,
    delimiter: str | None,
    skip: int | None,
    wanted: Collection[str] = (),
) -> Layout:
    """The layout of a table, found from its first rows, wherever in the file they begin and end.

    Args:
        source: the file, in UTF-8.
        path: its name for messages.
        header: whether the first row holds names; `None` finds out.
        delimiter: between cells, a space for any number of spaces; `None` finds out.
        skip: lines above the table; `None` skips comments, which begin with `#` or `//`, and a first line
            such as `sep=;`, which tells the delimiter.
        wanted: names of columns that the table should have, as the one of the training had; where they
            stand in the first row, they show what parts it and that it is the header.

    Raises:
        ValueError: for a file without rows, or a name that stands twice.
    """
    for text, whole in _beginnings(source):
        lines = [*io.StringIO(text, newline="")]
        told = _SEPARATOR.fullmatch(lines[0].strip("\r\n")) if lines and skip is None else None
        above = 1 if told else _comments(lines) if skip is None else skip
        table = "".join(lines[above:])
        by = told[1] if told and delimiter is None else delimiter
        parted = _parted(table, whole, by, wanted) if table.strip() else None
        if parted is not None and len(parted.rows) >= _FEWEST:
            break
    if parted is None or not parted.rows:
        where = f"none below the first {above} lines" if text.strip() else "an empty file"
        raise ValueError(f"Expected rows in {path}, received {where}.")
    delimiter, spaces, rows, line_numbers = parted.delimiter, parted.spaces, parted.rows, parted.ends
    if skip is None and above and lines[above - 1].startswith("#"):
        named, _ = _rows(lines[above - 1].lstrip("# "), True, delimiter, spaces)
        if named and len(named[0]) == len(rows[0]) > 1 and any(map(_is_number, rows[0])):
            # The last comment holds the names.
            above -= 1
            rows, line_numbers = [named[0], *rows], [1, *(number + 1 for number in line_numbers)]
            header = True
    first, rest = rows[0], rows[1:]
    names = [cell.strip() for cell in first]
    found = header
    if found is None:
        found = _shown_header(names, wanted)
    if found is None:
        found = _is_header(first, rest, path)
    if not found:
        names = [_AUTOMATIC.format(number) for number in range(1, len(first) + 1)]
    names = _with_unnamed(names, rest)
    trailing = (
        len(names) > 1 and names[-1] == "" and bool(rest) and all(row[-1].strip() == "" for row in rest)
    )
    kept = names[:-1] if trailing else names
    repeated = sorted({name for name in kept if kept.count(name) > 1} - {""}) if found else []
    if repeated:
        raise ValueError(
            f"Expected a name of its own for each column in line {above + 1} of {path}, received the name "
            f"'{repeated[-1]}' more than once."
        )
    unnamed = found and len(kept) > 1 and kept[0] == ""
    kept = _numbered(kept if found else [""] * len(kept))
    return Layout(
        delimiter,
        spaces,
        above,
        [*kept, ""] if trailing else kept,
        found,
        line_numbers[0] if found else 0,
        unnamed,
    )


def split_spaces(line: str, spaces: str) -> list[str]:
    """The cells of a line that spaces part; where single ones do, not those within quotes."""
    if spaces == _SINGLE:
        return next(csv.reader([line.strip()], delimiter=" ", skipinitialspace=True), [])
    return re.split(spaces, line.strip())


def _comments(lines: list[str]) -> int:
    """Lines at the top that are comments, and the empty ones among them."""
    above = 0
    for number, line in enumerate(lines, 1):
        if line.startswith(_COMMENTS):
            above = number
        elif line.strip():
            break
    return above


def _beginnings(source: Path) -> Iterator[tuple[str, bool]]:
    """More and more of the beginning of a file, in whole lines, and whether it is all of the file."""
    read, whole = b"", False
    with source.open("rb") as file:
        while not whole and len(read) < _MOST:
            wanted = len(read) or _START
            block = file.read(wanted)
            read, whole = read + block, len(block) < wanted
            text = read.decode("utf-8-sig", errors="replace")
            yield text if whole else text[: 1 + max(text.rfind("\n"), text.rfind("\r"))], whole


@dataclasses.dataclass(frozen=True)
class _Parted:
    """The first rows, what parts their cells, and the number of the line at which each row ends, from 1."""

    delimiter: str
    spaces: str
    rows: list[list[str]]
    ends: list[int]


def _parted(text: str, whole: bool, delimiter: str | None, wanted: Collection[str]) -> _Parted:
    spaces = ""
    if delimiter is None:
        delimiter, spaces = _delimiter(text, whole, wanted)
    elif delimiter == " ":
        delimiter, spaces = UNIT, _SINGLE
    return _Parted(delimiter, spaces, *_rows(text, whole, delimiter, spaces))


def _rows(text: str, whole: bool, delimiter: str, spaces: str) -> tuple[list[list[str]], list[int]]:
    """The first rows, and the number of the line at which each ends, from 1."""
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


def _delimiter(text: str, whole: bool, wanted: Collection[str]) -> tuple[str, str]:
    """What parts the cells, and the spaces that do where no character does."""
    scored: list[tuple[bool, bool, float, int, str]] = []
    lone: list[tuple[bool, bool, float, int, str]] = []
    parts = False
    for place, one in enumerate(_DELIMITERS):
        rows = _rows(text, whole, one, "")[0]
        counts = [len(row) for row in rows]
        parts |= max(counts, default=0) > 1
        usual, alike = Counter(counts).most_common(1)[0] if counts else (0, 0)
        named = bool(wanted) and bool(rows) and {*wanted} <= {cell.strip() for cell in rows[0]}
        if usual > 1:
            # A header may lack a name for the index, or rows may end with a delimiter.
            fits = abs(counts[0] - usual) <= 1 and counts[0] > 1
            scored.append((named, fits, alike / len(counts), -place, one))
        elif named:
            # A column by itself, whose entries another character would part.
            lone.append((named, counts[0] == usual, alike / len(counts), -place, one))
    if scored or (lone and parts):
        return max(scored + lone)[-1], ""
    for spaces in (_SEVERAL, _SINGLE):
        rows, _ = _rows(text, whole, UNIT, spaces)
        if len(rows) < 3:
            continue
        usual, count = Counter(len(row) for row in rows[1:]).most_common(1)[0]
        columns = zip(*(row for row in rows[1:] if len(row) == usual), strict=True)
        numbers = any(all(map(_is_number, column)) for column in columns)
        fits = len(rows[0]) in (usual, usual - 1) and count / len(rows[1:]) >= _ALIKE
        # Words of a sentence are no cells, unless there are columns of numbers among them.
        if usual > 1 and fits and (numbers or spaces == _SEVERAL):
            return UNIT, spaces
    return ",", ""


def _with_unnamed(names: list[str], rest: list[list[str]]) -> list[str]:
    """The names with an empty one more, where all rows have one cell more: behind, if that is empty."""
    if not rest or any(len(row) != len(names) + 1 for row in rest):
        return names
    return [*names, ""] if all(row[-1].strip() == "" for row in rest) else ["", *names]


def _numbered(names: list[str]) -> list[str]:
    """The names with `column_3` for an empty third one, or the next number that no other column has."""
    named = list(names)
    for place, name in enumerate(names):
        if not name:
            free = (_AUTOMATIC.format(number) for number in itertools.count(place + 1))
            named[place] = next(one for one in free if one not in named)
    return named


def _shown_header(names: list[str], wanted: Collection[str]) -> bool | None:
    """Whether the first row holds names, where the names that are wanted show it."""
    if not wanted:
        return None
    if {*wanted} <= {*names}:
        return True
    automatic = all(re.fullmatch(_AUTOMATIC.format("[0-9]+"), name) for name in wanted)
    return False if automatic and any(map(_is_number, names)) else None


def _is_header(first: list[str], rest: list[list[str]], path: Path) -> bool:
    """Whether the first row holds names."""
    numbers = [place for place, cell in enumerate(first) if _is_number(cell)]
    if not numbers:
        return True
    if len(numbers) == len([cell for cell in first if cell.strip()]):
        values = [float(first[place]) for place in numbers]
        # So pandas numbers columns without names; any other row of numbers is a row.
        counted = values in ([*range(len(values))], [*range(1, len(values) + 1)]) and len(values) > 2
        counted |= _is_series(first, numbers) and min(values) >= 1800 and max(values) <= 2100
        return counted and len(rest) > 1 and not _among(first, rest, numbers)
    words = [place for place, cell in enumerate(first) if cell.strip() and place not in numbers]
    same = [row for row in rest if len(row) == len(first)]
    if any(first[place] in {row[place] for row in same} for place in words):
        return False
    if _is_series(first, numbers) and same and not _among(first, same, numbers):
        return True
    warnings.warn(
        f"The first row of {path} holds numbers beside texts and is read as a row; --set data.header=true "
        "takes it for the names of the columns.",
        stacklevel=2,
    )
    return False


def _is_series(first: list[str], numbers: list[int]) -> bool:
    """Whether the numbers of a row count on, as years or months in names do: 2019, 2020, 2021."""
    if not all(re.fullmatch("[0-9]{1,4}", first[place].strip()) for place in numbers):
        return False
    values = [int(first[place]) for place in numbers]
    if len(values) == 1:
        return 1800 <= values[0] <= 2100
    steps = {after - before for before, after in itertools.pairwise(values)}
    return len(steps) == 1 and steps != {0}


def _among(first: list[str], rest: list[list[str]], numbers: list[int]) -> bool:
    """Whether the numbers of the first row are like those below it."""
    inside = 0
    for place in numbers:
        below = [float(row[place]) for row in rest if place < len(row) and _is_number(row[place])]
        inside += bool(below) and min(below) <= float(first[place]) <= max(below)
    series = sum(
        all(place < len(row) and _is_number(row[place]) for place in numbers) and _is_series(row, numbers)
        for row in rest
    )
    return inside > len(numbers) / 2 or series > len(rest) / 2


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
