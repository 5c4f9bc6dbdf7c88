"""read_log and log_of_frame: a log from files or from a DataFrame."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from kerasae.data._columns.declared import Missing
from kerasae.data._skipping import Skipped
from kerasae.data.series._logs._entries.frame import FrameSources
from kerasae.data.series._logs._entries.reading import read_sources
from kerasae.data.series._logs._entries.sources import Sources, files_of
from kerasae.data.series._logs.arrays import is_array_file, log_of_array_file
from kerasae.data.series._logs.log import Log
from kerasae.data.series._logs.options import LONGEST_GAP, Known, Options
from kerasae.spec import Column


def read_log(
    path: str | Path,
    *,
    time: str | Sequence[str] | None = None,
    group: str | None = None,
    labels: str | None = None,
    split: str | None = None,
    drop: Sequence[str] = (),
    missing: Missing = (),
    resample: str | None = None,
    step: float | None = None,
    zone: str | None = None,
    longest_gap: int = LONGEST_GAP,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    sheet: str | None = None,
    decimal: Literal[".", ","] | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    stream: bool | None = None,
    known: Known | None = None,
    clock: tuple[Column, ...] | None = None,
    holds: tuple[int, ...] | None = None,
) -> Log:
    """Read a log of sensors from a file or a folder, as channels on a regular grid of time.

    **Recordings.** A file is one recording, or several if `group` names a column. In a folder each table is a
    recording. All files must have the same columns.

    **Channels.** Columns of numbers and of booleans such as 0 and 1, or on and off, are channels. Entries of
    a channel that are no numbers, such as ERR, count as missing, with a warning. Other columns are left out,
    with a warning. A channel that is read at a slower rate keeps its last reading until its next usual one.
    A channel that sticks at a value or stops is told in a warning, and its readings stay as they are.

    **Stamps.** Stamps are dates in any usual notation, or numbers: seconds, milliseconds, microseconds or
    nanoseconds since 1970, by their size, or seconds since the beginning. Numbers that are all written as
    the digits of a date, such as 2024013108, are dates. Stamps with an offset become UTC. Others stay as they
    are written, unless `zone` says where the clock was.

    **Grid.** The commonest interval is the step. Each row goes to the nearest point of a regular grid, whose
    phase follows the clock of the recording. A log is refused if more than 2 % of its rows do not find a
    point of their own, or if the stamps have nothing to do with a grid. `resample` takes the mean of the
    readings in each bin instead, and the stamp of a bin is its beginning.

    **Gaps.** Up to `longest_gap` missing rows become rows of missing readings. A longer gap ends a stretch.

    **Order.** Rows out of order are sorted, and a file that begins with its newest row is turned around. Of
    rows with one stamp and equal readings one is kept; if the readings differ, their mean is taken. Each is
    told in a warning. Stamps that go back by an hour when summer time ends are refused without `zone`.

    Args:
        path: Path of a file, `.csv`, `.tsv`, `.xlsx`, `.parquet`, `.npy` or `.npz`, or of a folder of tables.
            CSV files may be compressed.
        time: Name of the column of stamps, or of several whose sum is the stamp, such as `"Date,Time"`.
            Defaults to the only column of dates.
        group: Name of the column that names the machine of each row. Defaults to `None`, for one machine.
        labels: Name of the column of labels. The training never sees it. Defaults to `None`.
        split: Name of a column that names the split of each row: `train`, `validation`, `calibration` or
            `test`. Defaults to `None`.
        drop: Names of columns to leave out. Defaults to none.
        missing: Entries that stand for a missing one: for all columns, or a dict by column. Defaults to none.
        resample: Length of a bin, such as `1s` or `5min`. Defaults to `None`, which keeps the rows.
        step: Seconds between two rows. A file needs no stamps if it is given. Defaults to `None`, which takes
            the commonest interval.
        zone: Time zone of stamps without an offset, such as `Europe/Berlin`. Defaults to `None`.
        longest_gap: Greatest number of missing rows in a stretch, from 0. Defaults to 5.
        header: Whether the first row of a CSV file holds the names of the columns. Detected by default.
        delimiter: Character between the cells of a CSV file. Detected by default.
        encoding: Encoding of a CSV file. Defaults to UTF-8, or UTF-16 with its mark.
        skip: Number of lines above the table in a CSV file. By default, comments are skipped.
        sheet: Name of the sheet of an Excel file. Defaults to `None`, the first one.
        decimal: Decimal mark. Detected by default.
        dayfirst: Whether 02/01/2020 is the second of January. Detected by default.
        on_error: Action for a row that cannot be read or has no stamp. `"raise"` ends the reading; `"skip"`
            leaves the row out. Defaults to `"raise"`.
        stream: Whether the readings stay in a file in a temporary folder. Then a row may be at most 65,536
            rows late. Defaults to `True` for files above 200 MB, unpacked.
        known: Spec of a training. Its channels, their notations and its step read this file. Columns of
            labels, groups and splits may be missing. Defaults to `None`, which finds them.
        clock: Columns of stamps of a training, with their notations. Defaults to `None`, which finds them.
        holds: Number of rows for which a reading of each channel holds, as in a training. Defaults to `None`,
            which finds them.

    Raises:
        FileNotFoundError: if there is no such file or folder.
        ValueError: if a file cannot be read as a log, with the file, the line and the remedy.
    """
    arguments = dict(locals())
    del arguments["path"]
    options = Options(**arguments)
    where, skipped = Path(path), Skipped(on_error)
    if is_array_file(where):
        return log_of_array_file(where, options)
    return read_sources(Sources(files_of(where), options, skipped), where, options, skipped)


def log_of_frame(
    frame: pd.DataFrame,
    *,
    time: str | Sequence[str] | None = None,
    group: str | None = None,
    labels: str | None = None,
    split: str | None = None,
    drop: Sequence[str] = (),
    missing: Missing = (),
    resample: str | None = None,
    step: float | None = None,
    zone: str | None = None,
    longest_gap: int = LONGEST_GAP,
    decimal: Literal[".", ","] | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    known: Known | None = None,
    clock: tuple[Column, ...] | None = None,
    holds: tuple[int, ...] | None = None,
) -> Log:
    """Return the log in a DataFrame. The arguments are those of `read_log`.

    Args:
        frame: Rows with a column of stamps or a DatetimeIndex.
        time: Name of the column of stamps. Defaults to the DatetimeIndex, or the only column of dates.
        group: Name of the column that names the machine of each row. Defaults to `None`.
        labels: Name of the column of labels. Defaults to `None`.
        split: Name of the column of splits. Defaults to `None`.
        drop: Names of columns to leave out. Defaults to none.
        missing: Entries that stand for a missing one. Defaults to none.
        resample: Length of a bin, such as `1s`. Defaults to `None`.
        step: Seconds between two rows. Defaults to `None`.
        zone: Time zone of stamps without an offset. Defaults to `None`.
        longest_gap: Greatest number of missing rows in a stretch. Defaults to 5.
        decimal: Decimal mark in strings. Detected by default.
        dayfirst: Whether 02/01/2020 is the second of January, in strings. Detected by default.
        on_error: Action for a row without a stamp. Defaults to `"raise"`.
        known: Spec of a training. Defaults to `None`.
        clock: Columns of stamps of a training. Defaults to `None`.
        holds: Number of rows for which a reading holds, as in a training. Defaults to `None`.

    Raises:
        ValueError: if the frame cannot be read as a log.
    """
    arguments = dict(locals())
    del arguments["frame"]
    options, skipped = Options(**arguments), Skipped(on_error)
    return read_sources(FrameSources(frame, options), "the DataFrame", options, skipped)
