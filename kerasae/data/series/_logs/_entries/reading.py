"""Reading: the rows of open files become recordings, and these a log."""

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from kerasae.data._skipping import Skipped
from kerasae.data.series._logs._entries.columns import Layout, find_layout
from kerasae.data.series._logs._entries.marks import LabelCodes, split_codes
from kerasae.data.series._logs._entries.spread import Rates, Spread
from kerasae.data.series._logs._entries.stamps import Stamps
from kerasae.data.series._logs._entries.values import Values
from kerasae.data.series._logs._regular.assembling import Plan, assembled, step_of
from kerasae.data.series._logs._regular.recording import Recordings
from kerasae.data.series._logs.log import SPLITS, Log
from kerasae.data.series._logs.notes import Notes
from kerasae.data.series._logs.options import Options
from kerasae.data.series._logs.place import Place, place_of, places_of
from kerasae.data.series._logs.rows import Rows

#: Size in bytes, unpacked, above which a log is streamed by default.
LARGE = 200 * 2**20
#: Name of the recording of rows without a group.
_UNNAMED = "unnamed"


def read_sources(sources: Any, path: object, options: Options, skipped: Skipped) -> Log:
    """Return the log of open files.

    Args:
        sources: Open files.
        path: Path that the user gave, for messages.
        options: What the user says about the log.
        skipped: Collector of rows that cannot be read.
    """
    layout = find_layout(sources.files[0], sources.everywhere, path, sources.passes, options)
    stream = sources.size > LARGE if options.stream is None else options.stream
    home = tempfile.TemporaryDirectory(prefix="kerasae-") if stream else None
    return _Reader(sources, path, options, skipped, layout, home).log()


class _Reader:
    """Reads the rows of all files into recordings."""

    def __init__(
        self,
        sources: Any,
        path: object,
        options: Options,
        skipped: Skipped,
        layout: Layout,
        home: tempfile.TemporaryDirectory | None,
    ) -> None:
        self._sources, self._path, self._options, self._skipped = sources, path, options, skipped
        self._layout, self._home = layout, home
        everywhere = sources.everywhere
        self._labels = LabelCodes() if options.labels in everywhere else None
        self._split = options.split if options.split in everywhere else None
        self._group = options.group if options.group in everywhere else None
        count = len(layout.channels)
        marks = int(self._labels is not None) + int(self._split is not None)
        self._recordings = Recordings(count, marks, home)
        self._values = Values(layout.channels, options.channels is not None)
        self._stamps = Stamps(layout.clock)
        #: Number of rows without stamps, by recording.
        self._counted: Counter[str] = Counter()
        self._spread, self._rates = Spread(count), Rates(count)

    def log(self) -> Log:
        """Return the log."""
        for number in range(len(self._sources.files)):
            self._read_file(number)
        self._values.tell(Path(str(self._path)))
        if not len(self._recordings):
            raise ValueError(f"Expected rows in {self._path}, received none below the names of the columns.")
        options = self._options
        step = step_of(self._recordings, options, self._path)
        ranks, labels = (None, None) if self._labels is None else self._labels.found()
        holds = self._rates.holds(step) if options.holds is None else options.holds
        zone = self._stamps.zone
        plan = Plan(
            self._layout.channels,
            self._layout.clock,
            bool(self._layout.clock),
            zone,
            (1,) * len(self._layout.channels) if options.bin is not None else holds,
            self._spread.dtype(),
            ranks,
            labels,
            self._split is not None,
            self._path,
        )
        log = assembled(self._recordings, step, plan, options, self._home, Notes())
        return dataclasses.replace(log, skipped=self._skipped.lines)

    def _read_file(self, number: int) -> None:
        name, start = self._sources.names[number], 0
        unread: list[tuple[int, str]] = []
        for block in self._sources.blocks(number):
            numbers = np.arange(start, start + len(block))
            start += len(block)
            stamps = np.zeros(len(block), "int64")
            source = self._sources.files[number]
            if self._layout.clock:
                stamps, gone = self._stamps.read(block)
                unread += self._unread(block, numbers, gone)
                if unread and self._skipped.on_error == "raise":
                    break
                block, numbers, stamps = block.filter(pa.array(~gone)), numbers[~gone], stamps[~gone]
            if len(block):
                values = self._values.read(block)
                self._spread.see(values)
                rows = Rows(numbers, stamps, values, self._marks(block, numbers, source))
                for group, part in self._by_group(block, name):
                    self._add(Place(source, group), rows[part])
        source = self._sources.files[number]
        places = places_of(source, [row for row, _ in unread])
        for (_, entry), place in zip(unread, places, strict=True):
            self._skipped.add(place, f"no stamp that can be read in {entry}", "write it like the others")

    def _add(self, place: Place, rows: Rows) -> None:
        """Add rows to a recording. Rows without stamps are counted."""
        if not self._layout.clock:
            first = self._counted[place.recording]
            self._counted[place.recording] += len(rows)
            seconds = (first + np.arange(len(rows))) * (self._options.step or 1.0)
            rows = dataclasses.replace(rows, stamps=np.round(seconds * 1e9).astype("int64"))
        self._rates.see(rows.stamps, rows.values)
        self._recordings.add(place, rows)

    def _by_group(self, block: pa.Table, name: str) -> Iterator[tuple[str, Any]]:
        """Give the name of each recording in a block, and its rows."""
        if self._group is None or self._group not in block.column_names:
            yield name, slice(None)
            return
        alone = len(self._sources.files) == 1
        entries = block[self._group].to_pandas().astype("str").fillna("").replace("", _UNNAMED).to_numpy(str)
        groups, codes = np.unique(entries, return_inverse=True)
        order = np.argsort(codes, kind="stable")
        starts = np.searchsorted(codes[order], np.arange(1, len(groups)))
        for group, part in zip(groups.tolist(), np.split(order, starts), strict=True):
            yield group if alone else f"{name}/{group}", part

    def _unread(self, block: pa.Table, numbers: np.ndarray, gone: np.ndarray) -> list[tuple[int, str]]:
        """Return the rows without a stamp and what stands in its place. Empty rows are not told."""
        unread = []
        for row in np.flatnonzero(gone).tolist():
            cells = block.slice(row, 1).to_pylist()[0]
            if any(cell not in (None, "") for cell in cells.values()):
                entry = ", ".join(f"'{cells[column.name]}'" for column in self._layout.clock)
                unread.append((int(numbers[row]), entry))
        return unread

    def _marks(self, block: pa.Table, numbers: np.ndarray, source: Any) -> np.ndarray:
        """Return the codes of the labels and the splits of a block, `(rows, marks)`."""
        marks = []
        if self._labels is not None:
            name = self._options.labels
            there = name in block.column_names
            marks.append(self._labels.codes(block[name]) if there else self._labels.missing(len(block)))
        if self._split is not None:
            if self._split in block.column_names:
                codes, wrong = split_codes(block[self._split])
                if wrong.any():
                    row = int(np.flatnonzero(wrong)[0])
                    raise ValueError(
                        f"Expected {', '.join(SPLITS)} in column '{self._split}', received "
                        f"'{block[self._split][row].as_py()}' in {place_of(source, int(numbers[row]))}; "
                        "name the splits so."
                    )
                marks.append(codes)
            else:
                marks.append(np.full(len(block), -1, "int32"))
        return np.stack(marks, axis=1) if marks else np.empty((len(block), 0), "int32")
