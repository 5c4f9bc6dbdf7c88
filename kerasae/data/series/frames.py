"""from_frame: the log in a DataFrame as data."""

from typing import Any

from kerasae.data._data import Data
from kerasae.data.series._logs import log_of_frame
from kerasae.data.series._windowing import data_of
from kerasae.preprocessing import as_frame


def from_frame(
    frame: Any,
    *,
    window: int | None = None,
    stride: int = 1,
    gap: int | None = None,
    validation: float = 0.1,
    calibration: float = 0.1,
    test: float = 0.2,
    seed: int = 0,
    **reading: Any,
) -> Data:
    """Return the windows of the log in a DataFrame.

    Args:
        frame: Rows with a column of stamps or a DatetimeIndex, and one column for each channel: a DataFrame
            of pandas or polars, or an Arrow table.
        window: Number of steps of a window. Defaults to `None`: one period of the strongest oscillation.
        stride: Number of steps from one window to the next. Defaults to 1.
        gap: Number of steps between two splits of a recording. Defaults to `None`, one window.
        validation: Share of the validation split in the rows that the test split leaves. Defaults to 0.1.
        calibration: Share of the calibration split in the rows that the test split leaves. Defaults to 0.1.
        test: Share of the test split in all rows. Defaults to 0.2.
        seed: Seed with which whole recordings are drawn. Defaults to 0.
        **reading: Arguments of `series` about the log: `time`, `group`, `labels`, `split`, `drop`, `missing`,
            `resample`, `step`, `zone`, `longest_gap`, `decimal`, `dayfirst` and `on_error`.

    Raises:
        TypeError: if an argument is unknown.
        ValueError: if the frame cannot be read as a log, or if a split has no window.

    Example:
        >>> from kerasae.data.series import from_frame
        >>> data = from_frame(frame, time="time", window=60)
    """
    return data_of(
        "series",
        log_of_frame(as_frame(frame), **reading),
        window=window,
        stride=stride,
        shares={"validation": validation, "calibration": calibration, "test": test},
        seed=seed,
        gap=gap,
    )
