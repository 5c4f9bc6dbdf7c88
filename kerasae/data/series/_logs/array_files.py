"""Arrays as logs: `(recordings, steps, channels)` in memory, in .npy and in .npz files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kerasae.data.arrays import read_array_file
from kerasae.data.series._logs._entries.marks import LabelCodes
from kerasae.data.series._logs._entries.spread import Rates, Spread
from kerasae.data.series._logs._entries.stamps import Stamps
from kerasae.data.series._logs._regular.assembling import Plan, assembled, step_of
from kerasae.data.series._logs._regular.recording import Recordings
from kerasae.data.series._logs.log import Log
from kerasae.data.series._logs.notes import Notes
from kerasae.data.series._logs.options import LONGEST_GAP, Known, Options
from kerasae.data.series._logs.place import Place
from kerasae.data.series._logs.rows import Rows
from kerasae.spec import Column

#: Names of the readings, their names, their stamps and their labels in an .npz file.
_READINGS = ("x", "X", "readings", "values", "data", "series", "x_train", "train")
_NAMES, _TIMES, _LABELS = (
    ("channels", "names", "columns"),
    ("time", "times", "timestamps", "t"),
    ("labels", "y"),
)


def is_array_file(path: Path) -> bool:
    """Return whether a file holds arrays, judged by its name."""
    return path.suffix.lower() in (".npy", ".npz")


def log_of_array_file(path: Path, options: Options) -> Log:
    """Return the log in a .npy or .npz file.

    Args:
        path: Path of the file. An .npz file may also hold `channels`, `step`, `time` and `labels`.
        options: What the user says about the log.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds no readings.
    """
    arrays = read_array_file(path)
    found = next((arrays[name] for name in _READINGS if name in arrays), None)
    if found is None:
        raise ValueError(
            f"Expected readings as `x` (recordings, steps, channels) in {path}, received the arrays "
            f"{', '.join(sorted(arrays)) or 'none'}."
        )
    step = arrays.get("step")
    extra = {key: _first(arrays, names) for key, names in (("times", _TIMES), ("labels", _LABELS))}
    names = _first(arrays, _NAMES)
    seconds = options.step
    if seconds is None and options.known is None and extra["times"] is None:
        seconds = 1.0 if step is None else float(np.asarray(step).reshape(-1)[0])
    return _log(path, path.stem, found, options, seconds, None if names is None else names.tolist(), **extra)


def log_of_arrays(
    array: Any,
    *,
    step: float = 1.0,
    channels: Sequence[str] | None = None,
    times: Any = None,
    labels: Any = None,
    resample: str | None = None,
    zone: str | None = None,
    longest_gap: int = LONGEST_GAP,
    known: Known | None = None,
) -> Log:
    """Return the log in an array.

    Args:
        array: Readings, `(recordings, steps, channels)` or `(steps, channels)`, NaN for missing.
        step: Seconds between two steps, unless `times` are given. Defaults to 1.
        channels: Names of the channels. Defaults to `None`, for `channel_1`, `channel_2` and so on.
        times: Stamps, `(recordings, steps)` or `(steps,)`: datetime64, or numbers as in `read_log`. Defaults
            to `None`, for times that begin in 1970.
        labels: Labels, `(recordings, steps)` or `(steps,)`. Defaults to `None`.
        resample: Length of a bin, such as `1s`. Defaults to `None`.
        zone: Time zone of the stamps. Defaults to `None`.
        longest_gap: Greatest number of missing rows in a stretch. Defaults to 5.
        known: Spec of a training. Defaults to `None`.

    Raises:
        ValueError: if shapes do not fit together.
    """
    options = Options(
        step=None if times is not None else step,
        resample=resample,
        zone=zone,
        longest_gap=longest_gap,
        known=known,
    )
    seconds = None if times is not None else step
    return _log("the array", "array", np.asarray(array), options, seconds, channels, times, labels)


def _log(
    path: object,
    name: str,
    array: np.ndarray,
    options: Options,
    seconds: float | None,
    names: Sequence[str] | None,
    times: Any,
    labels: Any,
) -> Log:
    if array.ndim not in (2, 3) or array.dtype.kind not in "biuf":
        raise ValueError(
            f"Expected numbers of shape (recordings, steps, channels) or (steps, channels) in {path}, "
            f"received {array.dtype} of shape {array.shape}."
        )
    array = array if array.ndim == 3 else array[None]
    recordings, steps, width = array.shape
    columns = options.channels or _columns(array, names, path)
    if len(columns) != width:
        raise ValueError(f"Expected {len(columns)} channels in {path}, received {width}.")
    stamps, zone, clock = _stamps(times, (recordings, steps), seconds or options.known_step or 1.0, path)
    marks, codes = np.empty((recordings, steps, 0), "int32"), None
    if labels is not None:
        codes = LabelCodes()
        flat = np.broadcast_to(np.asarray(labels), (recordings, steps)).reshape(-1)
        marks = codes.coded(flat).reshape(recordings, steps, 1)
    rooms, spread, rates = Recordings(width, marks.shape[2], None), Spread(width), Rates(width)
    digits = len(str(recordings))
    for number in range(recordings):
        values = array[number].astype("float64")
        values[np.isinf(values)] = np.nan
        spread.see(values)
        if steps:
            rates.see(stamps[number], values)
        title = name if recordings == 1 else f"{name}_{number + 1:0{digits}}"
        rows = Rows(np.arange(steps) + number * steps, stamps[number], values, marks[number])
        rooms.add(Place(_Origin(path), title), rows)
    if not len(rooms):
        raise ValueError(f"Expected readings in {path}, received an array of shape {array.shape}.")
    step = step_of(rooms, options, path) if steps > 1 or seconds is None else seconds * 1e9
    ranks, distinct = (None, None) if codes is None else codes.found()
    plan = Plan(columns, clock, bool(clock), zone, (1,) * width, spread.dtype(), ranks, distinct, False, path)
    return assembled(rooms, step, plan, options, None, Notes())


class _Origin:
    """Where the rows of an array stand."""

    def __init__(self, path: object) -> None:
        self.path = path


def _columns(array: np.ndarray, names: Sequence[str] | None, path: object) -> tuple[Column, ...]:
    width = array.shape[2]
    named = [f"channel_{number + 1}" for number in range(width)] if names is None else [*map(str, names)]
    if len(named) != width or len(set(named)) < width:
        raise ValueError(
            f"Expected {width} different names of channels for {path}, received {', '.join(named[:6])}."
        )
    truth = array.dtype.kind == "b"
    return tuple(
        Column(name, "boolean" if truth else "number", "bool" if truth else "float64") for name in named
    )


def _stamps(
    times: Any, shape: tuple[int, int], seconds: float, path: object
) -> tuple[np.ndarray, str | None, tuple[Column, ...]]:
    """Return the stamps in nanoseconds, `(recordings, steps)`, their zone and the column that they are."""
    if times is None:
        counted = np.round(np.arange(shape[1]) * (seconds * 1e9)).astype("int64")
        return np.broadcast_to(counted, shape), None, ()
    times = np.asarray(times)
    if times.shape not in (shape, shape[1:]):
        raise ValueError(
            f"Expected a stamp for each step in {path}, of shape {shape} or {shape[1:]}, "
            f"received {times.shape}."
        )
    column = Column("time", "date" if times.dtype.kind == "M" else "number", "float64")
    if times.dtype.kind == "M":
        times = times.astype("datetime64[ns]")
    elif times.dtype.kind in "OU":
        times = pd.to_datetime(times.reshape(-1).astype(str)).to_numpy("datetime64[ns]").reshape(times.shape)
    reader = Stamps((column,))
    stamps, gone = reader.numbers(times.reshape(-1), column)
    if gone.any():
        raise ValueError(f"Expected a stamp for each step in {path}, received {gone.sum()} missing ones.")
    return np.broadcast_to(stamps.reshape(times.shape), shape), reader.zone, (column,)


def _first(arrays: dict[str, np.ndarray], names: Sequence[str]) -> np.ndarray | None:
    return next((arrays[name] for name in names if name in arrays), None)
