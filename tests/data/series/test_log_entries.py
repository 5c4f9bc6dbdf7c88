"""Logs: entries of real files, each handled in the way that `read_log` says."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import FEW

from kerasae.data.series._logs import log_of_arrays, log_of_frame, read_log
from kerasae.notations import DateFinder, chunked

HOUR = np.timedelta64(1, "h")


def frame_of(rows=120, step="1s", start="2024-05-01 12:00:00", **columns):
    times = pd.date_range(start, periods=rows, freq=step)
    values = np.random.default_rng(0).normal(size=rows).round(3)
    return pd.DataFrame({"time": times, "a": values, **columns})


def write(frame, path, **options):
    frame.to_csv(path, index=False, **options)
    return path


def quietly(read, *positional, **arguments):
    """Return the log and its warnings as texts."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        log = read(*positional, **arguments)
    return log, [str(one.message) for one in told]


def values_of(log):
    return log.readings.read(0, len(log))


# Stamps --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("stream", [False, True])
def test_numbers_since_1970_are_stamps_in_utc(tmp_path, unit, stream):
    frame = frame_of()
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame["time"] = stamps.astype(f"datetime64[{unit}]").astype("int64")
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv"), time="time", stream=stream)
    np.testing.assert_array_equal(log.times(0, 120), stamps)
    assert log.zone == "UTC" and not told


@pytest.mark.parametrize("step", ["100ms", "250us"])
def test_seconds_with_decimals_are_stamps(tmp_path, step):
    frame = frame_of(step=step)
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame["time"] = [f"{stamp / 1e9:.6f}" for stamp in stamps.astype("int64")]
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"), time="time")
    np.testing.assert_array_equal(log.times(0, 120), stamps)
    assert log.step == pd.Timedelta(step).total_seconds()


@pytest.mark.parametrize(
    ("form", "step"), [("%Y%m%d", "1D"), ("%Y%m%d%H", "1h"), ("%Y%m%d%H%M", "5min"), ("%Y%m%d%H%M%S", "1s")]
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("time", [None, "time"])
def test_numbers_that_are_the_digits_of_dates_are_dates(tmp_path, form, step, suffix, time):
    frame = frame_of(step=step, start="2024-05-01")
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame["time"] = frame["time"].dt.strftime(form).astype("int64")
    path = tmp_path / f"a.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    log, told = quietly(read_log, path, time=time)
    np.testing.assert_array_equal(log.times(0, 120), stamps)
    assert log.zone is None and not told
    known = type("Fitted", (), {"channels": log.channels, "step": log.step})
    again, _ = quietly(read_log, path, known=known, clock=log.clock)
    np.testing.assert_array_equal(again.times(0, 120), stamps)


def test_numbers_beside_the_digits_of_dates_are_seconds(tmp_path):
    frame = frame_of(rows=40)
    frame["time"] = 20_240_120 + np.arange(40)
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"), time="time")
    assert log.step == 1.0 and len(log) == 40


def test_small_numbers_are_seconds_since_the_beginning(tmp_path):
    frame = frame_of()
    frame["time"] = np.arange(120) / 50
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"), time="time")
    assert log.step == 0.02 and log.zone is None and len(log) == 120


@pytest.mark.parametrize("gross", ["1" * 52, "-4e15", "3e17"])
@pytest.mark.parametrize("seconds", [0, 1_700_000_000])
def test_a_stamp_that_is_far_too_large_changes_no_other(tmp_path, gross, seconds):
    frame = frame_of()
    frame["time"] = [f"{seconds + row}.5" for row in range(120)]
    frame.loc[60, "time"] = gross
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv"), time="time", on_error="skip")
    expected = pd.to_datetime(seconds + np.delete(np.arange(120), 60) + 0.5, unit="s")
    found = pd.Series(log.times(0, len(log)))
    assert log.step == 1.0 and told
    assert set(expected) <= set(found)


@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S,%f"])
@pytest.mark.parametrize("digits", [1, 3, 6])
def test_decimals_of_a_second_follow_dates_in_any_notation(tmp_path, form, digits):
    frame = frame_of(rows=200, step="100ms", start="2024-05-13 09:00:00")
    stamps = frame["time"].to_numpy("datetime64[ns]")
    written = frame["time"].dt.strftime(form)
    frame["time"] = written.str[: digits - 6] if digits < 6 else written
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv", sep=";"))
    np.testing.assert_array_equal(log.times(0, 200), stamps)
    assert log.step == 0.1 and not told
    (clock,) = log.clock
    assert clock.notation.format(pd.Series(stamps)).tolist() == frame["time"].tolist()


@pytest.mark.parametrize(
    "form", ["%d.%m.%Y %H:%M:%S %z", "%d/%m/%Y %H:%M:%S.%f%z", "%d %b %Y %I:%M:%S %p %z"]
)
@pytest.mark.parametrize("start", ["2024-05-13", "2024-10-26"])
def test_offsets_follow_dates_in_any_notation(tmp_path, form, start):
    frame = frame_of(rows=200, step="15min", start=start)
    times = frame["time"].dt.tz_localize("UTC")
    frame["time"] = times.dt.tz_convert("Europe/Berlin").dt.strftime(form)
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv"))
    np.testing.assert_array_equal(log.times(0, 200), times.dt.tz_localize(None).to_numpy("datetime64[ns]"))
    assert log.zone == "UTC" and not told
    (clock,) = log.clock
    expected = frame["time"] if start == "2024-05-13" else times.dt.strftime(form)
    assert clock.notation.format(times).tolist() == expected.tolist()
    # An entry without an offset could be local time or UTC.
    frame.loc[50, "time"] = frame.loc[50, "time"].replace("+0200", "").strip()
    path = write(frame, tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"row 52: no stamp that can be read|line 52: no stamp that can be"):
        quietly(read_log, path, time="time")
    assert len(quietly(read_log, path, time="time", on_error="skip")[0]) == 200


def test_an_offset_hides_neither_order_of_day_and_month_nor_a_slot_of_time(tmp_path):
    frame = frame_of(rows=200, step="30min", start="2024-02-01")
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame["time"] = frame["time"].dt.strftime("%d/%m/%Y %H:%M:%S +0000")
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"))
    np.testing.assert_array_equal(log.times(0, 200), stamps)
    finder = DateFinder()
    finder.see(chunked([f"13/02/2024 {hour:02}:00-{hour + 2:02}:00" for hour in range(6, 12)]))
    assert finder.found()[0] is None


@pytest.mark.parametrize("form", ["%d/%m/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p"])
def test_usual_notations_of_dates_are_read(tmp_path, form):
    frame = frame_of(rows=200, step="6h")
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame["time"] = frame["time"].dt.strftime(form)
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"))
    np.testing.assert_array_equal(log.times(0, 200), stamps)


def test_the_user_says_that_the_day_comes_first(tmp_path):
    frame = frame_of(start="2024-05-01")
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame["time"] = frame["time"].dt.strftime("%d/%m/%Y %H:%M:%S")
    path = write(frame, tmp_path / "a.csv")
    log, told = quietly(read_log, path, dayfirst=True)
    np.testing.assert_array_equal(log.times(0, 120), stamps)
    assert not told
    log, told = quietly(read_log, path)
    assert log.times(0, 1)[0] == np.datetime64("2024-01-05") and "dayfirst" in told[0]


@pytest.mark.parametrize("time", [None, "Date,Time", ["Date", "Time"]])
def test_date_and_time_may_have_columns_of_their_own(tmp_path, time):
    frame = frame_of(rows=100, step="1h")
    stamps = frame["time"].to_numpy("datetime64[ns]")
    frame.insert(0, "Date", frame["time"].dt.strftime("%d/%m/%Y"))
    frame.insert(1, "Time", frame.pop("time").dt.strftime("%H:%M:%S"))
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"), time=time)
    np.testing.assert_array_equal(log.times(0, 100), stamps)
    assert [one.name for one in log.channels] == ["a"]


def test_an_index_of_dates_that_pandas_wrote_is_the_time(tmp_path):
    frame = frame_of().set_index("time").rename_axis(None)
    frame.to_csv(tmp_path / "a.csv")
    log, _ = quietly(read_log, tmp_path / "a.csv")
    other, _ = quietly(log_of_frame, frame)
    assert [one.name for one in log.channels] == ["a"] == [one.name for one in other.channels]
    np.testing.assert_array_equal(values_of(log), values_of(other))


@pytest.mark.parametrize("step", ["10s", "1min", "10min", "30min", "1h"])
@pytest.mark.parametrize("season", [0, 154])
@FEW
@given(start=st.datetimes(pd.Timestamp("2023-10-27"), pd.Timestamp("2023-10-29 00:00")))
def test_local_times_are_the_same_instants_as_utc(start, step, season):
    """The clock is set back on 29 October 2023, and forward on 31 March 2024, 154 days later."""
    begin = pd.Timestamp(start).floor(step).tz_localize("UTC") + pd.Timedelta(days=season)
    rows = min(int(pd.Timedelta("3D") / pd.Timedelta(step)), 9000)
    frame = frame_of(rows, step, begin)
    plain, _ = quietly(log_of_frame, frame)
    frame["time"] = frame["time"].dt.tz_convert("Europe/Berlin")
    offset, _ = quietly(log_of_frame, frame)
    frame["time"] = frame["time"].dt.tz_localize(None)
    local, _ = quietly(log_of_frame, frame, zone="Europe/Berlin")
    for log in (offset, local):
        np.testing.assert_array_equal(log.times(0, rows), plain.times(0, rows))
        np.testing.assert_array_equal(values_of(log), values_of(plain))
    assert len(plain) == rows and local.zone == "Europe/Berlin" and offset.zone == "UTC"


def test_two_swapped_rows_in_the_hour_that_repeats_change_nothing():
    frame = frame_of(7200 * 2, "1s", pd.Timestamp("2023-10-28 23:00", tz="UTC"))
    frame["time"] = frame["time"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    plain, _ = quietly(log_of_frame, frame, zone="Europe/Berlin")
    for one in (3599, 3600, 7199, 7200, 10799, 10800):
        order = np.arange(len(frame))
        order[[one, one + 1]] = order[[one + 1, one]]
        log, told = quietly(log_of_frame, frame.iloc[order], zone="Europe/Berlin")
        np.testing.assert_array_equal(values_of(log), values_of(plain))
        assert len(told) == 1 and "out of order" in told[0]


def test_an_hour_that_repeats_on_another_day_is_averaged():
    frame = frame_of(288, "5min", "2014-01-07")
    frame.loc[36:, "time"] -= pd.Timedelta("1h")
    log, told = quietly(log_of_frame, frame)
    assert len(log) == 276 and any("go back by an hour" in one for one in told)
    expected = (frame["a"].iloc[24:36].to_numpy() + frame["a"].iloc[36:48].to_numpy()) / 2
    np.testing.assert_allclose(values_of(log)[24:36, 0], expected, rtol=1e-6)


# Rows ----------------------------------------------------------------------------------------------


def test_equal_rows_are_dropped_and_different_ones_averaged():
    frame = frame_of()
    again = frame.iloc[[5, 5, 9]].copy()
    again.loc[9, "a"] += 1.0
    log, told = quietly(log_of_frame, pd.concat([frame, again]))
    expected = frame["a"].to_numpy("float32", copy=True)
    expected[9] = np.float32(frame["a"][9] + 0.5)
    np.testing.assert_array_equal(values_of(log)[:, 0], expected)
    assert any("left out: 2" in one for one in told) and any("mean is taken: 2" in one for one in told)


def test_rows_with_parts_of_the_readings_at_one_stamp_become_one():
    frame = frame_of(b=np.arange(120.0))
    one, other = frame.copy(), frame.copy()
    one["a"], other["b"] = np.nan, np.nan
    log, _ = quietly(log_of_frame, pd.concat([one, other]).sort_values("time", kind="stable"))
    np.testing.assert_array_equal(values_of(log), frame[["a", "b"]].to_numpy("float32"))


def test_a_log_that_begins_with_the_newest_row_is_turned_around(tmp_path):
    frame = frame_of(rows=3000)
    frame["a"] = np.random.default_rng(1).normal(size=3000)
    plain, _ = quietly(log_of_frame, frame)
    path = write(frame[::-1], tmp_path / "a.csv")
    for stream in (False, True):
        log, _ = quietly(read_log, path, stream=stream)
        np.testing.assert_array_equal(values_of(log), values_of(plain))


@FEW
@given(bin=st.sampled_from(["1s", "2s", "5s", "1min"]), seed=st.integers(0, 99), stream=st.booleans())
def test_resampling_gives_the_means_of_pandas(tmp_path_factory, bin, seed, stream):
    draw = np.random.default_rng(seed)
    seconds = np.sort(draw.uniform(0, 600, 900)).round(3)
    frame = frame_of(900, b=np.where(draw.random(900) < 0.2, np.nan, 5.0))
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(seconds, unit="s")
    path = write(frame, tmp_path_factory.mktemp("log") / "a.csv")
    log, _ = quietly(read_log, path, resample=bin, longest_gap=600, stream=stream)
    frame = frame.groupby("time").mean().reset_index()
    expected = frame.resample(bin, on="time").mean()
    np.testing.assert_allclose(values_of(log), expected[["a", "b"]].to_numpy(), rtol=2e-6, atol=2e-6)
    np.testing.assert_array_equal(log.times(0, len(log)), expected.index.to_numpy("datetime64[ns]"))


# Channels ------------------------------------------------------------------------------------------


def test_texts_among_numbers_are_missing_and_counted(tmp_path):
    frame = frame_of()
    expected = frame["a"].to_numpy("float32", copy=True)
    frame["a"] = frame["a"].astype(object)
    frame.loc[[3, 50], "a"] = "ERR"
    frame.loc[7, "a"] = "#N/A"
    expected[[3, 7, 50]] = np.nan
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv"))
    np.testing.assert_array_equal(values_of(log)[:, 0], expected)
    assert len(told) == 1 and "'a' (2)" in told[0]


def test_infinite_readings_are_missing():
    frame = frame_of()
    frame.loc[4, "a"] = np.inf
    log, _ = quietly(log_of_frame, frame)
    assert np.isnan(values_of(log)[4, 0]) and np.isfinite(values_of(log)).sum() == 119


@pytest.mark.parametrize("words", [("on", "off"), ("True", "False"), ("1", "0"), ("ON", "OFF")])
def test_a_channel_may_be_on_or_off(tmp_path, words):
    truth = np.random.default_rng(3).random(120) < 0.5
    frame = frame_of(pump=np.where(truth, *words))
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv"))
    assert [one.kind for one in log.channels] == ["number", "boolean"]
    np.testing.assert_array_equal(values_of(log)[:, 1], truth.astype("float32"))
    assert not told


def test_words_are_no_channel(tmp_path):
    frame = frame_of(state=["idle", "run", "fault"] * 40)
    log, told = quietly(read_log, write(frame, tmp_path / "a.csv"))
    assert [one.name for one in log.channels] == ["a"] and len(told) == 1 and "'state' (texts)" in told[0]


def test_a_slower_channel_keeps_its_reading_until_the_next_usual_one():
    slow = np.where(np.arange(120) % 10 == 0, np.arange(120.0), np.nan)
    slow[50] = np.nan
    log, _ = quietly(log_of_frame, frame_of(slow=slow))
    expected = np.arange(120.0) // 10 * 10
    expected[50:60] = np.nan
    np.testing.assert_array_equal(values_of(log)[:, 1], expected)
    assert log.holds == (1, 10)


def test_readings_missing_at_random_are_not_filled():
    gone = np.random.default_rng(5).random(600) < 0.5
    frame = frame_of(600, b=np.where(gone, np.nan, 1.0 * np.arange(600)))
    log, _ = quietly(log_of_frame, frame)
    np.testing.assert_array_equal(np.isnan(values_of(log)[:, 1]), gone)


def test_channels_that_stop_or_stick_are_told():
    rows = 1000
    draw = np.random.default_rng(0)
    stops, sticks = draw.normal(size=rows), draw.normal(size=rows)
    stops[700:] = np.nan
    sticks[300:600] = 1.5
    frame = frame_of(rows, stops=stops, sticks=sticks, still=np.full(rows, 4.0))
    log, told = quietly(log_of_frame, frame)
    assert len(told) == 3
    assert any("'stops' (for the last 5 min)" in one for one in told)
    assert any("'sticks' (at 1.5 for 5 min)" in one for one in told)
    assert any("'still' (4)" in one for one in told)
    np.testing.assert_array_equal(values_of(log)[:, 1:3], frame[["stops", "sticks"]].to_numpy("float32"))


def test_readings_far_from_zero_keep_their_digits():
    frame = frame_of(b=1e9 + np.arange(120.0) / 8)
    log, _ = quietly(log_of_frame, frame)
    assert log.dtype == "float64"
    np.testing.assert_array_equal(values_of(log)[:, 1], frame["b"])
    assert quietly(log_of_frame, frame_of(b=101_325 + np.arange(120.0)))[0].dtype == "float32"


# Labels, splits, groups, folders -------------------------------------------------------------------


def test_labels_go_with_their_rows():
    frame = frame_of(anomaly=(np.arange(120) // 30 % 2).astype(float))
    log, _ = quietly(log_of_frame, frame.drop(index=[35, 65]), labels="anomaly")
    np.testing.assert_array_equal(log.labels, frame["anomaly"].astype(int))
    assert log.labels.dtype == "int8"
    frame["anomaly"] = np.where(frame["anomaly"] > 0, "leak", "fine")
    log, _ = quietly(log_of_frame, frame, labels="anomaly")
    np.testing.assert_array_equal(log.labels, frame["anomaly"])


def test_a_missing_label_is_empty_and_gives_way_to_another():
    frame = frame_of(fault=["", "0", "1", "1"] * 30)
    again = frame.iloc[[0, 1, 2]].assign(fault=["1", "", "0"])
    log, _ = quietly(log_of_frame, pd.concat([frame, again]), labels="fault")
    # "0" is rarer than "1".
    assert log.labels[:4].tolist() == ["1", "0", "0", "1"] and log.labels[4] == ""
    log, _ = quietly(log_of_frame, frame.assign(fault=[np.nan, 0.5, 1.5, 1.5] * 30), labels="fault")
    np.testing.assert_array_equal(log.labels, [np.nan, 0.5, 1.5, 1.5] * 30)


def test_a_column_names_the_splits(tmp_path):
    words = np.repeat(["train", "valid", "Calibration", "test"], 30)
    path = write(frame_of(part=words), tmp_path / "a.csv")
    log, _ = quietly(read_log, path, split="part")
    np.testing.assert_array_equal(log.splits, np.repeat([0, 1, 2, 3], 30))


@pytest.mark.parametrize("stream", [False, True])
def test_machines_of_one_file_are_recordings(tmp_path, stream):
    frames = [frame_of(rows, machine=name) for rows, name in ((120, "m10"), (80, "m2"), (50, "m1"))]
    mixed = pd.concat(frames).sort_values("time", kind="stable")
    log, _ = quietly(read_log, write(mixed, tmp_path / "a.csv"), group="machine", stream=stream)
    assert [(one.recording, one.count) for one in log.stretches] == [("m1", 50), ("m2", 80), ("m10", 120)]
    expected = np.concatenate([one["a"] for one in frames[::-1]])
    np.testing.assert_array_equal(values_of(log)[:, 0], expected.astype("float32"))
    np.testing.assert_array_equal(log.times(50, 80), frames[1]["time"].to_numpy("datetime64[ns]"))


@pytest.mark.parametrize("stream", [False, True])
def test_files_of_a_folder_are_recordings(tmp_path, stream):
    for number in (1, 2, 10):
        write(frame_of(100 + number), tmp_path / f"valve{number}.csv")
    frame_of(90).to_parquet(tmp_path / "a.parquet")
    log, _ = quietly(read_log, tmp_path, stream=stream)
    counts = [(one.recording, one.first, one.count) for one in log.stretches]
    assert counts == [("a", 0, 90), ("valve1", 90, 101), ("valve2", 191, 102), ("valve10", 293, 110)]


def test_parquet_and_packed_files_are_read_like_csv(tmp_path):
    frame = frame_of(on=np.random.default_rng(1).random(120) < 0.5, label=[0, 1] * 60)
    plain, _ = quietly(read_log, write(frame, tmp_path / "a.csv"), labels="label")
    write(frame, tmp_path / "b.csv.gz")
    frame.to_parquet(tmp_path / "c.parquet")
    frame["time"] = frame["time"].astype(str)
    frame.to_parquet(tmp_path / "d.parquet")
    for name in ("b.csv.gz", "c.parquet", "d.parquet"):
        log, _ = quietly(read_log, tmp_path / name, labels="label")
        np.testing.assert_array_equal(values_of(log), values_of(plain))
        np.testing.assert_array_equal(log.times(0, 120), plain.times(0, 120))
        np.testing.assert_array_equal(log.labels, plain.labels)
        assert [one.kind for one in log.channels] == ["number", "boolean"]


# Arrays --------------------------------------------------------------------------------------------


def test_arrays_are_recordings(tmp_path):
    array = np.random.default_rng(0).normal(size=(3, 50, 2)).astype("float32")
    array[1, 4, 0] = np.nan
    labels = np.arange(150).reshape(3, 50) % 2
    log, told = quietly(log_of_arrays, array, step=0.5, channels=["a", "b"], labels=labels)
    assert [(one.recording, one.count) for one in log.stretches] == [
        ("array_1", 50),
        ("array_2", 50),
        ("array_3", 50),
    ]
    np.testing.assert_array_equal(values_of(log), array.reshape(-1, 2))
    np.testing.assert_array_equal(log.labels, labels.reshape(-1))
    assert log.step == 0.5 and not told
    np.save(tmp_path / "a.npy", array)
    np.savez(tmp_path / "b.npz", x=array, channels=["a", "b"], step=0.5, labels=labels)
    for name, step, stream in (("a.npy", 1.0, True), ("a.npy", 1.0, None), ("b.npz", 0.5, None)):
        other, _ = quietly(read_log, tmp_path / name, stream=stream)
        assert (other.readings.in_memory is None) == bool(stream)
        np.testing.assert_array_equal(values_of(other), values_of(log))
        assert other.step == step
    assert [one.name for one in other.channels] == ["a", "b"]


def test_arrays_with_stamps_have_gaps(tmp_path):
    times = np.arange("2024-01-01", "2024-01-02", dtype="datetime64[m]")[[*range(10), *range(12, 40)]]
    array = np.random.default_rng(0).normal(size=(38, 1))
    log, _ = quietly(log_of_arrays, array, times=times)
    assert len(log) == 40 and log.step == 60 and np.isnan(values_of(log)).sum() == 2
    np.savez(tmp_path / "a.npz", x=array, time=times.astype("datetime64[s]").astype("int64"))
    other, _ = quietly(read_log, tmp_path / "a.npz")
    np.testing.assert_array_equal(values_of(other), values_of(log))


# A new file ----------------------------------------------------------------------------------------


def test_a_new_file_is_read_as_the_training_was(tmp_path):
    truth = np.random.default_rng(3).random(120) < 0.5
    frame = frame_of(pump=np.where(truth, "on", "off"), label=0)
    log, _ = quietly(read_log, write(frame, tmp_path / "a.csv"), labels="label")
    known = type("Fitted", (), {"channels": log.channels, "step": log.step})
    new = frame_of(40, pump=["off"] * 40)[["pump", "time", "a"]]
    other, _ = quietly(
        read_log,
        write(new, tmp_path / "b.csv"),
        known=known,
        clock=log.clock,
        labels="label",
        group="machine",
    )
    np.testing.assert_array_equal(values_of(other)[:, 1], np.zeros(40))
    np.testing.assert_array_equal(values_of(other)[:, 0], new["a"].to_numpy("float32"))
    assert other.labels is None and other.channels == log.channels


def test_times_of_day_go_on_after_midnight(tmp_path):
    frame = frame_of(300, start="2024-05-01 23:58:00")
    plain, _ = quietly(log_of_frame, frame)
    frame["time"] = frame["time"].dt.strftime("%H:%M:%S")
    order = np.arange(300)
    order[[119, 120, 200, 201]] = order[[120, 119, 201, 200]]
    log, _ = quietly(read_log, write(frame.iloc[order], tmp_path / "a.csv"))
    np.testing.assert_array_equal(values_of(log), values_of(plain))
    assert len(log.stretches) == 1


def test_the_gap_of_summer_time_is_told_and_none_with_the_zone():
    frame = frame_of(300, "1min", pd.Timestamp("2024-03-31", tz="Europe/Berlin"))
    frame["time"] = frame["time"].dt.tz_localize(None)
    log, told = quietly(log_of_frame, frame)
    assert len(log.stretches) == 2 and any("--zone" in one for one in told)
    log, told = quietly(log_of_frame, frame, zone="Europe/Berlin")
    assert len(log.stretches) == 1 and not told


@pytest.mark.parametrize(("rate", "step"), [(30, 1 / 30), (60, 1 / 60), (12.5, 0.08), (128, 1 / 128)])
def test_stamps_of_whole_milliseconds_are_those_of_a_clock(rate, step):
    frame = frame_of(5000)
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.round(np.arange(5000) * 1e3 / rate), "ms")
    log, _ = quietly(log_of_frame, frame)
    assert abs(log.step / step - 1) < 1e-9 and len(log) == 5000 and not np.isnan(values_of(log)).any()
