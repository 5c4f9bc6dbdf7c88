"""The source of series: logs in CSV and Parquet files, folders of such files, and arrays."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from kerasae.data._data import Data
from kerasae.data._files.opening import TABLES
from kerasae.data._files.packed import stem, text_suffix
from kerasae.data.series._logs import read_log
from kerasae.data.series._windowing import data_of
from kerasae.spec import Spec

#: Names of the arguments that name files.
PATHS = ("path", "test_path")
#: Names of arguments that make this the source of a file which is a table otherwise.
CLAIMS = ("time", "window", "stride", "group", "resample", "zone")


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
    split: str | None = None,
    drop: Sequence[str] = (),
    test_path: str | None = None,
    delimiter: str | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
) -> Data:
    """Load logs of sensors as windows."""
    options = {
        key: value
        for key, value in locals().items()
        if key in ("time", "group", "labels", "split", "drop", "delimiter")
    }
    log = read_log(Path(path), **options)
    return data_of(
        stem(Path(path)),
        log,
        window=window,
        stride=stride,
        shares={"validation": validation, "calibration": calibration, "test": test},
        seed=seed,
    )


def read_more(arguments: dict[str, Any], spec: Spec) -> Data:
    """Return the windows of a file, read as those of the training were; by default all are the test split."""
    return series(**{"test": 1.0, **arguments, "window": spec.shape[0]})
