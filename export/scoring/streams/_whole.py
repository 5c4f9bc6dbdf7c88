"""whole_windows: the windows of a log as a stream scores them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from kerasae.export.scoring._batches import Batch
from kerasae.export.scoring.streams.machine import Machine


def whole_windows(batches: Iterator[Batch], feed: Any, *, apart: bool = False) -> Iterator[Batch]:
    """Yield each whole window of the readings in batches, `(rows, steps, channels)`.

    Args:
        batches: Names and readings, or what cannot be read.
        feed: Feed of the windows.
        apart: Whether windows that share readings with an earlier one of the same machine are left out.
            Defaults to False.
    """
    machines: dict[str | None, Machine] = {}
    #: Number of whole windows of a machine without an interruption, before the present one.
    ages: dict[str | None, int] = {}
    for batch in batches:
        if not isinstance(batch, tuple):
            yield batch
            continue
        names, windows = [], []
        for name, reading in zip(*batch, strict=True):
            machine = machines.setdefault(reading.group, Machine(feed))
            for _ in machine.add(reading, machine.place(reading.time)):
                age = ages[reading.group] = ages.get(reading.group, -1) + 1
                if machine.needed:
                    # The window begins anew.
                    ages[reading.group] = -1
                elif not apart or age % len(machine.raw[0]) == 0:
                    names.append(name)
                    windows.append(machine.raw[0].copy())
        if names:
            yield names, np.stack(windows)
