"""Tables: CSV and Parquet files, with columns of any type and missing entries anywhere."""

import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from kerasae.data._base import Data, draw_splits
from kerasae.data._csv import CsvFile, ParquetFile
from kerasae.data._labels import tidy_labels
from kerasae.data._skipping import Skipped
from kerasae.data._split import Split
from kerasae.data._stored_table import TableWriter
from kerasae.data._types import KINDS, ColumnType, column_of
from kerasae.preprocessing.table import named_by_text
from kerasae.registry import did_you_mean
from kerasae.spec import Column, Spec

#: Larger files are streamed unless something else is said.
_LARGE = 200 * 2**20
_CSV = (".csv", ".tsv")


#: Arguments that name files.
PATHS = ("path",)


def accepts(path: Path) -> bool:
    """Whether a file is a table, by its name."""
    return path.suffix.lower() in (*_CSV, ".parquet", ".pq") and path.is_file()


def tables(
    path: str,
    *,
    labels: str | None = None,
    id: str | None = None,
    drop: Sequence[str] = (),
    types: dict[str, Literal["number", "boolean", "date", "category"]] | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    stream: bool | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """The rows of a CSV or Parquet file.

    The type of a CSV's column is found from all of its entries: `true` and `false`, or 0 and 1, are
    booleans, then numbers (3,5 too, where commas do not part the cells), dates (ISO 8601, or one
    usual format throughout), otherwise categories. A number that begins with 0, such as 007, is a
    category. A first column without a name, as pandas writes an index, is taken as `id`.

    Args:
        path: of the file; `.csv`, `.tsv`, `.parquet`.
        labels: the column of labels, which no training sees.
        id: a column that names the rows, which no training sees; it becomes the index.
        drop: columns to leave out.
        types: the kind of a column where the one found is not wanted: `number`, `boolean`, `date`,
            `category`. Entries that are no such thing are missing then, with a warning.
        header: whether the first row of a CSV holds names; by default it does unless one is a number.
        delimiter: of a CSV; found by default.
        dayfirst: whether 02/01/2020 is the second of January, where the column does not show it.
        on_error: what a row does that cannot be read (too many cells, too few, not UTF-8): `"raise"`
            ends the reading, `"skip"` leaves it out and lists it.
        stream: whether rows stay on disk, in a temporary folder, and are read as they are needed;
            by default above 200 MB.
        validation: share of the rows left by the test split.
        calibration: share of the rows left by the test split; 0 for no such rows.
        test: share of all rows.
        seed: of the splits.

    Raises:
        ValueError: for a row that cannot be read, with its line, or an unknown column.
    """
    file_path = Path(path)
    skipped = Skipped(on_error)
    if file_path.suffix.lower() in _CSV:
        tab = "\t" if file_path.suffix.lower() == ".tsv" else None
        source: Any = CsvFile(file_path, skipped, header, delimiter or tab)
    elif file_path.suffix.lower() in (".parquet", ".pq"):
        source = ParquetFile(file_path)
    else:
        raise ValueError(f"Expected a file named .csv, .tsv or .parquet, received {path}.")
    if id is None and getattr(source, "indexed", False):
        id = source.names[0]
        warnings.warn(
            f"The first column of {path} has no name, as pandas writes an index: it names the rows and "
            f"no training sees it; --id COLUMN chooses another.",
            stacklevel=2,
        )
    wanted = [name for name in (labels, id, *drop, *(types or {})) if name is not None]
    for name in wanted:
        if name not in source.names:
            raise ValueError(f"No column '{name}' in {path}; {did_you_mean(name, source.names)}")
    _check_types(types)
    used = [name for name in source.names if name not in (*drop, labels, id)]
    if not used:
        raise ValueError(f"Expected columns beside labels and id in {path}, received none.")
    if isinstance(source, CsvFile):
        rows, columns, read = _scan(source, used, types or {}, labels, id, dayfirst)
    else:
        rows, columns, read = _typed(source, used, types or {}, labels, id)
    spec = Spec("table", (len(columns),), "mixed", columns=tuple(columns))
    parts = draw_splits(rows, validation, calibration, test, seed, where=f" in {path}")
    if stream is None:
        stream = file_path.stat().st_size > _LARGE
    name = file_path.stem
    if not stream:
        if rows == 0:
            raise ValueError(f"Expected rows in {path}, received none below the names of the columns.")
        frames, found = zip(*read(), strict=True)
        together = pd.concat(frames, ignore_index=id is None)
        everything = Split(together, None if labels is None else tidy_labels(np.concatenate(found)))
        splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
        return Data(name, spec, **splits, skipped=skipped.lines)
    home = tempfile.TemporaryDirectory(prefix="kerasae-")
    writers = [TableWriter(home, split) for split in parts]
    owner = np.empty(rows, "uint8")
    for number, part in enumerate(parts.values()):
        owner[part] = number
    names = [*parts]
    del parts
    start = 0
    for frame, given in read():
        mine = owner[start : start + len(frame)]
        start += len(frame)
        for number, writer in enumerate(writers):
            chosen = np.flatnonzero(mine == number)
            writer.write(frame.iloc[chosen], None if given is None else given[chosen])
    stored: dict[str, Any] = {key: writer.split() for key, writer in zip(names, writers, strict=True)}
    return Data(name, spec, **stored, skipped=skipped.lines)


def from_frame(
    frame: pd.DataFrame,
    *,
    labels: str | None = None,
    types: dict[str, str] | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """The rows of a DataFrame; arguments as for `tables`."""
    _check_types(types)
    frame = named_by_text(frame)
    used = [name for name in frame.columns if name != labels]
    examples = frame[used]
    columns = tuple(column_of(examples[name], (types or {}).get(name)) for name in examples)
    spec = Spec("table", (len(columns),), "mixed", columns=columns)
    everything = Split(examples, None if labels is None else tidy_labels(frame[labels].to_numpy()))
    parts = draw_splits(len(frame), validation, calibration, test, seed)
    splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
    return Data("table", spec, **splits)


_Reader = Callable[[], Iterator[tuple[pd.DataFrame, np.ndarray | None]]]


def _check_types(types: dict[str, Any] | None) -> None:
    for name, kind in (types or {}).items():
        if kind not in KINDS:
            raise ValueError(
                f"Unknown type {kind!r} of column '{name}'; {did_you_mean(str(kind), list(KINDS))}"
            )


def _scan(
    source: CsvFile,
    used: list[str],
    types: dict[str, Any],
    labels: str | None,
    id: str | None,
    dayfirst: bool | None,
) -> tuple[int, list[Column], _Reader]:
    """A first pass, for rows and types; the second is the reader returned."""
    comma = source.delimiter != ","
    seen = {name: ColumnType(name, types.get(name), decimal_comma=comma, dayfirst=dayfirst) for name in used}
    rows = 0
    for block in source.blocks():
        rows += len(block)
        for name, one in seen.items():
            one.see(block[name])
    columns = [one.found() for one in seen.values()]
    again = CsvFile(source.path, Skipped("skip"), source.header, source.delimiter)

    def read() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        for block in again.blocks():
            frame = pd.DataFrame(
                {column.name: seen[column.name].read(block[column.name], column) for column in columns}
            )
            if id is not None:
                frame.index = pd.Index(block[id].to_pandas(), name=id)
            yield frame, None if labels is None else block[labels].to_pandas().fillna("").to_numpy(object)
        unread = [f"'{one.name}' ({one.unread})" for one in seen.values() if one.unread]
        if unread:
            warnings.warn(
                f"Entries that are not of the type given are missing, by column: {', '.join(unread)}.",
                stacklevel=2,
            )

    return rows, columns, read


def _typed(
    source: ParquetFile, used: list[str], types: dict[str, Any], labels: str | None, id: str | None
) -> tuple[int, list[Column], _Reader]:
    """The columns of a file that knows its types."""
    rows, found = 0, {}
    missing = dict.fromkeys(used, False)
    bits = dict.fromkeys(used, True)
    for block in source.blocks():
        rows += len(block)
        for name in used:
            kind = block.schema.field(name).type
            if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_duration(kind):
                raise ValueError(
                    f"Expected numbers, booleans, dates or texts in {source.path}, received column "
                    f"'{name}' of type {kind}; leave it out with --set 'data.drop=[\"{name}\"]'."
                )
        frame = block.select(used).to_pandas()
        for name in used:
            if (
                frame[name].dtype == object
                and frame[name].map(lambda v: isinstance(v, np.ndarray | dict | list)).any()
            ):
                raise ValueError(
                    f"Expected one value a cell in {source.path}, received lists or structures in column "
                    f"'{name}'; leave it out with --set 'data.drop=[\"{name}\"]'."
                )
            missing[name] |= bool(block[name].null_count)
            column = column_of(frame[name], types.get(name))
            bits[name] &= column.kind == "boolean"
            found[name] = column
    columns = []
    for name, column in found.items():
        arrow = str(source._file.schema_arrow.field(name).type)
        dtype = column.dtype
        if arrow.startswith(("int", "uint")):
            dtype = arrow.capitalize().replace("Uint", "UInt") if missing[name] else arrow
            kind = types.get(name) or ("boolean" if bits[name] else "number")
        elif arrow == "bool":
            dtype, kind = "boolean" if missing[name] else "bool", types.get(name) or "boolean"
        elif arrow.startswith(("date", "timestamp")):
            zone = getattr(source._file.schema_arrow.field(name).type, "tz", None)
            dtype = f"datetime64[us, {zone}]" if zone else "datetime64[us]"
            kind = types.get(name) or "date"
        elif arrow.startswith("decimal"):
            dtype, kind = "float64", types.get(name) or "number"
        else:
            kind = column.kind if types.get(name) is None else types[name]
            dtype = dtype if kind == "number" else dtype if dtype.startswith("category") else "str"
        if kind == "category" and not dtype.startswith("category"):
            # Codes that are numbers come back as texts: an unknown one is no number.
            dtype = "str"
        elif kind == "number" and arrow == "bool":
            dtype = "float64"
        columns.append(Column(name, kind, dtype))

    def read() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        for block in source.blocks():
            frame = pd.DataFrame(
                {
                    column.name: block[column.name]
                    .to_pandas(integer_object_nulls=True)
                    .astype("category" if column.dtype.startswith("category") else column.dtype)
                    for column in columns
                }
            )
            if id is not None:
                frame.index = pd.Index(block[id].to_pandas(), name=id)
            yield frame, None if labels is None else block[labels].to_pandas().to_numpy()

    return rows, columns, read
