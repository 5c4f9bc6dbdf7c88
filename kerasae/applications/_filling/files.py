"""What a user takes away of filled examples: a CSV, pictures, or an NPZ."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.applications._base import row_names
from kerasae.applications._filling.filling import Cells, Filled, flatten, frame_of
from kerasae.applications._pictures import MODES, pixels, png_names, raw_range, save_png
from kerasae.data import Data
from kerasae.kinds import kind_of
from kerasae.preprocessing import as_written, named_by_text
from kerasae.report.sheet import write_sheet, write_table

#: Images of which only a demonstration is written: cells that were hidden, as there were no gaps.
_EXAMPLES = 20


def put_back(cells: Cells, raw: Any, x: np.ndarray, missing: np.ndarray) -> Any:
    """Raw examples with some cells replaced; the others are the same to the bit.

    Args:
        cells: of the examples.
        raw: an array, a DataFrame or a dict of columns.
        x: what to take for the missing cells, `(rows, cells)`.
        missing: which, `(rows, cells)`.

    Returns:
        Examples as `raw`; a table has its index, its columns and their types. Where a type cannot hold what
        is filled in, the column becomes one of objects, or a category gets one more value, with a warning.
    """
    if not cells.spec.columns:
        array = np.array(raw)
        restored = cells.view.restore(cells.shaped(x))
        place = missing.reshape(array.shape)
        array[place] = np.asarray(restored).reshape(array.shape)[place]
        return array
    frame = pd.DataFrame(raw).copy()
    named = named_by_text(frame)
    restored = cells.view.restore(cells.shaped(x), like=named)
    if cells.values is not None:
        restored = cells.values.rounded(restored)
    for number, column in enumerate(cells.spec.features):
        place = named.columns.get_loc(column.name)
        # An empty text is there, though the model takes it for missing.
        rows = missing[:, number] & (named[column.name].astype(object) != "").to_numpy()
        if rows.any():
            values = cells.as_given(column.name, restored[column.name][rows])
            frame.isetitem(place, _filled(frame.iloc[:, place], values, rows))
    return frame


def _filled(series: pd.Series, values: pd.Series, rows: np.ndarray) -> pd.Series:
    found = series.copy()
    place = np.flatnonzero(rows)
    if isinstance(found.dtype, pd.CategoricalDtype):
        known = found.cat.categories
        new = [value for value in values.unique() if value not in known]
        if new:
            _warn(
                f"The categories of column '{series.name}' get {new[0]!r}, which is filled in", len(new) - 1
            )
            found = found.cat.add_categories(new)
        found.iloc[place] = values.to_numpy(object)
        return found
    try:
        found.iloc[place] = values.astype(found.dtype).array
    except (TypeError, ValueError, ArithmeticError):
        _warn(
            f"Column '{series.name}' of type {found.dtype} becomes one of objects: it cannot hold "
            f"{values.iloc[0]!r}"
        )
        found = found.astype(object)
        found.iloc[place] = values.to_numpy(object)
    return found


def _warn(message: str, more: int = 0) -> None:
    warnings.warn(f"{message}{f' and {more} more' if more else ''}.", stacklevel=4)


def raw_ends(cells: Cells, filled: Filled, missing: np.ndarray, raw: Any = None) -> tuple[Any, Any]:
    """The ends of the intervals in raw units, floats shaped like them; NaN where there is none.

    Args:
        cells: of the examples.
        filled: with the ends in x.
        missing: where an interval is wanted.
        raw: the examples, whose index a table takes.
    """
    shown = missing & cells.number
    found = []
    for ends in (filled.low, filled.high):
        x = np.where(shown, ends, np.nan)
        if cells.spec.columns:
            frame = frame_of(cells.view, cells.shaped(x))
            found.append(frame.set_axis(raw.index) if isinstance(raw, pd.DataFrame) else frame)
        else:
            inverse = np.asarray(cells.view.inverse(cells.shaped(x)))
            found.append(np.clip(inverse, cells.spec.low, cells.spec.high))
    return found[0], found[1]


class Files:
    """Where filled examples go, part by part; this one has nowhere to write to.

    Attributes:
        shown: the first examples for a picture: original, filled, missing, `(rows, cells)` in x.
    """

    shown: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def write(self, raw: Any, done: Any, filled: Filled, missing: np.ndarray, gaps: bool) -> None:
        """A part: raw, raw without gaps, its intervals in x, which cells, and whether they are real gaps."""

    def close(self) -> None:
        """After the last part."""

    def notes(self) -> list[str]:
        """What was written, where it is not plain."""
        return []


class TableFiles(Files):
    """`filled.csv` and `intervals.csv`."""

    def __init__(self, out: Path, data: Data, cells: Cells) -> None:
        self._out, self._cells = out, cells
        self._names = row_names(data)
        split: Any = data.test
        index = next(split.chunks(1)).index
        # The numbers of rows that stand in their order say nothing.
        self._indexed = index.name is not None or self._names != [str(n) for n in range(len(self._names))]
        self._label = index.name or ("" if self._indexed else None)
        self._start = 0

    def write(self, raw: Any, done: Any, filled: Filled, missing: np.ndarray, gaps: bool) -> None:
        first = self._start == 0
        low, high = (self._written(frame) for frame in raw_ends(self._cells, filled, missing))
        done = self._written(done)
        write_table(
            done,
            self._out / "filled.csv",
            append=not first,
            index=self._indexed,
            index_label=self._label,
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
        write_sheet(pd.DataFrame(table), self._out / "intervals.csv", append=not first)
        self._start += len(done)

    def _written(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Entries as they were written; dates that have a type already to the second."""
        frame = as_written(frame, self._cells.spec.features)
        for column in self._cells.spec.features:
            dates = frame[column.name]
            if column.kind == "date" and pd.api.types.is_datetime64_any_dtype(dates.dtype):
                frame[column.name] = dates.dt.round("s")
        return frame


class ArrayFiles(Files):
    """`filled.npz` and, of images, a PNG for each in the folder `filled`, under its own name."""

    def __init__(self, out: Path, data: Data, cells: Cells) -> None:
        self._out, self._cells = out, cells
        self._names: list[str] = []
        if kind_of(data.spec).is_picture and data.spec.shape[-1] in MODES:
            self._names, self._range = png_names(row_names(data)), raw_range(data)
        self._parts: list[tuple[Any, ...]] = []
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
            part = Filled(*(array[:count] for array in (filled.x, filled.low, filled.high)))
            low, high = raw_ends(self._cells, part, missing[:count])
            done, shaped = done[:count], self._cells.shaped(missing[:count]).astype(bool)
            self._parts.append((done, shaped, low, high))
            if self._names:
                for name, image in zip(self._names[self._start :], pixels(done, *self._range), strict=False):
                    save_png(self._out / "filled" / name, image)
        self._start += len(missing)

    def close(self) -> None:
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
def filled_files(out: Path | None, data: Data, cells: Cells) -> Iterator[Any]:
    """Where filled examples of this kind go; nowhere without a folder."""
    kinds = {"table": TableFiles}
    files = Files() if out is None else kinds.get(data.spec.kind, ArrayFiles)(out, data, cells)
    yield files
    files.close()
