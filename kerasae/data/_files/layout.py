"""Layout: the delimiter, the header and the names of a table in text, found from its beginning."""

import dataclasses
import io
import itertools
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from kerasae.data._files.delimiter import MOST, first_rows, part_cells
from kerasae.data._files.header import AUTOMATIC, is_header, is_like_below, is_number, shown_header

_COMMENTS = ("#", "//")
#: The line above a table in which spreadsheets note its delimiter.
_SEPARATOR = re.compile("sep=(.)", re.IGNORECASE)
#: Smallest number of rows that show a layout, with the header.
_FEWEST = 3
#: Bytes from the beginning of a file that are read first. They are doubled until there are enough rows.
_START = 1 << 16


@dataclasses.dataclass(frozen=True)
class Layout:
    """The layout of a table in text.

    Args:
        delimiter: Character between cells.
        spaces: Regular expression for the spaces between cells, which are rewritten to `delimiter`. Empty if
            one character separates the cells.
        above: Number of lines above the table.
        names: Names of the columns. The name of a last column that is always empty is empty.
        header: Whether the first row holds the names.
        header_lines: Number of lines of the header. It is above 1 if a name holds a line end.
        unnamed: Whether the first column has no name, as pandas and R write an index.
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
    """Detect the layout of a table from its first rows.

    Args:
        source: File in UTF-8.
        path: Path of the original file, for messages.
        header: Whether the first row holds names. `None` detects it.
        delimiter: Character between cells. A space stands for any number of spaces. `None` detects it.
        skip: Number of lines above the table. `None` skips comments, which begin with `#` or `//`, and a
            first line such as `sep=;`, which names the delimiter.
        wanted: Names of columns that the table should have, because the training had them. If the first row
            holds them, they show the delimiter and that the row is the header. Defaults to none.

    Raises:
        ValueError: if the file has no rows, none below its header, or if two columns have the same name.
    """
    for text, whole in _beginnings(source):
        lines = [*io.StringIO(text, newline="")]
        told = _SEPARATOR.fullmatch(lines[0].strip("\r\n")) if lines and skip is None else None
        above = 1 if told else _comments(lines) if skip is None else skip
        table = "".join(lines[above:])
        by = told[1] if told and delimiter is None else delimiter
        parted = part_cells(table, whole, by, wanted) if table.strip() else None
        if parted is not None and len(parted.rows) >= _FEWEST:
            break
    if parted is None or not parted.rows:
        where = f"none below the first {above} lines" if text.strip() else "an empty file"
        raise ValueError(f"Expected rows in {path}, received {where}.")
    delimiter, spaces, rows, line_numbers = parted.delimiter, parted.spaces, parted.rows, parted.ends
    if skip is None and above and lines[above - 1].startswith("#"):
        named, _ = first_rows(lines[above - 1].lstrip("# "), True, delimiter, spaces)
        values = any(map(is_number, rows[0])) or is_like_below(rows[0], rows[1:])
        if named and len(named[0]) == len(rows[0]) > 1 and values:
            # The last comment line holds the names.
            above -= 1
            rows, line_numbers = [named[0], *rows], [1, *(number + 1 for number in line_numbers)]
            header = True
    first, rest = rows[0], rows[1:]
    names = [cell.strip() for cell in first]
    found = header
    if found is None:
        found = shown_header(names, wanted)
    if found is None:
        found = is_header(first, rest, path)
    if found and not rest:
        raise ValueError(f"Expected rows in {path}, received none below the names of the columns.")
    if not found:
        names = [AUTOMATIC.format(number) for number in range(1, len(first) + 1)]
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


def _comments(lines: list[str]) -> int:
    """Return the number of lines at the top that are comments, with the empty lines among them."""
    above = 0
    for number, line in enumerate(lines, 1):
        if line.startswith(_COMMENTS):
            above = number
        elif line.strip():
            break
    return above


def _beginnings(source: Path) -> Iterator[tuple[str, bool]]:
    """Give longer and longer beginnings of a file, in whole lines, and whether each is the whole file."""
    read, whole = b"", False
    with source.open("rb") as file:
        while not whole and len(read) < MOST:
            wanted = len(read) or _START
            block = file.read(wanted)
            read, whole = read + block, len(block) < wanted
            text = read.decode("utf-8-sig", errors="replace")
            yield text if whole else text[: 1 + max(text.rfind("\n"), text.rfind("\r"))], whole


def _with_unnamed(names: list[str], rest: list[list[str]]) -> list[str]:
    """Add an empty name if all rows have one cell more: at the end if that cell is empty, else in front."""
    if not rest or any(len(row) != len(names) + 1 for row in rest):
        return names
    return [*names, ""] if all(row[-1].strip() == "" for row in rest) else ["", *names]


def _numbered(names: list[str]) -> list[str]:
    """Replace empty names: the third becomes `column_3`, or the next number that no other column has."""
    named = list(names)
    for place, name in enumerate(names):
        if not name:
            free = (AUTOMATIC.format(number) for number in itertools.count(place + 1))
            named[place] = next(one for one in free if one not in named)
    return named
