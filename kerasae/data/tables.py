"""Tables: CSV and Parquet files, with columns of any type and missing entries anywhere."""

import dataclasses
import inspect
import tempfile
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kerasae import notations, registry
from kerasae.data._base import Data, draw_splits
from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.packed import stem, text_suffix
from kerasae.data._files.parquet_file import ParquetFile
from kerasae.data._labels import labels_of, tidy_labels
from kerasae.data._sentinels import Sentinels
from kerasae.data._skipping import Skipped
from kerasae.data._split import Split
from kerasae.data._stored_table import TableWriter
from kerasae.data._types import (
    KINDS,
    ColumnFinder,
    ColumnReader,
    Missing,
    column_of,
    declared,
    file_mark,
    with_dtype,
)
from kerasae.notations import chunked, trim
from kerasae.preprocessing import column_values, named_by_text, plain
from kerasae.spec import Column, Spec

#: Files of more bytes, unpacked, are streamed unless something else is said.
_LARGE = 200 * 2**20
#: Files of up to so many bytes, unpacked, are read once and kept as strings while their columns are found.
_KEPT = 32 * 2**20
_CSV = (".csv", ".tsv")


#: Arguments that name files.
PATHS = ("path",)


def accepts(path: Path) -> bool:
    """Whether a file is a table, by its name."""
    return path.is_file() and text_suffix(path) in (*_CSV, ".parquet", ".pq")


def tables(
    path: str,
    *,
    labels: str | None = None,
    id: str | Sequence[str] | None = None,
    drop: Sequence[str] = (),
    types: dict[str, Literal["number", "boolean", "date", "category"]] | None = None,
    missing: Sequence[str | float] | dict[str, Sequence[str | float]] = (),
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    decimal: Literal[".", ","] | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    stream: bool | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """The rows of a CSV or Parquet file.

    The type of a CSV's column is found from all of its entries: 0 and 1, or two words such as yes and
    no, are booleans; then numbers, also with a currency, a unit, a percent sign, thousands or brackets
    around them; times of day, as seconds since midnight; dates in one usual format throughout; otherwise
    categories. A number that begins with 0, such as 007, is a category. How the entries are written is
    kept with the column: new files are read in the same way, and results are written so. The index that
    pandas writes, a first column without a name in a CSV, is taken as `id`.

    Args:
        path: of the file; `.csv`, `.tsv`, `.parquet`; the first two also as `.gz`, `.bz2`, `.xz`, `.zip`.
        labels: the column of labels, which no training sees.
        id: a column, or several, that name the rows, which no training sees; they become the index. By
            default the index that pandas wrote, which no training sees either unless `types` names it.
        drop: columns to leave out.
        types: the kind of a column where the one found is not wanted: `number`, `boolean`, `date`,
            `category`. Entries that are no such thing are missing then, with a warning.
        missing: entries that stand for a missing one, in all columns, or a dict of them by column.
        header: whether the first row of a CSV holds names; found by default.
        delimiter: of a CSV, a space for any number of spaces; found by default.
        encoding: of a CSV, such as `latin-1`; by default UTF-8, or UTF-16 by its mark.
        skip: lines above the table of a CSV; by default comments, which begin with `#` or `//`.
        decimal: the mark before the decimals, where 2,308 or 2.308 does not show it.
        dayfirst: whether 02/01/2020 is the second of January, where the column does not show it.
        on_error: what a row does that cannot be read (too many cells, too few, not UTF-8): `"raise"`
            ends the reading, `"skip"` leaves it out and lists it.
        stream: whether rows stay on disk, in a temporary folder, and are read as they are needed;
            by default above 200 MB, unpacked.
        validation: share of the rows left by the test split.
        calibration: share of the rows left by the test split; 0 for no such rows.
        test: share of all rows.
        seed: of the splits.

    Raises:
        ValueError: for a row that cannot be read, with its line, an unknown column, or numbers that may
            have thousands or decimals.
    """
    options = dict(locals())
    return _read(options, None)


def tables_like(columns: Sequence[Column], **options: Any) -> Data:
    """The rows of a file, read by the columns of another: that of a training.

    Args:
        columns: with the notations by which the entries are read.
        **options: of `tables`.

    Raises:
        ValueError: for a column that the file lacks, or an entry that is written in another way than in
            the training.
    """
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(tables).parameters.items()
        if parameter.default is not parameter.empty
    }
    return _read({**defaults, **options}, columns)


def open_table(
    path: Path,
    skipped: Skipped,
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    wanted: Collection[str] = (),
) -> CsvFile | ParquetFile:
    """A table in a file of any format that is read; arguments as for `tables`.

    Args:
        wanted: names of columns that the file should have, which show how a CSV is laid out.

    Raises:
        ValueError: for a file of another format.
    """
    suffix = text_suffix(path)
    if suffix in _CSV:
        return CsvFile(path, skipped, header, delimiter, encoding, skip, wanted)
    if suffix in (".parquet", ".pq"):
        return ParquetFile(path)
    raise ValueError(f"Expected a file named .csv, .tsv or .parquet, received {path}.")


def _read(options: dict[str, Any], known: Sequence[Column] | None) -> Data:
    path, labels, types = options["path"], options["labels"], options["types"] or {}
    file_path = Path(path)
    skipped = Skipped(options["on_error"])
    layout = {key: options[key] for key in ("header", "delimiter", "encoding", "skip")}
    wanted = [column.name for column in known or ()]
    source: Any = open_table(file_path, skipped, **layout, wanted=wanted)
    ids, left_out = _ids(source, options, known)
    drop = options["drop"]
    by_column = options["missing"] if isinstance(options["missing"], dict) else {}
    wanted = [labels, *ids, *drop, *types, *by_column, *(column.name for column in known or ())]
    for name in wanted:
        if name is not None and name not in source.names:
            raise ValueError(f"No column '{name}' in {path}; {registry.did_you_mean(name, source.names)}")
    _check_types(types)
    used = [name for name in source.names if name not in (*drop, labels, *ids, *left_out)]
    if known is not None:
        extra = [name for name in used if name not in {column.name for column in known}]
        _say_ignored(extra)
        used = [column.name for column in known]
    if not used:
        raise ValueError(f"Expected columns beside labels and id in {path}, received none.")
    missing = {name: declared(options["missing"], name) for name in used}
    if isinstance(source, CsvFile):
        rows, columns, read = _scan(source, used, types, missing, labels, ids, options, known)
    else:
        rows, columns, read = _typed(source, used, types, missing, labels, ids, known)
    spec = Spec("table", (len(columns),), "mixed", columns=tuple(columns))
    shares = (options[key] for key in ("validation", "calibration", "test", "seed"))
    parts = draw_splits(rows, *shares, where=f" in {path}")
    stream = options["stream"]
    if stream is None:
        stream = source.size > _LARGE
    name = stem(file_path)
    if known is None:
        read = _watched(read, columns)
    if not stream:
        if rows == 0:
            raise ValueError(f"Expected rows in {path}, received none below the names of the columns.")
        frames, found = zip(*read(), strict=True)
        together = pd.concat(frames, ignore_index=not ids)
        everything = Split(together, _tidied(found))
        splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
        return Data(name, spec, **splits, skipped=skipped.lines)
    home = tempfile.TemporaryDirectory(prefix="kerasae-")
    writers = [TableWriter(home, split) for split in parts]
    owner = np.empty(rows, "uint8")
    for number, part in enumerate(parts.values()):
        owner[part] = number
    names = [*parts]
    del parts
    start, found_labels = 0, []
    for frame, given in read():
        found_labels.append(given)
        mine = owner[start : start + len(frame)]
        start += len(frame)
        for number, writer in enumerate(writers):
            writer.write(frame.iloc[np.flatnonzero(mine == number)])
    tidied = _tidied(found_labels)
    stored: dict[str, Any] = {
        key: writer.split(None if tidied is None else tidied[owner == number])
        for number, (key, writer) in enumerate(zip(names, writers, strict=True))
    }
    return Data(name, spec, **stored, skipped=skipped.lines)


def from_frame(
    frame: pd.DataFrame,
    *,
    labels: str | None = None,
    types: dict[str, str] | None = None,
    missing: Missing = (),
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """The rows of a DataFrame; arguments as for `tables`.

    Columns of strings are categories; where `types` says that they are numbers, booleans or dates, they
    are read as in a file, and come back as strings.
    """
    registry.check("data", from_frame, {"types": types, "missing": missing})
    _check_types(types)
    frame = named_by_text(frame)
    used = [name for name in frame.columns if name != labels]
    examples = frame[used]
    columns = tuple(
        column_of(examples[name], (types or {}).get(name), declared(missing, name)) for name in examples
    )
    sentinels = Sentinels([column for column in columns if not column.notation.missing])
    sentinels.see(examples)
    sentinels.warn()
    spec = Spec("table", (len(columns),), "mixed", columns=columns)
    everything = Split(examples, None if labels is None else tidy_labels(frame[labels].to_numpy()))
    parts = draw_splits(len(frame), validation, calibration, test, seed)
    splits: dict[str, Any] = {key: everything.rows(part) for key, part in parts.items()}
    return Data("table", spec, **splits)


_Reader = Callable[[], Iterator[tuple[pd.DataFrame, np.ndarray | None]]]


def _tidied(blocks: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """Labels of all rows, of one type: those of a block or a split alone may look like another."""
    given = [labels for labels in blocks if labels is not None]
    return tidy_labels(np.concatenate(given)) if given else None


def _check_types(types: dict[str, Any] | None) -> None:
    for name, kind in (types or {}).items():
        if kind not in KINDS:
            raise ValueError(
                f"Unknown type {kind!r} of column '{name}'; {registry.did_you_mean(str(kind), list(KINDS))}"
            )


def _ids(
    source: Any, options: dict[str, Any], known: Sequence[Column] | None
) -> tuple[list[str], Sequence[str]]:
    """The columns that name the rows, and others that pandas wrote for that, which are no features either."""
    id = options["id"]
    given = [id] if isinstance(id, str) else list(id or ())
    asked = {*given, options["labels"], *options["drop"], *(options["types"] or {})}
    asked |= {column.name for column in known or ()}
    index = [name for name in source.index if name not in asked]
    if index and id is None:
        fate = "it names the rows and no training sees it; --id COLUMN chooses another"
    else:
        kinds = ", ".join(f'"{name}": "number"' for name in index)
        fate = f"no training sees it; to train on it, say its type: --set 'data.types={{{kinds}}}'"
    if index:
        warnings.warn(f"{source.index_words}: {fate}.", stacklevel=2)
    return (index, ()) if id is None else (given, index)


def _index(block: pa.Table, ids: list[str]) -> pd.Index:
    """The names of rows, one string each; those of several columns with a comma between."""
    first, *others = (block[name].to_pandas() for name in ids)
    if not others:
        return pd.Index(first, name=ids[0])
    joined = first.astype(str)
    for one in others:
        joined = joined + ", " + one.astype(str)
    return pd.Index(joined, name=", ".join(ids))


def _say_ignored(extra: list[str]) -> None:
    if extra:
        shown = ", ".join(f"'{name}'" for name in extra[:8])
        more = f" and {len(extra) - 8} more" if len(extra) > 8 else ""
        warnings.warn(f"Columns that the training did not have are ignored: {shown}{more}.", stacklevel=2)


def _watched(read: _Reader, columns: Sequence[Column]) -> _Reader:
    """A reader that names the numbers that stand out, once all rows are read."""

    def watched() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        sentinels = Sentinels(columns)
        for frame, labels in read():
            sentinels.see(frame)
            yield frame, labels
        sentinels.warn()

    return watched


def _scan(
    source: CsvFile,
    used: list[str],
    types: dict[str, Any],
    missing: dict[str, tuple[str, ...]],
    labels: str | None,
    ids: list[str],
    options: dict[str, Any],
    known: Sequence[Column] | None,
) -> tuple[int, list[Column], _Reader]:
    """Finds the rows and the columns; the reader returned passes over the rows once more."""
    blocks: Callable[[], Iterable[pa.Table]]
    if source.size <= _KEPT:
        kept = [*source.blocks()]
        blocks = lambda: kept  # noqa: E731
        first: Iterable[pa.Table] = kept
    else:
        # Rows that cannot be read are named in the first pass.
        again = source.again()
        blocks, first = again.blocks, source.blocks()
    if known is None:
        rows, columns = _find(first, blocks, used, types, missing, source.delimiter, options)
    else:
        rows = sum(len(block) for block in first)
        columns = [
            dataclasses.replace(column, notation=column.notation.with_missing(missing[column.name]))
            for column in known
        ]
    readers = {column.name: ColumnReader(column) for column in columns}

    def read() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        for block in blocks():
            frame = _read_block(block, readers)
            if ids:
                frame.index = _index(block, ids)
            yield frame, None if labels is None else labels_of(block[labels])
        if known is not None:
            for one in readers.values():
                _check_contradiction(one, source.path)
        _say_unread(readers, known)

    return rows, columns, read


def _read_block(block: pa.Table, readers: dict[str, ColumnReader]) -> pd.DataFrame:
    """The typed columns of a block."""
    plain, others = {}, {}
    for name, one in readers.items():
        values = one.read_plain(block[name])
        if values is None:
            others[name] = one.read(block[name])
        else:
            plain[name] = values
    # Plain columns go at once: a column by itself takes longer than its numbers.
    frame = pa.table(plain).to_pandas() if plain else pd.DataFrame(index=range(len(block)))
    if not others:
        return frame
    together = pd.concat([frame, pd.DataFrame(others)], axis=1) if plain else pd.DataFrame(others)
    return together[[*readers]]


def _find(
    first: Iterable[pa.Table],
    blocks: Callable[[], Iterable[pa.Table]],
    used: list[str],
    types: dict[str, Any],
    missing: dict[str, tuple[str, ...]],
    delimiter: str,
    options: dict[str, Any],
) -> tuple[int, list[Column]]:
    """The number of rows, and the columns as their entries show them."""
    finders = {name: ColumnFinder(name, types.get(name), missing[name], options["dayfirst"]) for name in used}
    rows = 0
    for block in first:
        rows += len(block)
        for name, one in finders.items():
            one.see(block[name])
    undecided = {name: one for name, one in finders.items() if one.undecided}
    if undecided:
        for block in blocks():
            for name, one in undecided.items():
                one.look(block[name])
    mark = options["decimal"] or file_mark(finders.values(), delimiter)
    return rows, [one.found(mark) for one in finders.values()]


def _check_contradiction(reader: ColumnReader, path: Path) -> None:
    """Refuses a file in which a column is written in another way than in the training."""
    if entry := reader.contradiction():
        column = reader.column
        written = column.notation.words() or "plain"
        raise ValueError(
            f"Expected {column.kind}s in column '{column.name}' of {path} written {written}, as in the "
            f"training, received '{entry}'; write them alike, or train again on files of this kind."
        )


def _say_unread(readers: dict[str, ColumnReader], known: Sequence[Column] | None) -> None:
    unread = [f"'{name}' ({one.unread.total()})" for name, one in readers.items() if one.unread]
    if unread:
        rule = "of the type given" if known is None else "of the kind of the training"
        warnings.warn(
            f"Entries that are not {rule} are missing, by column: {', '.join(unread)}.", stacklevel=2
        )


def _typed(
    source: ParquetFile,
    used: list[str],
    types: dict[str, Any],
    missing: dict[str, tuple[str, ...]],
    labels: str | None,
    ids: list[str],
    known: Sequence[Column] | None,
) -> tuple[int, list[Column], _Reader]:
    """The columns of a file that knows its types."""
    rows = 0
    gaps = dict.fromkeys(used, False)
    bits = dict.fromkeys(used, True)
    #: Columns of times of day, a block each.
    times: dict[str, list[pd.Series]] = {}
    schema = source.schema
    #: Columns of dictionaries without rows, which know their categories.
    empty: dict[str, pd.Series] = {}
    finders = {
        name: ColumnFinder(name, types.get(name), missing[name])
        for name in used
        if pa.types.is_string(schema.field(name).type) or pa.types.is_large_string(schema.field(name).type)
    }
    for name in used:
        _check_arrow(source.path, name, schema.field(name).type)
    for block in source.blocks():
        for name in used:
            if not rows and pa.types.is_dictionary(block[name].type):
                empty[name] = block[name].slice(0, 0).to_pandas()
            gaps[name] |= bool(block[name].null_count)
            if pa.types.is_time(block[name].type):
                times.setdefault(name, []).append(pd.Series(pc.unique(block[name]).to_pandas(), dtype=object))
            if pa.types.is_integer(block[name].type):
                bits[name] &= bool(
                    pc.all(pc.is_in(block[name].drop_null(), pa.array([0, 1], block[name].type))).as_py()
                )
        rows += len(block)
        for name, one in finders.items():
            texts = trim(block[name].drop_null().cast(pa.string()))
            one.see(texts)
            one.look(texts)
    if known is None:
        columns = [
            finders[name].typed("str")
            if name in finders
            else column_of(pd.concat(times[name]).rename(name), types.get(name), missing[name])
            if name in times and types.get(name, "number") == "number"
            else _typed_column(
                name,
                schema.field(name).type,
                types.get(name),
                gaps[name],
                bits[name],
                missing[name],
                empty.get(name),
            )
            for name in used
        ]
    else:
        columns = [
            dataclasses.replace(column, notation=column.notation.with_missing(missing[column.name]))
            for column in known
        ]
    # Strings in the place of numbers and dates are read as those of the training were.
    readers = {
        column.name: ColumnReader(column)
        for column in columns
        if known is not None and _is_text(schema.field(column.name).type, column)
    }

    def values(block: pa.Table, column: Column) -> pd.Series:
        if column.name in readers:
            return readers[column.name].read(_texts(block[column.name]))
        found = block[column.name].to_pandas(integer_object_nulls=True)
        series = with_dtype(found if known is None else _of_kind(found, column), column.dtype)
        gone = column.notation.missing_numbers if column.kind == "number" else ()
        return with_dtype(series.mask(series.isin(gone)), column.dtype) if gone else series

    def read() -> Iterator[tuple[pd.DataFrame, np.ndarray | None]]:
        for block in source.blocks():
            frame = pd.DataFrame({column.name: values(block, column) for column in columns})
            if ids:
                frame.index = _index(block, ids)
            yield frame, None if labels is None else labels_of(block[labels])
        for one in readers.values():
            _check_contradiction(one, source.path)
        _say_unread(readers, known)

    return rows, columns, read


def _is_text(arrow: pa.DataType, column: Column) -> bool:
    """Whether entries of a new file are read as the strings of a CSV are."""
    if column.kind == "category":
        # Whole numbers among them may be written otherwise than in the training.
        return column.dtype == "str" and pa.types.is_floating(arrow)
    return pa.types.is_string(arrow) or pa.types.is_large_string(arrow)


def _texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(values.type):
        return chunked([None if value is None else str(value) for value in values.to_pylist()])
    return trim(values.cast(pa.string()))


def _of_kind(series: pd.Series, column: Column) -> pd.Series:
    """The values of a new file, of which no cast makes a number, a date or a boolean.

    Raises:
        ValueError: for values of another kind than the column.
    """
    if column.kind in ("category", "empty"):
        return series
    series = plain(series)
    if column.kind != "number" or series.dtype.kind not in "iuf":
        column_values(series, column)
    return series


def _check_arrow(path: Path, name: str, kind: pa.DataType) -> None:
    """Refuses a type that is no number, boolean, date or text."""
    nested = pa.types.is_nested(kind)
    if nested or pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_duration(kind):
        expected = "one value a cell" if nested else "numbers, booleans, dates or texts"
        shown = "lists or structures in column" if nested else "column"
        of = "" if nested else f" of type {kind}"
        raise ValueError(
            f"Expected {expected} in {path}, received {shown} '{name}'{of}; leave it out with --set "
            f"'data.drop=[\"{name}\"]'."
        )


def _typed_column(
    name: str,
    arrow: pa.DataType,
    kind: str | None,
    gaps: bool,
    bits: bool,
    missing: tuple[str, ...],
    empty: pd.Series | None,
) -> Column:
    """The column of a type of Arrow's."""
    gaps = gaps or bool(missing)
    shown = str(arrow)
    if pa.types.is_integer(arrow):
        kind = kind or ("boolean" if bits else "number")
        dtype = shown.capitalize().replace("Uint", "UInt") if gaps else shown
    elif pa.types.is_boolean(arrow):
        kind, dtype = kind or "boolean", "boolean" if gaps else "bool"
    elif pa.types.is_date(arrow) or pa.types.is_timestamp(arrow):
        kind, dtype = (
            kind or "date",
            f"datetime64[us, {arrow.tz}]" if getattr(arrow, "tz", None) else "datetime64[us]",
        )
    elif pa.types.is_decimal(arrow):
        kind, dtype = kind or "number", "float64"
    else:
        empty = pa.array([], arrow).to_pandas() if empty is None else empty
        found = column_of(pd.Series(empty, name=name), kind)
        kind, dtype = found.kind, found.dtype
    if kind == "category" and not pa.types.is_dictionary(arrow):
        # Codes that are numbers come back as texts: an unknown one is no number.
        dtype = "str"
    elif kind == "number" and pa.types.is_boolean(arrow):
        dtype = "float64"
    return Column(name, kind, dtype, notation=notations.plain(kind).with_missing(missing))
