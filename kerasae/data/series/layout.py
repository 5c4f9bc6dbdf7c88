"""Layout: where the windows of a log lie in time, without readings, as a short text."""

import json
from typing import Any

import numpy as np

from kerasae.data._split import Examples
from kerasae.data.series._logs import Log, Stretch
from kerasae.data.series._logs.readings import HeldReadings
from kerasae.data.series._starts import Run, Starts
from kerasae.data.series._windows import Windows
from kerasae.spec import Spec


def layout_of(split: Examples) -> str:
    """Return where windows lie in time; an empty text for other examples.

    Stamps lie on a regular grid, so the first stamp of a stretch and its step stand for all of its stamps.

    Args:
        split: Examples, in the order of time if they are windows.
    """
    if not isinstance(split, Windows):
        return ""
    firsts = split.last_rows() - split.steps + 1
    chosen = split.log.stretch_of(firsts)
    stretches, shift, begin = [], {}, 0
    for number in dict.fromkeys(chosen.tolist()):
        stretch = split.log.stretches[number]
        # The rows before the first window stay, because each stamp is counted from the first one.
        count = int(firsts[chosen == number].max()) + split.steps - stretch.first
        shift[number] = begin - stretch.first
        stretches.append([stretch.recording, count, _nanoseconds(stretch.start), stretch.step])
        begin += count
    moved = firsts + np.array([shift[number] for number in chosen.tolist()], "int64")
    values = [split.log.zone, split.log.step, stretches, _as_runs(moved)]
    return json.dumps(values, separators=(",", ":"))


def windows_at(layout: str, spec: Spec) -> Windows:
    """Return windows without readings that lie where a text of `layout_of` says.

    Args:
        layout: Text of `layout_of`.
        spec: Spec of the windows.

    Raises:
        ValueError: If the text is something else.
    """
    try:
        zone, step, stored, runs = json.loads(layout)
        stretches, begin = [], 0
        for recording, count, start, own in stored:
            stretches.append(Stretch(recording, begin, count, np.datetime64(start, "ns"), own))
            begin += count
        nothing = HeldReadings(np.empty((0, len(spec.channels)), spec.dtype))
        log = Log(spec.channels, step, tuple(stretches), nothing, zone=zone, dtype=spec.dtype)
        starts = Starts(tuple(Run(*run) for run in runs))
    except (ValueError, TypeError) as error:
        raise ValueError(f"Expected where windows lie in time, received something else ({error}).") from None
    if any(run.count < 1 for run in starts.runs) or not 0 <= _last(starts) <= begin - spec.shape[0]:
        raise ValueError("Expected where windows lie in time, received windows outside of the log.")
    return Windows(log, spec.shape[0], starts)


def _nanoseconds(time: np.datetime64) -> int:
    return int(time.astype("datetime64[ns]").astype("int64"))


def _as_runs(firsts: np.ndarray) -> list[list[int]]:
    """Return rows as runs at equal distances: first row, number, distance."""
    runs: list[list[int]] = []
    for first in firsts.tolist():
        if runs and runs[-1][1] == 1 and first > runs[-1][0]:
            runs[-1][1:] = [2, first - runs[-1][0]]
        elif runs and first == runs[-1][0] + runs[-1][1] * runs[-1][2]:
            runs[-1][1] += 1
        else:
            runs.append([first, 1, 1])
    return runs


def _last(starts: Starts) -> int:
    """Return the greatest first row, or -1 if one is negative or there is none."""
    ends: list[Any] = [(run.first, run.first + (run.count - 1) * run.stride) for run in starts.runs]
    lowest = min((min(pair) for pair in ends), default=-1)
    return -1 if lowest < 0 else max(max(pair) for pair in ends)
