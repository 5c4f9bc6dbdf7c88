"""The source of series: logs of sensors in CSV and Parquet files, folders of such files, and arrays."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from kerasae.data._columns.declared import Missing
from kerasae.data._data import Data
from kerasae.data._files.opening import TABLES
from kerasae.data._files.packed import stem, text_suffix
from kerasae.data.series._logs import Log, read_log
from kerasae.data.series._windowing import data_of
from kerasae.spec import Spec

#: Names of the arguments that name files.
PATHS = ("path", "test_path")
#: Names of arguments that make this the source of a file which is a table otherwise.
CLAIMS = ("time", "window", "stride", "group", "resample", "zone", "step", "longest_gap")
#: Arguments of `series` that are none of `read_log`.
_OF_WINDOWS = ("path", "test_path", "window", "stride", "gap", "validation", "calibration", "test", "seed")


def accepts_more(path: Path) -> bool:
    """Return whether a path may hold a log, judged by its name."""
    return path.is_dir() or text_suffix(path) in TABLES or path.suffix.lower() in (".npy", ".npz")


def series(
    path: str,
    *,
    time: str | Sequence[str] | None = None,
    window: int | None = None,
    stride: int = 1,
    group: str | None = None,
    labels: str | None = None,
    drop: Sequence[str] = (),
    missing: Missing = (),
    resample: str | None = None,
    step: float | None = None,
    zone: str | None = None,
    longest_gap: int = 5,
    split: str | None = None,
    test_path: str | None = None,
    gap: int | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    skip: int | None = None,
    sheet: str | None = None,
    decimal: Literal[".", ","] | None = None,
    dayfirst: bool | None = None,
    on_error: Literal["raise", "skip"] = "raise",
    stream: bool | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Load logs of sensors as windows: consecutive readings of all channels.

    A log becomes channels on a regular grid of time; `kerasae.data.series.read_log` describes how gaps,
    repeated stamps and clocks are handled. Windows that overlap never lie in two splits. Of up to nine
    recordings, the earlier part of each trains, and the parts for validation, calibration and test follow in
    this order, with a gap between two of them. Of ten recordings and more, whole ones are drawn for each
    split.

    Args:
        path: Path of a file, `.csv`, `.tsv`, `.xlsx`, `.parquet`, `.npy` or `.npz`, or of a folder of tables,
            each of which is a recording. An array has the shape `(recordings, steps, channels)` or `(steps,
            channels)`.
        time: Name of the column of stamps, or of several whose sum is the stamp. Defaults to the only column
            of dates.
        window: Number of steps of a window. Defaults to `None`: one period of the strongest oscillation, or
            64 steps without one, at most an eighth of the training rows.
        stride: Number of steps from one window to the next. Defaults to 1.
        group: Name of the column that names the machine of each row. Defaults to `None`, for one machine.
        labels: Name of the column of labels. The training never sees it. Defaults to `None`.
        drop: Names of columns to leave out. Defaults to none.
        missing: Entries that stand for a missing one: a list for all columns, or a dict of lists by column.
            Defaults to none.
        resample: Length of a step, such as `1s` or `5min`; the readings in it are averaged. Defaults to
            `None`, the commonest interval of the stamps.
        step: Seconds between two rows of a file without stamps. Defaults to `None`.
        zone: Time zone of stamps without an offset, such as `Europe/Berlin`. Defaults to `None`.
        longest_gap: Greatest number of missing rows within a stretch. No window crosses a longer gap.
            Defaults to 5.
        split: Name of a column that names the split of each row: `train`, `validation`, `calibration` or
            `test`. A split that no row names is drawn from the rows of `train`. Defaults to `None`.
        test_path: Path of the logs of the test split. Defaults to `None`, a part of `path`.
        gap: Number of steps between two splits of a recording, which are in neither. Defaults to `None`, one
            window.
        header: Whether the first row of a CSV file holds the names of the columns. Detected by default.
        delimiter: Character between the cells of a CSV file. Detected by default.
        encoding: Encoding of a CSV file, such as `latin-1`. Defaults to UTF-8, or to UTF-16 if the file
            begins with its mark.
        skip: Number of lines above the table in a CSV file. By default, comments are skipped.
        sheet: Name of the sheet of an Excel file. Defaults to `None`, the first one.
        decimal: Decimal mark. Detected by default.
        dayfirst: Whether 02/01/2020 is the second of January. Detected by default.
        on_error: Action for a row that cannot be read or has no stamp. `"raise"` ends the reading; `"skip"`
            leaves the row out. Defaults to `"raise"`.
        stream: Whether the readings stay on disk, in a temporary folder. Defaults to `True` for files above
            200 MB, unpacked.
        validation: Share of the validation split in the rows that the test split leaves, in (0, 1). Defaults
            to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves, in [0, 1). No
            rows if it is 0. Defaults to 0.1.
        test: Share of the test split in all rows, in (0, 1). Every window if it is 1. Defaults to 0.2.
        seed: Seed with which whole recordings are drawn. Defaults to 0.

    Raises:
        ValueError: if a file cannot be read as a log, with its line, or if a split has no window.
    """
    return _load(dict(locals()), None)


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return the windows of a log, read as those of the training were; by default all are the test split."""
    options = {**arguments, "window": spec.shape[0]}
    # The step and the notations of the training read the file.
    return _load({**_DEFAULTS, "test": 1.0, **options}, spec)


def _load(options: dict[str, Any], known: Spec | None) -> Data:
    reading = {key: value for key, value in options.items() if key not in _OF_WINDOWS}
    path, test_path = Path(options["path"]), options["test_path"]
    log = read_log(path, **reading, **_found(known))
    test_log: Log | None = None
    if test_path is not None:
        like = known or Spec("series", (1, len(log.channels)), channels=log.channels, timing=log.timing)
        test_log = read_log(test_path, **reading, **_found(like))
    return data_of(
        stem(path),
        log,
        window=options["window"],
        stride=options["stride"],
        shares={key: options[key] for key in ("validation", "calibration", "test")},
        seed=options["seed"],
        gap=options["gap"],
        test_log=test_log,
    )


def _found(known: Spec | None) -> dict[str, Any]:
    """Return the arguments of `read_log` that hold what a training has found."""
    if known is None:
        return {}
    timing = known.timing
    clock = {} if timing is None else {"clock": timing.stamps or None, "holds": timing.holds or None}
    return {"known": known, **clock}


_DEFAULTS: dict[str, Any] = {
    name: parameter.default
    for name, parameter in inspect.signature(series).parameters.items()
    if parameter.default is not parameter.empty
}
