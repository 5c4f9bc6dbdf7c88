"""Splits of a log: no reading is in two of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY
from small_logs import sines

from kerasae.data.series import from_frame
from kerasae.data.series._logs import Stretch
from kerasae.data.series._splits import draw_windows, windows_in
from kerasae.data.series._starts import Run, Starts

SHARES = {"validation": 0.1, "calibration": 0.1, "test": 0.2}


def stretches_of(recordings):
    """Stretches of the given numbers of rows, by recording."""
    first, found = 0, []
    for number, counts in enumerate(recordings):
        for count in counts:
            found.append(Stretch(f"r{number}", first, count, np.datetime64(first, "s")))
            first += count
    return found


def rows_of(starts, steps):
    """Rows of the log that the windows contain."""
    return {int(row) + k for row in starts.at(np.arange(len(starts))) for k in range(steps)}


@MANY
@given(
    st.lists(st.lists(st.integers(100, 400), min_size=1, max_size=3), min_size=1, max_size=13),
    st.integers(2, 9),
    st.integers(1, 7),
    st.integers(0, 5),
    st.integers(0, 3),
)
def test_no_reading_is_in_two_splits_and_no_window_crosses_a_gap(recordings, steps, stride, gap, seed):
    stretches = stretches_of(recordings)
    starts = draw_windows(stretches, steps, stride, SHARES, seed, gap)
    rows = {name: rows_of(part, steps) for name, part in starts.items()}
    for one, other in itertools.combinations(rows.values(), 2):
        assert not one & other
    for part in starts.values():
        for row in part.at(np.arange(len(part))):
            assert any(s.first <= row and row + steps <= s.first + s.count for s in stretches)
    if len(recordings) < 10:
        # Within a recording the splits follow each other in time, with a gap between.
        for number in range(len(recordings)):
            mine = {
                r for s in stretches if s.recording == f"r{number}" for r in range(s.first, s.first + s.count)
            }
            parts = [rows[name] & mine for name in ("train", "validation", "calibration", "test")]
            parts = [part for part in parts if part]
            assert all(max(one) + gap < min(other) for one, other in itertools.pairwise(parts))
    else:
        for stretch in stretches:
            owners = [
                name
                for name, part in rows.items()
                if part & {*range(stretch.first, stretch.first + stretch.count)}
            ]
            assert len(owners) <= 1


def test_shares_of_the_rows_become_shares_of_the_windows():
    starts = draw_windows(stretches_of([[10_000]]), 20, 1, SHARES, 0, 20)
    counts = {name: len(part) for name, part in starts.items()}
    assert counts["train"] == pytest.approx(0.64 * 10_000, abs=60)
    assert counts["validation"] == counts["calibration"] == pytest.approx(0.08 * 10_000, abs=40)
    assert counts["test"] == pytest.approx(0.2 * 10_000, abs=60)


def test_whole_recordings_are_drawn_by_the_seed():
    stretches = stretches_of([[100]] * 20)
    one, again, other = (draw_windows(stretches, 10, 1, SHARES, seed, 10) for seed in (0, 0, 1))
    assert one == again != other
    assert [len(one[name]) for name in ("train", "validation", "calibration", "test")] == [
        12 * 91,
        2 * 91,
        2 * 91,
        4 * 91,
    ]


def test_given_splits_stay_and_the_rest_is_drawn():
    given_test = [(1000, 50)]
    starts = draw_windows(stretches_of([[1000]]), 10, 1, SHARES, 0, 10, {"test": given_test})
    assert rows_of(starts["test"], 10) == {*range(1000, 1050)}
    assert len(starts["validation"]) and len(starts["train"]) > 700


def test_every_window_is_a_test_window_if_the_share_is_one():
    starts = draw_windows(stretches_of([[50, 30], [5]]), 10, 3, {**SHARES, "test": 1}, 0, 10)
    assert len(starts["test"]) == 14 + 7
    assert not any(len(starts[name]) for name in ("train", "validation", "calibration"))


@pytest.mark.parametrize("part", ["train", "validation", "", None])
def test_a_file_that_names_no_test_split_is_one_as_a_whole(part):
    frame = sines(60)
    frame["part"] = part
    frame.loc[:9, "part"] = "calibration" if part else part
    data = from_frame(frame, time="time", split="part", window=4, test=1)
    assert len(data.test) == 57 and not len(data.train)
    frame.loc[40:, "part"] = "test"
    assert len(from_frame(frame, time="time", split="part", window=4, test=1).test) == 17


def test_too_few_rows_are_refused_with_the_split():
    with pytest.raises(ValueError, match="Expected at least one window of 50 steps in the validation split"):
        draw_windows(stretches_of([[300]]), 50, 1, SHARES, 0, 50)


@pytest.mark.parametrize("wrong", [{"test": 0}, {"validation": 1.0}, {"calibration": 1}, {"test": True + 1}])
def test_shares_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match="must be in"):
        draw_windows(stretches_of([[300]]), 5, 1, {**SHARES, **wrong}, 0, 5)


@MANY
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 30), st.integers(1, 5)), max_size=6),
    st.integers(1, 12),
)
def test_starts_are_those_of_their_runs(runs, stride):
    starts = Starts(tuple(itertools.starmap(Run, runs)))
    listed = [first + k * step for first, count, step in runs for k in range(count)]
    assert starts.at(np.arange(len(starts))).tolist() == listed
    assert len(starts) == len(listed)
    twice = starts.joined(starts)
    assert twice.at(np.arange(len(twice))).tolist() == listed * 2
    for run in runs:
        apart = Starts((Run(*run),)).apart(stride)
        rows = apart.at(np.arange(len(apart))).tolist()
        mine = [run[0] + k * run[2] for k in range(run[1])]
        assert {*rows} <= {*mine} and rows[0] == mine[0] and rows[-1] == mine[-1]
        assert all(other - one >= stride for one, other in itertools.pairwise(rows[:-1]))
        assert all(other - one < stride + run[2] for one, other in itertools.pairwise(rows))


def test_windows_of_a_stretch_that_is_too_short_are_none():
    assert len(windows_in([(0, 9)], 10, 1)) == 0
    assert windows_in([(5, 10)], 10, 1).runs == (Run(5, 1, 1),)


@pytest.mark.parametrize("stride", [1, 3, 8])
def test_windows_that_choose_share_no_reading_with_those_that_promise(stride):
    data = from_frame(sines(1200), time="time", window=8, stride=stride).joined()
    halves = data.with_choices()
    held = [
        {row + back for row in split.last_rows() for back in range(-7, 1)}
        for split in (halves.validation, halves.calibration)
    ]
    assert all(held) and not held[0] & held[1]
    assert max(held[0]) < min(held[1]) or stride == 8
    lost = len(data.calibration) - len(halves.validation) - len(halves.calibration)
    assert lost == data.calibration.block - 1
