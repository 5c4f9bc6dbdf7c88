"""Splits of a log in time: windows that overlap never lie in two of them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from kerasae.data._drawing import SPLITS
from kerasae.data.series._logs import Stretch
from kerasae.data.series._starts import Run, Starts

#: Smallest number of recordings of which whole ones are held out.
_ENOUGH = 10


def windows_in(stretches: Iterable[tuple[int, int]], steps: int, stride: int) -> Starts:
    """Return the windows of consecutive rows, from the first row of each stretch on.

    Args:
        stretches: First row and number of rows of each stretch.
        steps: Number of rows of a window.
        stride: Number of rows from one window to the next.
    """
    runs = (Run(first, (count - steps) // stride + 1, stride) for first, count in stretches if count >= steps)
    return Starts(tuple(runs))


def draw_windows(
    stretches: Sequence[Stretch],
    steps: int,
    stride: int,
    shares: dict[str, float],
    seed: int,
    gap: int,
    given: Mapping[str, Sequence[tuple[int, int]]] | None = None,
) -> dict[str, Starts]:
    """Divide the windows of a log into a training, a validation, a calibration and a test split.

    With at least ten recordings, whole ones are drawn for each split. Otherwise the earlier part of each
    recording trains, and the parts for validation, calibration and test follow in this order, each after a
    gap. Rows in a gap are in no split, so that no reading of one split depends directly on one of another.

    Args:
        stretches: Stretches of the log to divide, in order.
        steps: Number of rows of a window.
        stride: Number of rows from one window to the next.
        shares: Shares of `validation`, `calibration` and `test`, as in `draw_splits`. The test split holds
            all windows if its share is 1, or those that are given, and the other splits none.
        seed: Seed with which recordings are drawn.
        gap: Number of rows between two splits of a recording.
        given: First row and number of rows of each stretch of the splits that exist already, by name.
            Defaults to none.

    Raises:
        ValueError: if a share is out of range, or if a split has no window.
    """
    whole = [(stretch.first, stretch.count) for stretch in stretches]
    given = given or {}
    if shares["test"] == 1 and given.get("test", whole):
        tested = given.get("test", whole)
        return {name: windows_in(tested if name == "test" else [], steps, stride) for name in SPLITS}
    parts = _shares(shares, given)
    recordings = [[*group] for _, group in groupby(stretches, key=lambda stretch: stretch.recording)]
    if len(recordings) >= _ENOUGH:
        chosen = _whole_recordings(recordings, parts, seed)
    else:
        chosen = {name: [] for name in SPLITS}
        for recording in recordings:
            for name, first, count in _in_time(recording, parts, gap):
                chosen[name].append((first, count))
    starts = {name: windows_in(given.get(name, chosen[name]), steps, stride) for name in SPLITS}
    for name, share in parts.items():
        if share and not len(starts[name]):
            raise ValueError(
                f"Expected at least one window of {steps} steps in the {name} split, received none: it has a "
                f"share of {share:.2g} of {sum(count for _, count in whole):,} rows in {len(whole)} "
                "stretch(es); take a shorter window, or a larger share."
            )
    return starts


def _shares(shares: dict[str, float], given: Collection[str]) -> dict[str, float]:
    """Return the share of each split in the rows to divide, in the order of time; 0 for a given one."""
    for key in ("validation", "test"):
        if key not in given and (isinstance(shares[key], bool) or not 0 < shares[key] < 1):
            raise ValueError(f"`{key}` must be in (0, 1), a share of the rows; received {shares[key]!r}.")
    if isinstance(shares["calibration"], bool) or not 0 <= shares["calibration"] < 1:
        raise ValueError(
            "`calibration` must be in [0, 1), a share of the rows, or 0 for none; received "
            f"{shares['calibration']!r}."
        )
    test = 0.0 if "test" in given else shares["test"]
    left = 1.0 - test
    parts = {key: 0.0 if key in given else shares[key] * left for key in ("validation", "calibration")}
    if sum(parts.values()) >= left:
        raise ValueError(
            f"Expected shares that leave rows to train on, received validation={shares['validation']}, "
            f"calibration={shares['calibration']} and test={shares['test']}; lower one of them."
        )
    return {"train": left - sum(parts.values()), **parts, "test": test}


def _in_time(
    recording: Sequence[Stretch], parts: dict[str, float], gap: int
) -> Iterator[tuple[str, int, int]]:
    """Give the rows of each split in one recording: name, first row, number of rows; one row per stretch."""
    used = [name for name, share in parts.items() if share]
    rows = sum(stretch.count for stretch in recording) - gap * (len(used) - 1)
    ends = np.round(np.cumsum([parts[name] for name in used]) * max(rows, 0)).astype(int)
    begins = [0, *ends[:-1]]
    for number, (name, begin, end) in enumerate(zip(used, begins, ends, strict=True)):
        low, high = begin + number * gap, end + number * gap
        passed = 0
        for stretch in recording:
            first, last = max(low, passed), min(high, passed + stretch.count)
            if first < last:
                yield name, stretch.first + first - passed, last - first
            passed += stretch.count


def _whole_recordings(
    recordings: Sequence[Sequence[Stretch]], parts: dict[str, float], seed: int
) -> dict[str, list[tuple[int, int]]]:
    """Draw recordings until each split but the training has its share of the rows; the others train."""
    sizes = [sum(stretch.count for stretch in recording) for recording in recordings]
    order = np.random.default_rng(seed).permutation(len(recordings)).tolist()
    owner = dict.fromkeys(range(len(recordings)), "train")
    for name in ("test", "validation", "calibration"):
        wanted = parts[name] * sum(sizes)
        while order and wanted > 0:
            number = order.pop()
            # A recording is taken if more than half of it is wanted, and each split gets at least one.
            if wanted < sizes[number] / 2 and name in owner.values():
                order.append(number)
                break
            owner[number] = name
            wanted -= sizes[number]
    chosen: dict[str, list[tuple[int, int]]] = {name: [] for name in SPLITS}
    for number, recording in enumerate(recordings):
        chosen[owner[number]] += [(stretch.first, stretch.count) for stretch in recording]
    return chosen
