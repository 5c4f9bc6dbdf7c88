"""The header of a table in text: whether the first row holds the names of the columns."""

import itertools
import re
import warnings
from collections.abc import Collection
from pathlib import Path

from kerasae.notations import STAND_INS, DateFinder, NumberFinder, chunked

#: Number of cells below the first one, of which one must have its shape.
_LIKE = 10
#: Names of columns in a file without names.
AUTOMATIC = "column_{}"


def shown_header(names: list[str], wanted: Collection[str]) -> bool | None:
    """Return whether the first row holds names, if the wanted names show it; otherwise `None`."""
    if not wanted:
        return None
    if {*wanted} <= {*names}:
        return True
    automatic = all(re.fullmatch(AUTOMATIC.format("[0-9]+"), name) for name in wanted)
    return False if automatic and any(map(_is_value, names)) else None


def _is_value(cell: str) -> bool:
    """Return whether a cell is a number or a date in a usual notation."""
    return is_number(cell) or _is_written_like(cell, [cell.strip()])


def is_header(first: list[str], rest: list[list[str]], path: Path) -> bool:
    """Return whether the first row holds names, judged by the rows below it."""
    numbers = [place for place, cell in enumerate(first) if is_number(cell)]
    if is_like_below(first, rest):
        return False
    if not numbers:
        return True
    if len(numbers) == len([cell for cell in first if cell.strip()]):
        values = [float(first[place]) for place in numbers]
        # pandas numbers columns without names in this way. Any other row of numbers is a row of data.
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


def is_like_below(first: list[str], rest: list[list[str]]) -> bool:
    """Return whether a cell of the first row is a date or a dressed number, as all cells below it are."""
    # Shapes are compared first, because a table may have thousands of columns.
    return any(
        _shape(cell.strip()) and _is_written_like(cell, _below(place, rest))
        for place, cell in enumerate(first)
    )


def _below(place: int, rest: list[list[str]]) -> list[str]:
    """Return the cells of a column below the first row, without missing ones."""
    cells = [row[place].strip() for row in rest if place < len(row)]
    return [cell for cell in cells if cell and cell not in STAND_INS]


def _is_written_like(cell: str, below: list[str]) -> bool:
    """Return whether a cell is a date or a dressed number, such as 1,5 or 12 %, as all cells below it are."""
    cell = cell.strip()
    if is_number(cell) or not (shape := _shape(cell)) or shape not in map(_shape, below[:_LIKE]):
        return False
    texts = chunked([cell, *below])
    numbers, dates = NumberFinder(), DateFinder()
    numbers.see(texts)
    dates.see(texts)
    return numbers.found().number is not None or dates.found()[0] is not None


def _shape(cell: str) -> str:
    """Return a cell with a 9 for each run of digits and an a for each run of letters.

    A cell without digits has an empty shape.
    """
    shape = re.sub("[0-9]+", "9", cell)
    return re.sub(r"[^\W\d_]+", "a", shape) if "9" in shape else ""


def _is_series(first: list[str], numbers: list[int]) -> bool:
    """Return whether the numbers of a row rise in equal steps, as years in names do: 2019, 2020, 2021."""
    if not all(re.fullmatch("[0-9]{1,4}", first[place].strip()) for place in numbers):
        return False
    values = [int(first[place]) for place in numbers]
    if len(values) == 1:
        return 1800 <= values[0] <= 2100
    steps = {after - before for before, after in itertools.pairwise(values)}
    return len(steps) == 1 and steps != {0}


def _among(first: list[str], rest: list[list[str]], numbers: list[int]) -> bool:
    """Return whether the numbers of the first row are like those below it."""
    inside = 0
    for place in numbers:
        below = [float(row[place]) for row in rest if place < len(row) and is_number(row[place])]
        inside += bool(below) and min(below) <= float(first[place]) <= max(below)
    series = sum(
        all(place < len(row) and is_number(row[place]) for place in numbers) and _is_series(row, numbers)
        for row in rest
    )
    return inside > len(numbers) / 2 or series > len(rest) / 2


def is_number(cell: str) -> bool:
    """Return whether Python reads a cell as a number."""
    try:
        float(cell)
    except ValueError:
        return False
    return True
