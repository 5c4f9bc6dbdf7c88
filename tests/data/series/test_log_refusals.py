"""Logs: what cannot be read is refused in one line that names the place and the remedy."""

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kerasae.data.series._logs import log_of_arrays, log_of_frame, read_log
from kerasae.data.series._logs._regular import order, recording
from kerasae.data.series._logs._regular.assembling import step_of


def frame_of(rows=120, step="1s", start="2024-05-01 12:00:00", **columns):
    times = pd.date_range(start, periods=rows, freq=step)
    values = np.random.default_rng(0).normal(size=rows).round(3)
    return pd.DataFrame({"time": times, "a": values, **columns})


def refusal(read, *positional, kind=ValueError, **arguments):
    with warnings.catch_warnings(), pytest.raises(kind) as caught:
        warnings.simplefilter("ignore")
        read(*positional, **arguments)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message


def written(frame, path, **options):
    frame.to_csv(path, index=False, **options)
    return path


def changed(row, stamp):
    frame = frame_of().astype({"time": str})
    frame.loc[row, "time"] = stamp
    return frame


def irregular(seed=0):
    frame = frame_of(500)
    gaps = np.random.default_rng(seed).exponential(10, 500)
    frame["time"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.cumsum(gaps), unit="s")
    return frame


def autumn():
    frame = frame_of(1000, "1min", pd.Timestamp("2023-10-28 20:00", tz="UTC"))
    frame["time"] = frame["time"].dt.tz_convert("Europe/Berlin").dt.tz_localize(None)
    return frame


CASES = {
    "no stamps": (frame_of().drop(columns="time"), {}, ["log.csv", "--time", "data.step"]),
    "two dates": (frame_of(other=frame_of()["time"]), {}, ["log.csv", "time, other", "--time"]),
    "unknown time": (frame_of(), {"time": "tme"}, ["'tme'", "did you mean 'time'"]),
    "unknown group": (frame_of(), {"group": "unit"}, ["'unit'"]),
    "no channels": (frame_of()[["time"]], {}, ["log.csv", "channels"]),
    "texts as time": (frame_of(w=["x", "y"] * 60), {"time": "w"}, ["'w'", "'x'", "--time"]),
    "a broken stamp": (changed(37, "tomorrow"), {}, ["log.csv, line 39", "'tomorrow'", "--on-error skip"]),
    "irregular": (irregular(), {}, ["log.csv", "irregular", "--resample"]),
    "summer time ends": (autumn(), {}, ["log.csv, line 302", "02:00:00", "--zone Europe/Berlin"]),
    "a skipped hour": (
        frame_of(7200, "1s", "2024-03-31 01:30"),
        {"zone": "Europe/Berlin"},
        ["log.csv, line 1802", "02:00:00", "--zone"],
    ),
    "unknown zone": (frame_of(), {"zone": "Europe/Berln"}, ["`zone`", "Europe/Berln"]),
    "months": (frame_of(), {"resample": "1ME"}, ["`resample`", "1ME"]),
    "no length": (frame_of(), {"resample": "often"}, ["`resample`", "often"]),
    "a negative step": (frame_of(), {"step": -1.0}, ["`step`", "-1.0"]),
    "a negative gap": (frame_of(), {"longest_gap": -1}, ["`longest_gap`", "-1"]),
    "a split": (frame_of(s=["train"] * 119 + ["holdout"]), {"split": "s"}, ["line 121", "'holdout'", "test"]),
    "one row": (frame_of(1), {}, ["log.csv", "two rows"]),
    "no rows": (frame_of(0), {"time": "time"}, ["log.csv", "rows"]),
    "another step": (frame_of(step="10s"), {"step": 1.0}, ["log.csv", "10 s", "--resample"]),
    "ambiguous numbers": (
        frame_of(a=np.arange(120), b=["1,234", "2,345"] * 60),
        {"delimiter": ";"},
        ["'b'", "data.decimal"],
    ),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_a_refusal_is_one_line_with_the_remedy(tmp_path, name, stream):
    frame, arguments, words = CASES[name]
    path = written(frame, tmp_path / "log.csv", sep=arguments.get("delimiter", ","))
    message = refusal(read_log, path, stream=stream, **arguments)
    for word in words:
        assert word in message


def test_a_row_that_comes_too_late_is_refused_where_rows_are_streamed(tmp_path, monkeypatch):
    monkeypatch.setattr(recording, "_HELD", 1 << 12)
    monkeypatch.setattr(order, "_MOST_ROWS", 1000)
    frame = frame_of(80_000)
    late = pd.concat([frame.iloc[1:], frame.iloc[:1]])
    path = written(late, tmp_path / "log.csv")
    message = refusal(read_log, path, stream=True)
    assert "log.csv, line 80001" in message and "sort" in message and "data.stream=false" in message
    near = pd.concat([frame.iloc[1:900], frame.iloc[:1], frame.iloc[900:]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logs = read_log(path, stream=False), read_log(written(near, path), stream=True)
    for log in logs:
        np.testing.assert_array_equal(log.readings.read(0, 80_000)[:, 0], frame["a"].to_numpy("float32"))


def test_files_with_different_columns_are_refused(tmp_path):
    written(frame_of(), tmp_path / "a.csv")
    written(frame_of(b=1.5), tmp_path / "b.csv")
    message = refusal(read_log, tmp_path)
    assert "'b'" in message and "b.csv" in message and "data.drop" in message
    written(frame_of().rename(columns={"a": "c"}), tmp_path / "b.csv")
    message = refusal(read_log, tmp_path)
    assert "'a'" in message and "b.csv" in message


def test_a_folder_without_tables_and_a_missing_file_are_refused(tmp_path):
    assert ".parquet" in refusal(read_log, tmp_path)
    assert "nothing.csv" in refusal(read_log, tmp_path / "nothing.csv", kind=FileNotFoundError)


def test_skipped_rows_are_listed(tmp_path):
    frame = changed(37, "tomorrow")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log = read_log(written(frame, tmp_path / "log.csv"), on_error="skip")
    assert len(log.skipped) == 1 and "line 39" in log.skipped[0]
    assert np.flatnonzero(np.isnan(log.readings.read(0, 120)[:, 0])).tolist() == [37]


def test_a_new_file_must_be_like_the_training(tmp_path):
    log = log_of_frame(frame_of())
    known = type("Fitted", (), {"channels": log.channels, "step": log.step})
    path = written(frame_of().rename(columns={"a": "b"}), tmp_path / "log.csv")
    assert "'a'" in refusal(read_log, path, known=known)
    path = written(frame_of(step="10s"), tmp_path / "log.csv")
    message = refusal(read_log, path, known=known)
    assert "10 s" in message and "training" in message
    path = written(frame_of(a=frame_of()["a"].map("{:.3f} V".format)), tmp_path / "log.csv")
    assert "'a'" in refusal(read_log, path, known=known)


@pytest.mark.parametrize(
    ("array", "arguments"),
    [
        (np.zeros(5), {}),
        (np.array([["a"]]), {}),
        (np.zeros((2, 5, 3)), {"channels": ["a", "b"]}),
        (np.zeros((2, 5, 3)), {"times": np.arange(4)}),
        (np.zeros((0, 5, 3)), {}),
    ],
)
def test_arrays_of_other_shapes_are_refused(array, arguments):
    assert "received" in refusal(log_of_arrays, array, **arguments)


def test_rows_of_another_step_than_the_training_are_not_made_by_resampling():
    options = SimpleNamespace(bin=300_000_000_000, known_step=60.0, step=None)
    with pytest.raises(ValueError, match="received --resample 5min; give --resample 1min"):
        step_of(None, options, "new.csv")
    for known in (300.0, None):
        assert step_of(None, SimpleNamespace(**{**vars(options), "known_step": known}), "new.csv") == 3e11
