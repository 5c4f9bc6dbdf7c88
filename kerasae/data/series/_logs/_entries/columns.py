"""Columns of a log: which are channels, and which hold its stamps."""

import dataclasses
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from kerasae import registry
from kerasae.data._columns.arrow_finder import ArrowFinder, check_type, is_text
from kerasae.data._columns.column_finder import ColumnFinder, file_mark
from kerasae.data._columns.declared import declared
from kerasae.data.series._logs._entries.digits import as_digits
from kerasae.data.series._logs._entries.stamps import Stamps, is_day, is_time_of_day
from kerasae.data.series._logs.options import Options
from kerasae.notations import DAY_FIRST, Number
from kerasae.spec import Column

#: Share of numbers among the entries from which a column is a channel, and the others count as missing.
_MOSTLY = 0.5
_KINDS = ("number", "boolean")
_SHOWN = 6
#: Names of columns of numbers that are stamps if there are no dates.
_TIMES = ("time", "timestamp", "datetime", "epoch", "unixtime", "unix_time", "unix", "ts")
#: One of so many dates is looked at after the first block.
_PART = 16
#: A pass over the blocks of all files.
Pass = Callable[[], Iterable[pa.Table]]


@dataclasses.dataclass(frozen=True)
class Layout:
    """The columns of a log by their uses.

    Args:
        channels: Columns of readings.
        clock: Columns of stamps. None if the rows are regular.
    """

    channels: tuple[Column, ...]
    clock: tuple[Column, ...]


def find_layout(first: Any, others: Collection[str], path: Any, blocks: Pass, options: Options) -> Layout:
    """Return the channels and the columns of stamps of a log.

    Args:
        first: First of the open files.
        others: Names of the columns of all files.
        path: Path that the user gave, for messages.
        blocks: Function that passes over the rows of all files.
        options: What the user says about the log.

    Raises:
        ValueError: if there are no stamps or no channels, or if several columns may hold the stamps.
    """
    times = _named_times(first.names, {*first.names, *others}, options)
    used = {options.group, options.labels, options.split, *options.drop}
    wanted = [name for name in first.names if name not in used]
    if options.channels is not None:
        found = {column.name: column for column in options.channels}
        search = [] if options.clock is not None else [name for name in wanted if name not in found]
        search = [name for name in search if times is None or name in times]
    else:
        found, search = {}, wanted
    found |= _found(first, search, blocks, options, times or ())
    clock = options.clock
    if clock is None:
        clock = _clock(found, times, blocks, path, options)
    if options.channels is not None:
        return Layout(options.channels, clock)
    rest = [column for name, column in found.items() if name not in {one.name for one in clock}]
    channels = tuple(column for column in rest if column.kind in _KINDS and column.name not in first.index)
    _warn_of_others([column for column in rest if column not in channels], first.index)
    if not channels:
        raise ValueError(
            f"Expected channels of numbers beside the stamps in {path}, received none; its columns are "
            f"{', '.join(first.names[:_SHOWN])}."
        )
    return Layout(channels, clock)


def _named_times(
    names: Sequence[str], everywhere: Collection[str], options: Options
) -> tuple[str, ...] | None:
    """Return the columns of time that the user named: one, or several joined by commas."""
    times = options.times
    if times is not None and len(times) == 1 and times[0] not in names:
        parts = tuple(part.strip() for part in times[0].split(","))
        times = parts if set(parts) <= set(names) else times
    for name in (*(times or ()), options.group, options.labels, options.split, *options.drop):
        if name is not None and name not in everywhere and options.channels is None:
            raise ValueError(f"No column '{name}' in the log; {registry.did_you_mean(name, list(names))}")
    for name in (*(times or ()), *(column.name for column in options.clock or ())):
        if name not in names:
            raise ValueError(f"No column '{name}' in the log; {registry.did_you_mean(name, list(names))}")
    return times


def _found(
    first: Any, names: Sequence[str], blocks: Pass, options: Options, times: Sequence[str]
) -> dict[str, Column]:
    """Return the columns that the entries of all files show."""
    schema = getattr(first, "schema", None)
    finders: dict[str, Any] = {}
    empty: list[str] = []
    for name in names:
        kind = pa.string() if schema is None else schema.field(name).type
        gone = declared(options.missing, name)
        if is_text(kind.value_type if pa.types.is_dictionary(kind) else kind):
            finders[name] = ColumnFinder(name, None, gone, options.dayfirst)
        elif pa.types.is_null(kind):
            empty.append(name)
        elif not pa.types.is_duration(kind):
            check_type(first.path, name, kind)
            finders[name] = ArrowFinder(name, kind, None, gone)
    texts = {name: one for name, one in finders.items() if isinstance(one, ColumnFinder)}
    looked: set[str] | None = None
    rows = 0
    for block in blocks() if finders else ():
        rows += len(block)
        for name, finder in finders.items():
            # In a folder, a column may have types in some files and texts in others.
            if (name in texts) == pa.types.is_string(block[name].type):
                finder.see(block[name])
        first_block = looked is None
        if looked is None:
            looked = {name for name, finder in texts.items() if finder.undecided}
        for name in looked:
            entries = block[name]
            if not pa.types.is_string(entries.type):
                continue
            # How dates are written is found from a part of them, because it takes long.
            dates = not first_block and texts[name].dates == 1.0
            texts[name].look(entries.take(_every(len(entries))) if dates else entries)
    if finders and not rows:
        raise ValueError(f"Expected rows in {first.path}, received none below the names of the columns.")
    late = {name: one for name, one in texts.items() if one.undecided and name not in (looked or ())}
    for block in blocks() if late else ():
        for name, finder in late.items():
            if pa.types.is_string(block[name].type):
                finder.look(block[name])
    mark = options.decimal or file_mark(texts.values(), getattr(first, "delimiter", ","))
    columns = {
        name: _text_column(finder, mark) if name in texts else finder.found()
        for name, finder in finders.items()
    }
    for name in names:
        if name not in columns:
            columns[name] = Column(name, "empty" if name in empty else "number", "float64")
    return {name: columns[name] for name in names}


def _every(rows: int) -> pa.Array:
    return pa.array(np.arange(0, rows, _PART))


def _text_column(finder: ColumnFinder, mark: str) -> Column:
    """Return the column of strings. If most of them are numbers, the others count as missing."""
    if finder.rows == finder.gaps:
        return Column(finder.name, "empty", "float64")
    with warnings.catch_warnings():
        # What it says is for tables. `Values` counts the entries that are no numbers.
        warnings.simplefilter("ignore")
        column = finder.found(mark)
    if column.kind != "category":
        return column
    if finder.numbers >= _MOSTLY:
        return Column(finder.name, "number", "float64", notation=Number(decimal=mark or "."))
    return column


def _clock(
    found: dict[str, Column], times: tuple[str, ...] | None, blocks: Pass, path: Any, options: Options
) -> tuple[Column, ...]:
    """Return the columns of stamps."""
    if times is not None:
        return tuple(_as_time(found[name], blocks, path, options) for name in times)
    dates = [column for column in found.values() if column.kind == "date"]
    if not dates and options.step is None:
        # One entry that is no date makes a column of a short file one of texts.
        texts = [column for column in found.values() if column.kind == "category"]
        dates = [date for column in texts if (date := _dates(column, blocks, options)) is not None]
    if len(dates) == 1:
        parts = [column for column in found.values() if is_time_of_day(column)]
        day = _in_order(dates[0], blocks, options)
        return (day, *parts) if is_day(day) and len(parts) == 1 else (day,)
    if dates:
        raise ValueError(
            f"Expected one column of stamps in {path}, received {len(dates)}: "
            f"{', '.join(column.name for column in dates[:_SHOWN])}; name it with --time COLUMN."
        )
    if options.step is not None:
        return ()
    others = [column for column in found.values() if column.kind == "number"]
    for likely in (
        [column for column in others if column.name.lower() in _TIMES],
        [column for column in others if is_time_of_day(column)],
    ):
        if len(likely) == 1:
            return (as_digits(likely[0], blocks),)
    raise ValueError(
        f"Expected a column of stamps in {path}, received none that holds dates among "
        f"{', '.join([*found][:_SHOWN])}; name a column of seconds with --time COLUMN, or, if the rows are "
        "regular, say the seconds between two of them with --set data.step=1."
    )


def _as_time(column: Column, blocks: Pass, path: Any, options: Options) -> Column:
    """Return a column of stamps that the user named."""
    if column.kind == "boolean":
        return Column(column.name, "number", column.dtype)
    if column.kind in ("date", "number"):
        return _in_order(as_digits(column, blocks), blocks, options)
    if (dates := _dates(column, blocks, options)) is not None:
        return _in_order(dates, blocks, options)
    entries = (entry for block in blocks() for entry in block[column.name].to_pylist())
    example = next((entry for entry in entries if entry not in (None, "")), "")
    raise ValueError(
        f"Expected dates, or seconds as numbers, in column '{column.name}' of {path}, received '{example}'; "
        "name another column with --time COLUMN."
    )


def _dates(column: Column, blocks: Pass, options: Options) -> Column | None:
    """Return a column of texts as one of dates if most of its entries are dates; otherwise `None`."""
    finder = ColumnFinder(column.name, "date", declared(options.missing, column.name), options.dayfirst)
    for block in blocks():
        texts = block[column.name].cast(pa.string())
        finder.see(texts)
        finder.look(texts)
    if finder.dates < _MOSTLY:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return finder.found()


def _in_order(column: Column, blocks: Pass, options: Options) -> Column:
    """Return a column of dates with the day and the month in the order that makes the log the shortest."""
    form = getattr(column.notation, "pattern", "")
    bare = re.sub(" ?[+-][0-9]{2}:?[0-9]{2}$", "", form)
    if bare not in DAY_FIRST or options.dayfirst is not None:
        return column
    pattern = DAY_FIRST[bare] + form[len(bare) :]
    notation = dataclasses.replace(column.notation, pattern=pattern)  # type: ignore[call-arg]
    other = dataclasses.replace(column, notation=notation)
    lengths = []
    for one in (column, other):
        reader, ends, missing = Stamps((one,)), [], 0
        for block in blocks():
            stamps, gone = reader.read(block)
            missing += int(gone.sum())
            ends += [stamps[~gone].min(), stamps[~gone].max()] if not gone.all() else []
        lengths.append((missing, int(max(ends)) - int(min(ends)) if ends else 0))
    if lengths[0] == lengths[1]:
        warnings.warn(
            f"Dates of column '{column.name}' could be month/day or day/month, and are read as month/day; "
            "say it with --set data.dayfirst=true or false.",
            stacklevel=2,
        )
    return column if lengths[0] <= lengths[1] else other


def _warn_of_others(columns: Sequence[Column], index: Sequence[str]) -> None:
    """Warn of columns that are no channels."""
    if columns:
        words = {"category": "texts", "date": "dates", "empty": "no entries"}
        shown = ", ".join(
            f"'{column.name}' ({'an index' if column.name in index else words.get(column.kind, 'numbers')})"
            for column in columns[:_SHOWN]
        )
        more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
        warnings.warn(
            f"Columns that hold no readings are left out: {shown}{more}; --set 'data.drop=[...]' leaves "
            "them out without a warning.",
            stacklevel=2,
        )
