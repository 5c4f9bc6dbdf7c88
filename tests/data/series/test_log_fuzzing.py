"""Logs: whatever a file holds, it becomes a sound log or is refused in one line, streamed or not."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import FEW, MANY
from small_batches import small_batches

from kerasae.data.series._logs import read_log

ODD = ["", "ERR", "#N/A", "inf", "-999", "1e400", "0x10", "12%", "off", "2024-02-30", "nan", "é"]
FORMS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%d/%m/%Y %H:%M",
    "%m/%d/%y %I:%M %p",
    "%s",
    "%H:%M:%S",
]


@st.composite
def tables(draw):
    """Draw a log with faults: gaps, repeats, rows out of order, odd entries, columns of all kinds."""
    rows = draw(st.integers(0, 60))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    step = draw(st.sampled_from([0.01, 1.0, 60.0, 3600.0, 86400.0]))
    seconds = np.arange(rows) * step
    if draw(st.booleans()):
        seconds = seconds + seed.uniform(-0.4, 0.4, rows) * step * draw(st.sampled_from([0.1, 1.0, 5.0]))
    start = draw(
        st.sampled_from(["2024-03-31 00:30", "2023-10-29 00:30", "1969-12-31", "2024-01-02 03:04:05"])
    )
    times = pd.Timestamp(start) + pd.to_timedelta(seconds, unit="s")
    form = draw(st.sampled_from(FORMS))
    stamps = (times.astype("int64") / 1e9).astype(str) if form == "%s" else times.strftime(form).astype(str)
    frame = pd.DataFrame({"time": np.asarray(stamps, object)})
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["float", "whole", "bit", "word", "slow", "still"]))
        values = {
            "float": seed.normal(size=rows).round(3),
            "whole": seed.integers(0, 1000, rows),
            "bit": seed.choice(["on", "off"], rows),
            "word": seed.choice(["a", "b", "c"], rows),
            "slow": np.where(np.arange(rows) % 4 == 0, 1.5, np.nan),
            "still": np.ones(rows),
        }[kind]
        frame[f"c{number}"] = pd.Series(values).astype(object)
    frame["label"] = seed.integers(0, 2, rows)
    frame["machine"] = seed.choice(["x", "y"], rows)
    for _ in range(draw(st.integers(0, 3))):
        if rows and len(frame.columns) > 3:
            frame.iloc[seed.integers(rows), seed.integers(len(frame.columns) - 2)] = draw(
                st.sampled_from(ODD)
            )
    kept = np.flatnonzero(seed.random(rows) > draw(st.sampled_from([0.0, 0.1, 0.6])))
    order = np.concatenate([kept, kept[: draw(st.integers(0, 3))]]).astype(int)
    for _ in range(draw(st.integers(0, 2)) if len(order) else 0):
        one, other = seed.integers(len(order), size=2)
        order[[one, other]] = order[[other, one]]
    return frame.iloc[order]


def outcome(path, **arguments):
    """Return the log, or the message of the refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return read_log(path, **arguments)
        except ValueError as error:
            return str(error)


def check(table, arguments, home):
    path = home / "log.csv"
    table.to_csv(path, index=False)
    with small_batches():
        log, stored = (outcome(path, stream=stream, **arguments) for stream in (False, True))
    if isinstance(log, str) or isinstance(stored, str):
        assert log == stored and "\n" not in log and ("received" in log or "column" in log or "line" in log)
        return
    values = log.readings.read(0, len(log))
    np.testing.assert_array_equal(values, stored.readings.read(0, len(stored)))
    np.testing.assert_array_equal(log.times(0, len(log)), stored.times(0, len(log)))
    assert log.stretches == stored.stretches and len(log) > 0 and log.step > 0
    assert not np.isinf(values).any() and values.shape == (len(log), len(log.channels))
    assert [one.first for one in log.stretches] == np.cumsum(
        [0, *(one.count for one in log.stretches)]
    ).tolist()[:-1]
    for stretch in log.stretches:
        times = log.times(stretch.first, stretch.count)
        assert times[0] == stretch.start and (np.diff(times) > np.timedelta64(0, "ns")).all()
    if log.labels is not None:
        assert len(log.labels) == len(log)
        np.testing.assert_array_equal(log.labels, stored.labels)


ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "time": st.just("time"),
        "labels": st.just("label"),
        "group": st.just("machine"),
        "zone": st.sampled_from(["Europe/Berlin", "UTC"]),
        "resample": st.sampled_from(["1s", "1h", "50ms"]),
        "on_error": st.just("skip"),
        "longest_gap": st.sampled_from([0, 3, 1000]),
        "step": st.sampled_from([1.0, 60.0]),
    },
)


@FEW
@given(table=tables(), arguments=ARGUMENTS)
def test_a_log_is_sound_or_refused(table, arguments, tmp_path_factory):
    check(table, arguments, tmp_path_factory.mktemp("log"))


@pytest.mark.slow
@MANY
@given(table=tables(), arguments=ARGUMENTS)
def test_many_logs_are_sound_or_refused(table, arguments, tmp_path_factory):
    check(table, arguments, tmp_path_factory.mktemp("log"))
