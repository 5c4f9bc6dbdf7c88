"""data_of: the windows of a log as data."""

import dataclasses
import itertools
from typing import Any

import numpy as np

from kerasae.arguments import check_positive_integer
from kerasae.data._data import Data
from kerasae.data._drawing import SPLITS
from kerasae.data.series._logs import Log, Stretch
from kerasae.data.series._period import default_window
from kerasae.data.series._splits import draw_windows, windows_in
from kerasae.data.series._windows import Windows
from kerasae.spec import Spec


def data_of(
    name: str,
    log: Log,
    *,
    window: int | None,
    stride: int,
    shares: dict[str, float],
    seed: int,
    gap: int | None = None,
    test_log: Log | None = None,
) -> Data:
    """Return the windows of a log as data.

    Args:
        name: Name of the data, for titles.
        log: Log with the readings.
        window: Number of steps of a window. `None` takes one period of the strongest oscillation.
        stride: Number of steps from one window to the next.
        shares: Shares of `validation`, `calibration` and `test`, as in `draw_splits`.
        seed: Seed with which recordings are drawn.
        gap: Number of steps between two splits of a recording. Defaults to `None`, one window.
        test_log: Log whose windows are the test split. Defaults to `None`, a part of `log`.

    Raises:
        ValueError: if a number is out of range, or if a split has no window.
    """
    check_positive_integer("stride", stride)
    if window is None:
        longest = max(log.stretches, key=lambda stretch: stretch.count)
        # The window is chosen on the rows that a training begins with.
        rows = max(int(0.6 * longest.count), 1)
        window = default_window(log.readings.read(longest.first, rows))[0]
    check_positive_integer("window", window)
    base, given = _divided(log)
    if shares["test"] == 1 and test_log is None and "test" not in given:
        # Every window is wanted, also of rows that another split was named for.
        base, given = [*log.stretches], {}
    if test_log is not None:
        given["test"] = []
    starts = draw_windows(base, window, stride, shares, seed, window if gap is None else gap, given)
    splits: dict[str, Any] = {key: Windows(log, window, starts[key]) for key in SPLITS}
    if test_log is not None:
        whole = windows_in([(one.first, one.count) for one in test_log.stretches], window, stride)
        splits["test"] = Windows(test_log, window, whole)
    shape = (window, len(log.channels))
    return Data(
        name,
        Spec("series", shape, log.dtype, channels=log.channels, timing=log.timing),
        **splits,
        skipped=log.skipped,
    )


def _divided(log: Log) -> tuple[list[Stretch], dict[str, list[tuple[int, int]]]]:
    """Return the stretches to divide into splits, and those of the splits that a column names."""
    if log.splits is None:
        return [*log.stretches], {}
    base: list[Stretch] = []
    given: dict[str, list[tuple[int, int]]] = {}
    for stretch in log.stretches:
        names = log.splits[stretch.first : stretch.first + stretch.count]
        ends = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(names)]
        for begin, end in itertools.pairwise(ends):
            first, count, code = stretch.first + begin, end - begin, int(names[begin])
            if code == 0:
                base.append(dataclasses.replace(stretch, first=first, count=count))
            elif code > 0:
                given.setdefault(SPLITS[code], []).append((first, count))
    return base, given
