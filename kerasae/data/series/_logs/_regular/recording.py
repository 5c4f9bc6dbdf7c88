"""Recordings: the rows of each file or group, spooled while they are read."""

import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from kerasae.data.series._logs._regular.intervals import Intervals
from kerasae.data.series._logs._regular.spool import FileSpool, MemorySpool, Spool
from kerasae.data.series._logs.place import Place
from kerasae.data.series._logs.rows import Rows

#: Bytes of rows that are held until they are written.
_HELD = 1 << 24


class Recording:
    """The rows of one recording, in the order of their file.

    Args:
        place: Where the rows stand.
        spool: Spool of the rows.
    """

    def __init__(self, place: Place, spool: Spool) -> None:
        self.place, self._spool = place, spool
        self.intervals = Intervals()
        self._held: list[Rows] = []

    def add(self, rows: Rows) -> None:
        """Add rows."""
        self._held.append(rows)

    def flush(self) -> None:
        """Write the rows that are held."""
        if self._held:
            rows = Rows.joined(self._held)
            self.intervals.see(rows.stamps)
            self._spool.write(rows)
            self._held = []

    def rows(self) -> Iterator[Rows]:
        """Give the rows, the oldest first. A file that begins with the newest row is read from its end."""
        self.flush()
        backwards = 2 * self.intervals.back > self.intervals.total
        yield from self._spool.blocks(backwards)

    def delete(self) -> None:
        """Delete the spool."""
        self._spool.delete()


class Recordings:
    """All recordings of a log.

    Args:
        channels: Number of channels.
        marks: Number of marks of a row.
        home: Temporary folder of the spools. `None` keeps them in memory.
    """

    def __init__(self, channels: int, marks: int, home: tempfile.TemporaryDirectory | None) -> None:
        self._channels, self._marks, self._home = channels, marks, home
        self._by_name: dict[str, Recording] = {}
        self._held = 0

    def add(self, place: Place, rows: Rows) -> None:
        """Add rows to a recording."""
        if not len(rows):
            return
        name = place.recording
        if name not in self._by_name:
            self._by_name[name] = Recording(place, self._spool(len(self._by_name)))
        self._by_name[name].add(rows)
        self._held += rows.values.nbytes + rows.marks.nbytes + 16 * len(rows)
        if self._held > _HELD:
            for one in self._by_name.values():
                one.flush()
            self._held = 0

    def _spool(self, number: int) -> Spool:
        if self._home is None:
            return MemorySpool()
        return FileSpool(Path(self._home.name) / f"rows{number}", self._channels, self._marks)

    def __len__(self) -> int:
        return len(self._by_name)

    def in_order(self) -> list[Recording]:
        """Return the recordings by name; `valve2` comes before `valve10`."""
        return [self._by_name[name] for name in sorted(self._by_name, key=natural)]

    def usual_interval(self) -> float | None:
        """Return the commonest interval of the recordings, in nanoseconds; `None` without any."""
        votes: Counter[float] = Counter()
        for one in self._by_name.values():
            one.flush()
            if (step := one.intervals.usual()) is not None:
                votes[step] += one.intervals.total
        return min(votes, key=lambda step: (-votes[step], step)) if votes else None


def natural(name: str) -> list[tuple[bool, int, str]]:
    """Return a key by which numbers in names are sorted as numbers."""
    parts = re.split("([0-9]+)", name)
    return [(part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts]
