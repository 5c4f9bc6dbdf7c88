"""Logs: a regular log is read as it was written, and what happens to its rows is exact."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import FEW
from small_batches import small_batches

from kerasae.data.series._logs import log_of_frame, read_log
from kerasae.data.series._logs.rows import Rows, combined

QUICK = FEW


def regular(rows=300, channels=2, start="2024-05-01 12:00:00", step="1s", seed=0):
    draw = np.random.default_rng(seed)
    values = draw.normal(size=(rows, channels)).round(4)
    frame = pd.DataFrame(values, columns=[f"c{number}" for number in range(channels)])
    frame.insert(0, "time", pd.date_range(start, periods=rows, freq=step))
    return frame


def read(frame, tmp_path=None, **arguments):
    """Read a frame, as it is or written as CSV, without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if tmp_path is None:
            return log_of_frame(frame, **arguments)
        frame.to_csv(tmp_path / "log.csv", index=False)
        return read_log(tmp_path / "log.csv", **arguments)


def values_of(log):
    return log.readings.read(0, len(log))


def assert_equal(one, other):
    assert one.step == other.step
    assert [(s.first, s.count, s.start) for s in one.stretches] == [
        (s.first, s.count, s.start) for s in other.stretches
    ]
    np.testing.assert_array_equal(values_of(one), values_of(other))
    np.testing.assert_array_equal(one.times(0, len(one)), other.times(0, len(other)))
    if one.labels is not None or other.labels is not None:
        np.testing.assert_array_equal(one.labels, other.labels)


@QUICK
@given(
    rows=st.integers(2, 700),
    step=st.sampled_from(["10ms", "1s", "7s", "5min", "1h", "1D", "1250us"]),
    start=st.datetimes(pd.Timestamp("1971-01-01"), pd.Timestamp("2100-01-01")),
    seed=st.integers(0, 99),
)
def test_a_regular_log_is_read_as_it_was_written(rows, step, start, seed):
    frame = regular(rows, start=pd.Timestamp(start).floor("us"), step=step, seed=seed)
    log = read(frame)
    assert log.step == pd.Timedelta(step).total_seconds()
    assert [one.count for one in log.stretches] == [rows]
    np.testing.assert_array_equal(log.times(0, rows), frame["time"].to_numpy("datetime64[ns]"))
    np.testing.assert_array_equal(values_of(log), frame[["c0", "c1"]].to_numpy("float32"))


@pytest.mark.parametrize("arguments", [{}, {"stream": True}])
def test_a_file_is_read_like_a_frame(tmp_path, arguments):
    frame = regular()
    assert_equal(read(frame, tmp_path, **arguments), read(frame))


@QUICK
@given(rows=st.integers(3, 600), data=st.data())
def test_swapped_rows_change_nothing(rows, data):
    frame = regular(rows)
    one, other = (data.draw(st.integers(0, rows - 1)) for _ in range(2))
    order = np.arange(rows)
    order[[one, other]] = order[[other, one]]
    assert_equal(read(frame.iloc[order]), read(frame))


@QUICK
@given(rows=st.integers(20, 900), share=st.floats(0.01, 0.1), seed=st.integers(0, 999))
def test_deleted_rows_are_missing_exactly_there(rows, share, seed):
    frame = regular(rows)
    gone = np.random.default_rng(seed).random(rows) < share
    gone[[0, 1, -1]] = False
    log = read(frame[~gone], longest_gap=rows)
    expected = frame[["c0", "c1"]].to_numpy("float32", copy=True)
    expected[gone] = np.nan
    np.testing.assert_array_equal(values_of(log), expected)
    np.testing.assert_array_equal(log.times(0, rows), frame["time"].to_numpy("datetime64[ns]"))


@QUICK
@given(gap=st.integers(1, 12), longest=st.integers(0, 12))
def test_a_long_gap_cuts_a_stretch_and_a_short_one_does_not(gap, longest):
    frame = regular(100)
    log = read(frame.drop(index=range(40, 40 + gap)), longest_gap=longest)
    if gap <= longest:
        assert [one.count for one in log.stretches] == [100]
        assert np.isnan(values_of(log)).all(axis=1).sum() == gap
    else:
        assert [one.count for one in log.stretches] == [40, 60 - gap]
        assert not np.isnan(values_of(log)).any()
    times = frame["time"].to_numpy("datetime64[ns]")
    assert log.times(len(log) - 1, 1)[0] == times[-1]


@QUICK
@given(
    jitter=st.floats(0, 0.3), drift=st.floats(-3e-4, 3e-4), share=st.floats(0, 0.05), seed=st.integers(0, 999)
)
def test_rows_with_jitter_and_drift_are_neither_lost_nor_doubled(jitter, drift, share, seed):
    draw = np.random.default_rng(seed)
    rows = 3000
    seconds = np.arange(rows) * (1.0 + drift) + draw.uniform(-jitter, jitter, rows)
    frame = regular(rows)
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s")
    gone = draw.random(rows) < share
    gone[[0, -1]] = False
    log = read(frame[~gone], longest_gap=50)
    assert abs(log.step - 1) < 0.01
    expected = frame[["c0", "c1"]].to_numpy("float32", copy=True)
    expected[gone] = np.nan
    np.testing.assert_array_equal(values_of(log), expected)
    away = (log.times(0, rows) - frame["time"].to_numpy("datetime64[ns]")) / np.timedelta64(1, "s")
    assert np.abs(away).max() < 1.0


@pytest.mark.slow
@QUICK
@given(
    seed=st.integers(0, 999),
    jitter=st.sampled_from([0.0, 0.2, 0.45]),
    machines=st.sampled_from(["a", "ab"]),
    resample=st.sampled_from([None, "7s", "90s"]),
    newest_first=st.booleans(),
)
def test_a_streamed_log_equals_one_in_memory(
    tmp_path_factory, seed, jitter, machines, resample, newest_first
):
    draw = np.random.default_rng(seed)
    frame = regular(600, seed=seed)
    shaken = draw.uniform(-jitter, jitter, 600) * (draw.random(600) < 0.3)
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta((np.arange(600) + shaken).round(3), "s")
    frame["slow"] = np.where(np.arange(600) % 10 == 0, np.arange(600.0), np.nan)
    frame["stuck"] = np.where(np.arange(600) // 120 == 2, 5.0, frame["c0"])
    frame["label"] = (draw.random(600) < 0.1).astype(int)
    frame["machine"] = draw.choice([*machines], 600)
    frame = frame[(draw.random(600) > 0.05) & (np.arange(600) // 50 != 8)]
    order = np.argsort(np.arange(len(frame)) + draw.uniform(0, 5, len(frame)))
    order = np.concatenate([order[:300], order[290:]])
    path = tmp_path_factory.mktemp("log") / "log.csv"
    frame.iloc[order[::-1] if newest_first else order].to_csv(path, index=False)
    logs, told = [], []
    with small_batches():
        for stream in (True, False):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                logs.append(
                    read_log(
                        path,
                        stream=stream,
                        labels="label",
                        group="machine",
                        longest_gap=30,
                        resample=resample,
                    )
                )
            told.append([str(one.message) for one in caught])
    assert logs[0].readings.in_memory is None
    assert_equal(*logs)
    assert told[0] == told[1] and told[0]


def test_a_row_makes_room_for_another():
    """9.6 and 10.45 are both nearest to 10, and no row is nearest to 11."""
    seconds = [*range(10), 9.6, 10.45, *range(12, 30)]
    frame = regular(len(seconds))
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s")
    log = read(frame)
    np.testing.assert_array_equal(values_of(log), frame[["c0", "c1"]].to_numpy("float32"))


@pytest.mark.parametrize("labels", [("normal", "anomaly"), ("anomaly", "normal"), (1, 0)])
@pytest.mark.parametrize("resample", [None, "10s"])
def test_the_rarer_label_of_rows_that_are_merged_counts(labels, resample):
    frame = pd.concat([regular(200)] * 2)
    odd = (np.arange(400) % 200 // 10 == 4) & (np.arange(400) < 205) & (np.arange(400) % 10 > 5)
    frame["label"] = np.array(labels, object)[odd.astype(int)]
    log = read(frame, labels="label", resample=resample)
    assert (log.labels == labels[1]).sum() == (4 if resample is None else 1)
    assert len(log) == (200 if resample is None else 20)


def test_the_order_of_rows_at_one_stamp_does_not_matter():
    values = np.array([[0.1, 1e9], [0.2, 3.3], [0.3, -1e9], [0.7, np.nan]])
    marks = np.array([[0], [1], [0], [0]], "int32")
    rows = Rows(np.arange(4), np.zeros(4, "int64"), values, marks)
    results = [
        combined(rows[np.array(order)], rows.stamps, np.zeros(2, bool))
        for order in itertools.permutations(range(4))
    ]
    for result, averaged, dropped in results:
        np.testing.assert_array_equal(result.values, results[0][0].values)
        assert result.marks.tolist() == [[1]] and (averaged, dropped) == (4, 0)
    np.testing.assert_allclose(results[0][0].values, [[0.325, 1.1]])


def test_an_hour_written_from_its_middle_is_sorted():
    """On a day when clocks are set back, 10:59 before 10:00 is no such change if no stamp comes twice."""
    frame = regular(60, start="2023-10-29 10:00", step="1min")
    assert_equal(read(pd.concat([frame[-2:], frame[:-2]])), read(frame))
