"""Files of filled examples: CSV, images, or NPZ."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._base import index_heading, row_names
from kerasae.applications._filling.cells import Cells, flatten
from kerasae.applications._filling.filling import Filled
from kerasae.applications._filling.raw import raw_ends
from kerasae.applications._log_files import LogFile
from kerasae.applications._pictures import MODES, pixels, png_names, save_png
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.preprocessing import as_written
from kerasae.report.sheet import write_sheet, write_table

#: Number of images in a demonstration with hidden cells, which is written if there are no gaps.
_EXAMPLES = 20


class Files:
    """Destination of filled examples, part by part; this class writes nothing.

    Attributes:
        shown: First examples for a picture: original, filled, missing, `(rows, cells)` in `x`.
    """

    shown: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def write(self, raw: Any, done: Any, filled: Filled, missing: np.ndarray, gaps: bool) -> None:
        """Write a part: raw, filled raw, its intervals in `x`, the cells, and whether they are real gaps."""

    def close(self) -> None:
        """Complete the files after the last part."""

    def notes(self) -> list[str]:
        """Return notes on what was written, if it is not obvious."""
        return []


class TableFiles(Files):
    """`filled.csv` and `intervals.csv`."""

    def __init__(self, out: Path, data: Data, cells: Cells) -> None:
        self._out, self._cells = out, cells
        self._names = row_names(data)
        self._heading = index_heading(data)
        self._start = 0

    def write(self, raw: Any, done: Any, filled: Filled, missing: np.ndarray, gaps: bool) -> None:
        first = self._start == 0
        low, high = (self._written(frame, missing) for frame in raw_ends(self._cells, filled, missing))
        done = self._written(done, missing)
        write_table(
            done,
            self._out / "filled.csv",
            append=not first,
            index=self._heading is not None,
            index_label=self._heading,
        )
        rows, columns = np.nonzero(missing)
        names = [column.name for column in self._cells.spec.features]
        table: dict[str, list[Any]] = {
            "row": [self._names[self._start + row] for row in rows],
            "column": [names[column] for column in columns],
        }
        number = self._cells.number[columns]
        everywhere = np.ones(len(rows), bool)
        for heading, frame, shown in (
            ("value", done, everywhere),
            ("low", low, number),
            ("high", high, number),
        ):
            values = [frame[name].to_numpy(object) for name in names]
            table[heading] = [
                values[column][row] if there else None
                for row, column, there in zip(rows, columns, shown, strict=True)
            ]
        if filled.confidence is not None:
            table["confidence"] = [None if np.isnan(one) else one for one in filled.confidence[missing]]
        # Without the type of objects, the integers of one column would become floats beside those of others.
        kept = {"value": pd.Series(table["value"], dtype=object)} if _with_integers(table["value"]) else {}
        write_sheet(pd.DataFrame(table | kept), self._out / "intervals.csv", append=not first)
        self._start += len(done)

    def _written(self, frame: pd.DataFrame, filled: np.ndarray) -> pd.DataFrame:
        """Return entries as they were written; filled dates of a date type are rounded to seconds."""
        frame = as_written(frame, self._cells.spec.features)
        for number, column in enumerate(self._cells.spec.features):
            dates = frame[column.name]
            if column.kind == "date" and pd.api.types.is_datetime64_any_dtype(dates.dtype):
                frame[column.name] = dates.where(~filled[:, number], to_the_second(dates))
        return frame


def to_the_second(dates: pd.Series) -> pd.Series:
    """Return dates rounded to seconds; in the hour that a zone has twice they stay what they are."""
    zone = dates.dt.tz
    if zone is None:
        return dates.dt.round("s")
    return dates.dt.tz_convert("UTC").dt.round("s").dt.tz_convert(zone)


def _with_integers(values: list[Any]) -> bool:
    return any(isinstance(value, int | np.integer) for value in values)


class ArrayFiles(Files):
    """`filled.npz`; for images a PNG for each in the folder `filled`; for a log its rows in `filled.csv`."""

    def __init__(self, out: Path, data: Data, cells: Cells) -> None:
        self._out, self._cells = out, cells
        self._names: list[str] = []
        if kind_of(data.spec).is_picture and data.spec.shape[-1] in MODES:
            self._names = png_names(row_names(data))
        self._parts: list[tuple[Any, ...]] = []
        self._log = LogFile(out / "filled.csv", data.test, data.spec) if data.spec.channels else None
        self._gaps = True
        self._start = 0

    def write(self, raw: Any, done: Any, filled: Filled, missing: np.ndarray, gaps: bool) -> None:
        count = len(done)
        if not gaps:
            self._gaps = False
            count = max(0, min(count, _EXAMPLES - self._start))
        if self.shown is None:
            self.shown = (flatten(self._cells.view.to_x(raw[:10])), filled.x[:10], missing[:10])
        if count:
            if self._log is not None and gaps:
                self._log.add(done, missing)
            part = Filled(*(array[:count] for array in (filled.x, filled.low, filled.high)))
            low, high = raw_ends(self._cells, part, missing[:count])
            done, shaped = done[:count], self._cells.shaped(missing[:count]).astype(bool)
            self._parts.append((done, shaped, low, high))
            if self._names:
                for name, image in zip(
                    self._names[self._start :], pixels(done, *self._cells.range), strict=False
                ):
                    save_png(self._out / "filled" / name, image)
        self._start += len(missing)

    def close(self) -> None:
        if self._log is not None:
            self._log.close()
        if self._parts:
            done, missing, low, high = (np.concatenate(part) for part in zip(*self._parts, strict=True))
            np.savez_compressed(self._out / "filled.npz", filled=done, missing=missing, low=low, high=high)

    def notes(self) -> list[str]:
        if self._gaps:
            return []
        return [
            f"The examples have no gaps: written are the first {_EXAMPLES} with the cells that were hidden "
            "from them filled. A `mask` says where examples of your own have gaps."
        ]


@contextlib.contextmanager
def filled_files(out: Path | None, data: Data, cells: Cells) -> Iterator[Files]:
    """Return the destination for this kind of examples; without a folder nothing is written."""
    of_kind = TableFiles if data.spec.columns else ArrayFiles
    files = Files() if out is None else of_kind(out, data, cells)
    yield files
    files.close()
