"""Notes: what was repaired in a log, told in one warning a topic at the end."""

import dataclasses
import warnings

from kerasae.data.series._logs.place import Place


@dataclasses.dataclass
class _Note:
    words: str
    where: str
    count: int = 0


class Notes:
    """Counts of what was repaired, by topic."""

    def __init__(self) -> None:
        self._notes: dict[str, _Note] = {}

    def add(self, words: str, count: int, place: Place, row: int) -> None:
        """Count rows or readings of a topic.

        Args:
            words: What happened, with `{}` for the count.
            count: Number of rows or readings. Nothing is noted if it is 0.
            place: Where the rows stand.
            row: Number of the first row.
        """
        if not count:
            return
        if words not in self._notes:
            # The line is looked up once, because that reads the file.
            self._notes[words] = _Note(words, place.of(row))
        self._notes[words].count += count

    def warn(self) -> None:
        """Warn of every topic."""
        for note in self._notes.values():
            said = note.words.format(f"{note.count:,}")
            first = f"; the first is in {note.where}" if note.count > 1 else f", in {note.where}"
            warnings.warn(f"{said}{first}.", stacklevel=2)
