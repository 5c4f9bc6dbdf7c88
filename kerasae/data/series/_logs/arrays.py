"""Arrays as logs: `(recordings, steps, channels)` in memory, in .npy and in .npz files."""

import contextlib
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasae.data._skipping import Skipped
from kerasae.data.arrays import read_array_file
from kerasae.data.series._logs._entries.array_sources import ArraySources, NpyFile
from kerasae.data.series._logs._entries.reading import LARGE, read_sources
from kerasae.data.series._logs.log import Log
from kerasae.data.series._logs.options import LONGEST_GAP, Known, Options

#: Names of the readings, of the names of the channels, of the stamps and of the labels in an .npz file.
_READINGS = ("x", "X", "readings", "values", "data", "series", "x_train", "train")
_NAMES = ("channels", "names", "columns")
_TIMES, _LABELS = ("time", "times", "timestamps", "t"), ("labels", "y")


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
    readings = _on_disk(path, options)
    arrays = {"x": readings} if readings is not None else read_array_file(path)
    found = _first(arrays, _READINGS)
    if found is None:
        raise ValueError(
            f"Expected readings as `x` (recordings, steps, channels) in {path}, received the arrays "
            f"{', '.join(sorted(arrays)) or 'none'}."
        )
    names, step = _first(arrays, _NAMES), arrays.get("step")
    times = _first(arrays, options.times or _TIMES)
    labels = _first(arrays, _LABELS if options.labels is None else (options.labels,))
    seconds = None if step is None else float(np.asarray(step).reshape(-1)[0])
    channels = None if names is None else [str(one) for one in names.reshape(-1).tolist()]
    return _log(path, path.stem, found, options, seconds, channels, times, labels)


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
        labels: Labels, `(recordings, steps)`, `(steps,)` or `(recordings,)`. Defaults to `None`.
        resample: Length of a bin, such as `1s`. Defaults to `None`.
        zone: Time zone of the stamps. Defaults to `None`.
        longest_gap: Greatest number of missing rows in a stretch. Defaults to 5.
        known: Spec of a training. Defaults to `None`.

    Raises:
        ValueError: if shapes do not fit together.
    """
    options = Options(resample=resample, zone=zone, longest_gap=longest_gap, known=known)
    return _log("the array", "array", np.asarray(array), options, step, channels, times, labels)


def _log(
    path: object,
    name: str,
    readings: Any,
    options: Options,
    seconds: float | None,
    channels: Sequence[str] | None,
    times: Any,
    labels: Any,
) -> Log:
    columns = {key: one for key, one in (("time", times), ("labels", labels)) if one is not None}
    if channels is None and options.channels is not None and options.known is not None:
        channels = [column.name for column in options.channels]
    sources = ArraySources(path, name, readings, columns, channels)
    if times is None and options.step is None:
        options = dataclasses.replace(options, step=seconds or options.known_step or 1.0)
    options = dataclasses.replace(
        options, time="time" if times is not None else None, labels="labels" if labels is not None else None
    )
    return read_sources(sources, path, options, Skipped(options.on_error))


def _on_disk(path: Path, options: Options) -> NpyFile | None:
    """Return a .npy file that is read part by part; `None` for one that is read as a whole."""
    stream = options.stream
    if path.suffix.lower() != ".npy" or not path.is_file():
        return None
    if stream is False or (stream is None and path.stat().st_size <= LARGE):
        return None
    # A damaged file is refused when it is read as a whole.
    with contextlib.suppress(Exception):
        file = NpyFile(path)
        return file if file.ordered else None
    return None


def _first(arrays: dict[str, Any], names: Sequence[str]) -> Any:
    return next((arrays[name] for name in names if name in arrays), None)
