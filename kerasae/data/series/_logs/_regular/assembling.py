"""Assembling: the rows of all recordings become a log on a regular grid."""

import dataclasses
import tempfile
import warnings
from collections.abc import Sequence

import numpy as np

from kerasae.data.series._logs._entries.marks import Codes
from kerasae.data.series._logs._entries.stamps import is_time_of_day
from kerasae.data.series._logs._regular.clock import in_utc, over_midnight, without_repeated_hour
from kerasae.data.series._logs._regular.filling import Filler
from kerasae.data.series._logs._regular.grid import Fit, gridded
from kerasae.data.series._logs._regular.merging import binned, merged
from kerasae.data.series._logs._regular.order import ordered
from kerasae.data.series._logs._regular.recording import Recording, Recordings
from kerasae.data.series._logs._regular.sink import FileSink, MemorySink, Sink
from kerasae.data.series._logs._regular.watching import Watch
from kerasae.data.series._logs.log import Log, Stretch
from kerasae.data.series._logs.notes import Notes
from kerasae.data.series._logs.options import Options
from kerasae.data.series._logs.place import alias, lasting
from kerasae.data.series._logs.rows import Batches, Rows
from kerasae.spec import Column

#: Greatest share of rows that may share a place with others, or stand alone.
_CROWDED, _ALONE = 0.02, 0.5
#: Smallest mean of the cosines of the distances from the grid. Jitter of 0.44 steps has it.
_TOGETHER = 0.15
#: Mean distance from the grid, in steps, from which a user is told of it.
_TOLD = 0.02
#: Ratio by which the interval of a file may differ from the step of the training.
_OTHER_STEP = 0.01


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is known of a log before its rows are placed.

    Args:
        channels: Channels.
        clock: Columns of the stamps.
        stamped: Whether the rows have stamps; otherwise they are counted.
        zone: Time zone that the stamps show, or `None`.
        holds: Number of rows for which a reading of each channel holds.
        dtype: Type of the readings.
        ranks: Rank of each code of the labels, or `None`.
        labels: Label of each rank, or `None`.
        splits: Whether the rows have splits.
        path: Path that the user gave, for messages.
    """

    channels: Sequence[Column]
    clock: tuple[Column, ...]
    stamped: bool
    zone: str | None
    holds: tuple[int, ...]
    dtype: str
    ranks: np.ndarray | None
    labels: np.ndarray | None
    splits: bool
    path: object


def step_of(recordings: Recordings, options: Options, path: object) -> float:
    """Return the nanoseconds between two rows.

    Raises:
        ValueError: if there is one row only, or if the rows of a new file have another step than those of
            the training.
    """
    if options.bin is not None:
        known = options.known_step
        if known is not None and abs(options.bin / (known * 1e9) - 1) > _OTHER_STEP:
            raise ValueError(
                f"Expected a row each {lasting(known * 1e9)}, as in the training, received --resample "
                f"{alias(float(options.bin))}; give --resample {alias(known * 1e9)}."
            )
        return float(options.bin)
    usual = recordings.usual_interval()
    step = options.step if options.known_step is None else options.known_step
    if step is None and usual is None:
        raise ValueError(
            f"Expected rows with different stamps in {path}, received none; a log needs two rows at least."
        )
    if step is None:
        assert usual is not None
        return usual
    wanted = step * 1e9
    if usual is not None and abs(usual / wanted - 1) > _OTHER_STEP:
        whose = "as in the training" if options.known_step is not None else "as given"
        raise ValueError(
            f"Expected a row each {lasting(wanted)} in {path}, {whose}, received one each {lasting(usual)}; "
            f"give --resample {alias(wanted)}."
        )
    return wanted


def assembled(
    recordings: Recordings,
    step: float,
    plan: Plan,
    options: Options,
    home: tempfile.TemporaryDirectory | None,
    notes: Notes,
) -> Log:
    """Return the log of all recordings.

    Args:
        recordings: Recordings as they were read.
        step: Nanoseconds between two rows.
        plan: What is known of the log.
        options: What the user says about the log.
        home: Temporary folder for the readings. `None` keeps them in memory.
        notes: Notes of what was repaired.

    Raises:
        ValueError: if the stamps do not fit a regular grid.
    """
    count = len(plan.channels)
    sink: Sink = MemorySink(count, plan.dtype) if home is None else FileSink(count, plan.dtype, home)
    watch = Watch(plan.channels)
    labels = None if plan.ranks is None else Codes(len(plan.labels if plan.labels is not None else ()))
    splits = Codes(0, signed=True) if plan.splits else None
    booleans = np.array([column.kind in ("boolean",) for column in plan.channels], bool)
    stretches: list[Stretch] = []
    rows_written, filled, fit = 0, 0, Fit()
    for recording in recordings.in_order():
        filler = Filler(plan.holds)
        before = rows_written
        batches = _in_order(recording, step, plan, options, booleans, home is not None, notes)
        for piece in gridded(batches, step, options.longest_gap, booleans, fit):
            values, marks = filler.fill(piece)
            filled += len(values) - len(piece.rows)
            sink.write(values)
            watch.see(values)
            if labels is not None:
                labels.write(marks[:, 0])
            if splits is not None:
                splits.write(marks[:, -1])
            rows_written += len(values)
            if piece.ended:
                start = np.datetime64(piece.start, "ns")
                name, length = recording.place.recording, rows_written - before
                own = None if piece.step == step else piece.step / 1e9
                stretches.append(Stretch(name, before, length, start, own))
                before = rows_written
        recording.delete()
    usual = recordings.usual_interval() or step
    _check_fit(fit, step, plan.path, usual, len(recordings), options.bin is not None)
    _tell(fit, filled, len(stretches) - len(recordings), rows_written, step, options)
    notes.warn()
    watch.warn(step / 1e9, rows_written)
    return Log(
        channels=tuple(plan.channels),
        step=step / 1e9,
        stretches=tuple(stretches),
        readings=sink.readings(),
        label_names=plan.labels,
        label_codes=None if labels is None else labels.array(),
        zone=plan.zone or options.zone,
        dtype=plan.dtype,
        splits=None if splits is None else splits.array(),
        clock=plan.clock,
        holds=plan.holds,
        longest_gap=options.longest_gap,
        group=options.group,
    )


def _in_order(
    recording: Recording,
    step: float,
    plan: Plan,
    options: Options,
    booleans: np.ndarray,
    bounded: bool,
    notes: Notes,
) -> Batches:
    """Give the rows of a recording in the order of their stamps, one for each stamp or bin."""
    place = recording.place
    batches = _ranked(recording.rows(), plan.ranks)
    if plan.clock and all(map(is_time_of_day, plan.clock)):
        batches = over_midnight(batches)
    if plan.stamped and plan.zone is None:
        usual = recording.intervals.usual() or step
        if options.zone is not None:
            batches = in_utc(batches, options.zone, usual, place)
        else:
            batches = without_repeated_hour(batches, usual, options.longest_gap, place, notes)
    batches = merged(ordered(batches, bounded, place, notes), booleans, place, notes)
    return batches if options.bin is None else binned(batches, options.bin, booleans)


def _ranked(batches: Batches, ranks: np.ndarray | None) -> Batches:
    """Give rows whose codes of labels are ranks, so that the rarest label has the largest code."""
    for rows in batches:
        if ranks is None:
            yield rows
        else:
            marks = rows.marks.copy()
            marks[:, 0] = ranks[marks[:, 0]]
            yield Rows(rows.numbers, rows.stamps, rows.values, marks)


def _check_fit(fit: Fit, step: float, path: object, usual: float, recordings: int, binned: bool) -> None:
    """Refuse stamps that do not fit a regular grid.

    Raises:
        ValueError: with a length for `--resample` that leaves few bins empty.
    """
    rows = max(fit.rows, 1)
    together, crowded, alone = fit.together / rows, fit.crowded / rows, fit.single / rows
    loose = together < _TOGETHER + 1.0 / np.sqrt(rows)
    if crowded > _CROWDED or loose or (alone > _ALONE and fit.rows > recordings):
        if binned:
            raise ValueError(
                f"Expected readings in most bins of {lasting(step)} in {path}, received rows "
                f"{lasting(usual)} apart; give --resample {alias(usual)} or a longer time."
            )
        share = crowded if crowded > _CROWDED else alone if alone > _ALONE else 1.0 - max(together, 0.0)
        raise ValueError(
            f"Expected rows about {lasting(step)} apart in {path}, received irregular stamps: {share:.0%} of "
            f"the rows do not fit; give --resample {alias(2 * max(usual, step))} or a longer time, for the "
            "mean of the readings in each."
        )


def _tell(fit: Fit, filled: int, cuts: int, rows: int, step: float, options: Options) -> None:
    """Warn of rows that were moved, and of rows that are missing."""
    if fit.moved > _TOLD * fit.rows:
        mean, most = (lasting(round(part * step, -3)) for part in (fit.moved / fit.rows, fit.farthest))
        warnings.warn(
            f"Stamps are not regular, and each row was moved to the nearest of a row each {lasting(step)}: "
            f"by {mean} on average, by {most} at most.",
            stacklevel=2,
        )
    if filled:
        warnings.warn(
            f"Missing rows, filled as rows of missing readings: {filled:,} ({filled / rows:.2%}).",
            stacklevel=2,
        )
    if cuts:
        warnings.warn(
            f"Gaps of more than {options.longest_gap} missing rows, which no window crosses: {cuts:,}.",
            stacklevel=2,
        )
