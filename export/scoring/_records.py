"""Records: the rows of lines of CSV, of JSON or of text, in batches, with the lines that cannot be read."""

import abc
import csv
import json
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from kerasae.export.feeds import Feed

#: Marks between the entries of a row, in the order in which they are tried.
_DELIMITERS = (",", ";", "\t", "|")
# The limit of a cell, which holds for a whole process, is 128 KB; the reader of the training takes more.
csv.field_size_limit(max(csv.field_size_limit(), 1 << 26))
#: Largest number of lines of one row of CSV, whose entries may hold ends of lines.
_MOST_LINES = 1000


class Records(abc.ABC):
    """Rows of lines. `read` is called with lines as they come, and keeps what it must know of earlier ones.

    Args:
        feed: Feed of the examples.
    """

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        #: Number of the last line that was read, from 1.
        self.line = 0

    def read(self, lines: Iterable[str | None]) -> Iterator[tuple[int, Any]]:
        """Yield the number of the line and the row of each row that ends in these lines.

        Args:
            lines: Lines; `None` for one that is no text.

        Yields:
            A row, or a ValueError for a row that cannot be read. Empty lines are left out.

        Raises:
            ValueError: If the first line shows that nothing can be read.
        """
        for line in lines:
            self.line += 1
            if line is None:
                yield self.line, ValueError("Expected UTF-8, received other bytes.")
            elif line.strip() or self.waits:
                yield from self._read(line)

    def _warn_of_extra(self, names: Sequence[str]) -> None:
        """Warn of columns that the training did not have, if the model knows columns by name."""
        known = self.feed.known
        if extra := [name for name in names if name not in known] if known else []:
            shown = ", ".join(f"'{name}'" for name in extra[:8])
            more = f" and {len(extra) - 8} more" if len(extra) > 8 else ""
            warnings.warn(f"Columns that the training did not have are ignored: {shown}{more}.", stacklevel=2)

    @property
    def waits(self) -> bool:
        """Whether a row began that has not ended."""
        return False

    def end(self) -> Iterator[tuple[int, Any]]:
        """Yield the row that did not end, as an error."""
        if self.waits:
            yield self.line, ValueError("Expected the end of a quoted entry, received the end of the input.")

    @abc.abstractmethod
    def _read(self, line: str) -> Iterator[tuple[int, Any]]: ...

    @abc.abstractmethod
    def raw(self, rows: Sequence[Any]) -> Any:
        """Return rows as raw examples.

        Raises:
            ValueError: If an entry cannot be read.
        """


class TextRecords(Records):
    """A line for each text."""

    def _read(self, line: str) -> Iterator[tuple[int, Any]]:
        yield self.line, line

    def raw(self, rows: Sequence[Any]) -> Any:
        return self.feed.of_entries(rows)


class JsonRecords(Records):
    """A JSON value for each line: an object with the columns, a list of numbers, or a text."""

    _wanted: Sequence[str] | None = None

    def _read(self, line: str) -> Iterator[tuple[int, Any]]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield self.line, ValueError(f"Expected JSON, received {line.strip()[:40]!r} ({error}).")
            return
        if self._wanted is None:
            names = [*value] if isinstance(value, dict) else []
            self._wanted = self.feed.columns(names)
            self._warn_of_extra(names)
        if self._wanted and not isinstance(value, dict):
            yield (
                self.line,
                ValueError(f"Expected an object with the columns, received {line.strip()[:40]!r}."),
            )
        elif missing := [name for name in self._wanted if name not in value]:
            yield self.line, ValueError(f"Expected the column '{missing[0]}', or null for a missing entry.")
        else:
            yield self.line, value

    def raw(self, rows: Sequence[Any]) -> Any:
        return self.feed.of_values(rows)


class CsvRecords(Records):
    """CSV, with any of the usual marks between entries, which the first line shows.

    A first line with the names of the columns is needed if the model knows columns by name.

    Args:
        feed: Feed of the examples.
    """

    def __init__(self, feed: Feed) -> None:
        super().__init__(feed)
        self._delimiter = ","
        self._header: list[str] | None = None
        self._places: list[int] = []
        self._begun: list[str] = []
        self._quoted = False

    @property
    def waits(self) -> bool:
        return bool(self._begun)

    def _read(self, line: str) -> Iterator[tuple[int, Any]]:
        self._begun.append(line)
        if '"' in line or self._quoted:
            marks = "".join(_DELIMITERS) if self._header is None else self._delimiter
            self._quoted = _ends_quoted(line, marks, self._quoted)
            if self._quoted and len(self._begun) < _MOST_LINES:
                return
        text, self._begun, self._quoted = "\n".join(self._begun), [], False
        if self._header is None:
            self._delimiter = self._found_delimiter(text)
            row = _cells(text, self._delimiter)
            self._header = [name.strip() for name in row]
            if self._is_names(row):
                return
        row = _cells(text, self._delimiter)
        if len(row) != len(self._header):
            yield self.line, ValueError(f"Expected {len(self._header)} entries, received {len(row)}.")
        else:
            yield self.line, [row[place] for place in self._places]

    def _found_delimiter(self, text: str) -> str:
        """Return the mark that splits the first line into most of the known columns, or into most entries."""

        def known(mark: str) -> tuple[int, int]:
            names = [name.strip() for name in _cells(text, mark)]
            try:
                wanted = self.feed.columns(names)
            except ValueError:
                wanted = ()
            return len(wanted), len(names)

        return max(_DELIMITERS, key=known)

    def _is_names(self, row: Sequence[str]) -> bool:
        """Return whether the first row has names, and find the places of the columns that are read."""
        assert self._header is not None
        wanted = self.feed.columns(self._header)
        if not wanted:
            self._places = [*range(len(row))]
            return not all(_is_number(entry) for entry in row)
        if repeated := [name for name in wanted if self._header.count(name) > 1]:
            raise ValueError(f"Expected a name of its own for each column, received '{repeated[0]}' twice.")
        self._places = [self._header.index(name) for name in wanted]
        self._warn_of_extra(self._header)
        return True

    def raw(self, rows: Sequence[Any]) -> Any:
        return self.feed.of_entries(rows)


def _ends_quoted(line: str, marks: str, quoted: bool) -> bool:
    """Return whether a quoted entry of CSV is open at the end of a line.

    A quote opens an entry only as its first character. Amid an entry it is a character as any other, such as
    the inches of 5" pipe, as the reader of the training takes it.

    Args:
        line: Line.
        marks: Characters that separate entries.
        quoted: Whether one was open at its beginning.
    """
    first, place = not quoted, 0
    while place < len(line):
        character = line[place]
        if quoted and character == '"':
            doubled = line[place + 1 : place + 2] == '"'
            quoted, place = doubled, place + doubled
        elif not quoted and character == '"' and first:
            quoted = True
        first = not quoted and character in marks
        place += 1
    return quoted


def _cells(text: str, delimiter: str) -> list[str]:
    """Return the entries of a row of CSV, of one line or of several if an entry is quoted."""
    # Python's csv ends a row at the end of its last line.
    lines = text.splitlines(True) if "\n" in text else [text]
    return next(csv.reader(lines, delimiter=delimiter))


def _is_number(entry: str) -> bool:
    try:
        float(entry or "nan")
    except ValueError:
        return False
    return True
