"""Streams: each reading of a log is answered as the window that it ends, whatever the gaps."""

import datetime
import io
import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from edge_detectors import with_detector
from hypothesis import given, settings
from hypothesis import strategies as st
from kerasae.export import Stream, bundle, calibrate_bundle
from kerasae.export.feeds import Reading
from kerasae.export.scoring import Scorer, examples
from kerasae.export.scoring.streams import whole_windows

from kerasae.calibration import AlarmRule, alarms
from kerasae.cli import main
from kerasae.data.series import read_log
from kerasae.workflows import score

STEPS = 12


@pytest.fixture(scope="module")
def windows(subject):
    """A model of windows with a detector."""
    return with_detector(subject("series"))


@pytest.fixture(scope="module")
def shipped(windows, tmp_path_factory):
    """Its bundle for devices, which tests must not change."""
    root = tmp_path_factory.mktemp("windows") / "ship"
    bundle(windows, root, formats=["tflite"], precisions=["float32"])
    return root


@pytest.fixture(scope="module")
def scorer(shipped):
    return Scorer(next(shipped.glob("edge/*.tflite")))


def log(rows=60, seed=0):
    """A frame of readings, of which some are missing."""
    rng = np.random.default_rng(seed)
    values = np.stack([np.sin(np.arange(rows) / 4), 100 + 3 * np.cos(np.arange(rows) / 4)], axis=1)
    values[rng.random(values.shape) < 0.1] = np.nan
    times = pd.date_range("2026-02-01 10:00:00", periods=rows, freq="s")
    frame = pd.DataFrame(values.astype("float32").astype("float64"), columns=["flow", "pressure"])
    frame.insert(0, "time", times)
    return frame


def of_windows(scorer, values):
    """The answers of `detect` on each window of an array of readings."""
    windows = np.lib.stride_tricks.sliding_window_view(values, STEPS, axis=0).transpose(0, 2, 1)
    return [*scorer.answers(np.ascontiguousarray(windows, "float32"))]


def scores(answers):
    return [one["score"] for one in answers]


def test_a_reading_is_answered_as_its_window(scorer):
    values = log().to_numpy()[:, 1:].astype("float64")
    stream = Stream(scorer)
    answers = [stream.push(row) for row in values]
    assert [one["warming_up"] for one in answers[:STEPS]] == [*range(STEPS - 1, -1, -1)]
    assert scores(answers[: STEPS - 1]) == [None] * (STEPS - 1)
    for got, expected in zip(answers[STEPS - 1 :], of_windows(scorer, values), strict=True):
        assert {key: got[key] for key in expected} == expected
        assert got["alarm"] == expected["anomalous"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from([1, 1, 1, 1, 1, 2, 3, 6, 7, 20, -4]), min_size=20, max_size=60), st.data())
def test_gaps_are_filled_or_begin_anew_as_in_the_log(scorer, tmp_path_factory, moves, data):
    """The batch reads the same log as a file; a stamp that goes back begins another recording."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(len(moves), 2)).astype("float32") + np.float32([0, 100])
    times = np.cumsum(moves)
    stream, expected, got = Stream(scorer), [], []
    stamps = pd.Timestamp("2026-01-01") + pd.to_timedelta(times, unit="s")
    for stamp, row in zip(stamps, values, strict=True):
        got.append(stream.push(row, time=stamp))
    # Stretches of rows with whole windows, filled with missing readings.
    stretches, rows = [], []
    for move, row in zip(moves, values, strict=True):
        if move < 0 or move > 6:
            stretches, rows = [*stretches, rows], []
        elif rows:
            rows += [np.full(2, np.nan, "float32")] * (move - 1)
        rows.append(row)
    for stretch in [*stretches, rows]:
        if len(stretch) >= STEPS:
            answers = of_windows(scorer, np.array(stretch))
            # A filled row has no line, and so no answer.
            real = [not np.isnan(row).all() for row in stretch[STEPS - 1 :]]
            expected += [one["score"] for one, is_line in zip(answers, real, strict=True) if is_line]
    assert [one for one in scores(got) if one is not None] == expected
    begun = [one["note"] for one in got if one["note"]]
    assert len(begun) == sum(move < 0 or move > 6 for move in moves[1:])
    assert sum(one["filled"] for one in got) == sum(move - 1 for move in moves[1:] if 0 < move <= 6)


@pytest.mark.parametrize("jitter", [0.0, 0.2])
def test_a_file_is_answered_as_the_windows_of_its_log(shipped, scorer, tmp_path, jitter):
    """Without 5 % of its rows; the log is read by the reader of the training."""
    rng = np.random.default_rng(1)
    frame = log(300)
    frame["time"] += pd.to_timedelta(jitter * rng.uniform(-1, 1, len(frame)).round(3), unit="s")
    frame = frame[rng.random(len(frame)) > 0.05]
    frame.to_csv(tmp_path / "new.csv", index=False)
    read = read_log(tmp_path / "new.csv", time="time", step=None, resample="1s" if not jitter else None)
    assert len(read.stretches) == 1
    values = np.asarray(read.readings.read(0, len(read)))
    answers = [*score(shipped, tmp_path / "new.csv")]
    expected = {one["score"] for one in of_windows(scorer, values)}
    found = [one for one in scores(answers) if one is not None]
    assert len(found) > 200
    assert {*found} <= expected
    # The windows of a calibration are all of them.
    (_, *rest) = examples(tmp_path / "new.csv", scorer.spec, scorer.feed)
    whole = np.concatenate([raw for _, raw in examples(tmp_path / "new.csv", scorer.spec, scorer.feed)])
    assert not rest and [one["score"] for one in scorer.answers(whole)] == scores(of_windows(scorer, values))


@pytest.mark.parametrize("form", ["csv", "objects", "lists"])
def test_forms_of_lines_and_sizes_of_pieces_make_no_difference(shipped, tmp_path, form, monkeypatch):
    frame = log()
    texts = frame.assign(time=frame["time"].astype(str)).astype(object).where(frame.notna(), None)
    if form == "csv":
        lines = frame.to_csv(index=False)
    elif form == "objects":
        lines = texts.to_json(orient="records", lines=True)
    else:
        lines = "".join(json.dumps(row[1:]) + "\n" for row in texts.to_numpy().tolist())
    stream = Stream(shipped)
    wanted = [stream.push(row) for row in frame[["flow", "pressure"]].to_numpy()]
    for pieces in ([len(lines)], [1, 7, 64]):
        reading, writing = os.pipe()
        monkeypatch.setattr(sys, "stdin", os.fdopen(reading))
        sent = lines.encode()
        size = pieces[0]
        for start in range(0, len(sent), size):
            os.write(writing, sent[start : start + size])
        os.close(writing)
        got = [*score(shipped, "-")]
        assert scores(got) == scores(wanted)
        assert [one["row"] for one in got] == [*range(len(frame))]
        assert ("time" in got[0]) == (form != "lists")


def test_machines_have_windows_of_their_own(scorer):
    values = log().to_numpy()[:, 1:].astype("float64")
    alone, both = Stream(scorer), Stream(scorer)
    expected = [alone.push(row) for row in values]
    for row, answer in zip(values, expected, strict=True):
        assert both.push(row, group="a") == {"group": "a", **answer}
        both.push(row[::-1], group="b")
    both.reset("a")
    assert both.push(values[0], group="a")["warming_up"] == STEPS - 1
    assert both.push(values[0], group="b")["warming_up"] == 0


def test_a_reading_that_comes_twice_or_too_soon_is_left_out(scorer):
    stream = Stream(scorer)
    start = datetime.datetime(2026, 1, 1)
    answers = [
        stream.push([0, 100], time=start + datetime.timedelta(seconds=s)) for s in (0, 1, 1, 1.1, 1.9, 3.1)
    ]
    assert [one["warming_up"] for one in answers] == [11, 10, 10, 10, 9, 8]
    assert [bool(one["note"]) for one in answers] == [False, False, True, True, False, False]
    assert answers[2]["note"] == "The reading is left out: its time is that of the reading before."
    assert answers[5]["time"] == "2026-01-01T00:00:03.100000"


def test_what_the_window_does_is_said(scorer):
    stream = Stream(scorer)
    start = datetime.datetime(2026, 1, 1)
    pushed = [
        stream.push([0, 100], time=start + datetime.timedelta(seconds=s)) for s in (0, 1, 4, 20, 21, 19)
    ]
    assert [one["filled"] for one in pushed] == [0, 0, 2, 0, 0, 0]
    assert [one["note"] for one in pushed if one["note"]] == [
        "The window begins anew: 15 readings are missing, more than 5.",
        "The window begins anew: the time goes back by 2 s.",
    ]
    assert [one["warming_up"] for one in pushed] == [11, 10, 7, 11, 10, 11]


def test_alarms_follow_the_rule(windows, scorer):
    values = log(200, seed=3).to_numpy()[:, 1:].astype("float64")
    values[60:64] += 5
    found = np.array(scores(of_windows(scorer, values)))
    rule = AlarmRule(float(np.quantile(found, 0.7)), smooth=3, release=0.8, least=2)
    stream = Stream(scorer, alarm=rule)
    answers = [stream.push(row) for row in values]
    assert [one["alarm"] for one in answers[STEPS - 1 :]] == alarms(found, rule).tolist()
    assert 0 < sum(alarms(found, rule)) < len(found)
    assert stream.rule == rule
    assert Stream(scorer).rule == AlarmRule(float(np.float32(scorer.facts["detector"]["threshold"])))


def test_a_rate_in_place_of_the_threshold(shipped):
    values = log().to_numpy()[:, 1:].astype("float64")
    stream = Stream(shipped, false_alarms=0.3)
    answers = [stream.push(row) for row in values][STEPS - 1 :]
    assert [one["alarm"] for one in answers] == [one["p_value"] <= 0.3 for one in answers]
    with pytest.raises(ValueError, match="a rate of false alarms or a rule for alarms, received both"):
        Stream(shipped, false_alarms=0.3, alarm=AlarmRule(1.0))


def test_what_cannot_be_read_is_one_clear_error(scorer, shipped, tmp_path, capsys):
    stream = Stream(scorer)
    for wrong, words in (
        ([1], "Expected 2 readings, received 1"),
        (["a", 2], "Expected a number for the channel 'flow', received 'a'"),
        ([[1], 2], r"Expected a number for the channel 'flow', received \[1\]"),
    ):
        with pytest.raises(ValueError, match=words):
            stream.push(wrong)
    with pytest.raises(ValueError, match="Expected a time in 'time' as in the training, received 'soon'"):
        stream.push([1, 2], time="soon")
    # Nothing of them is kept.
    assert stream.push([1, 100])["warming_up"] == STEPS - 1
    frame = log(20)
    lines = frame.to_csv(index=False).splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ",abc"
    (tmp_path / "new.csv").write_text("\n".join(lines))
    with pytest.raises(ValueError, match="line 4: Expected a number for the channel 'pressure'"):
        [*score(shipped, tmp_path / "new.csv")]
    skipped = []
    kept = [*score(shipped, tmp_path / "new.csv", on_error="skip", skipped=skipped.append)]
    assert len(kept) == 19 and len(skipped) == 1
    assert kept[2]["filled"] == 1
    frame.drop(columns="flow").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(ValueError, match="received lines without 'flow'; an empty entry or null"):
        [*score(shipped, tmp_path / "new.csv")]


def test_other_models_have_no_stream(for_devices):
    with pytest.raises(ValueError, match="a model of windows of a series, received one of kind 'table'"):
        Stream(for_devices)


def test_answers_as_csv_have_the_same_columns_from_the_first(shipped, tmp_path, capsys):
    log(20).assign(label=1).to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(SystemExit):
        main(["score", str(shipped), str(tmp_path / "new.csv"), "--format", "csv"])
    printed = capsys.readouterr()
    assert "Columns that the training did not have are ignored: 'label'" in printed.err
    answers = pd.read_csv(io.StringIO(printed.out))
    assert [*answers.columns[:9]] == [
        *("row", "time", "score", "p_value", "anomalous", "alarm", "warming_up", "filled", "note")
    ]
    assert answers["score"].notna().sum() == 20 - STEPS + 1
    assert {"reason_1", "expected_1"} <= {*answers.columns}


@pytest.mark.parametrize("machines", [1, 2, 5])
def test_windows_apart_share_no_reading_with_another_of_their_machine(scorer, machines):
    """The readings of machines come in turns. After a long gap the windows of the first one begin anew."""

    def reading(row, name):
        second = row + 1000 if name == 0 and row > 30 else row
        return Reading(np.array([row, name], float), time=10**9 * second, group=f"{name}")

    readings = [reading(row, name) for row in range(50) for name in range(machines)]
    batches = [([*range(len(part))], part) for part in (readings[:33], readings[33:])]
    parts = [windows for _, windows in whole_windows(iter(batches), scorer.feed, apart=True)]
    seen = {name: [] for name in range(machines)}
    for window in np.concatenate(parts):
        name, first = int(window[0, 1]), int(window[0, 0])
        np.testing.assert_array_equal(window, [[row, name] for row in range(first, first + STEPS)])
        seen[name].append(first)
    assert seen == {name: [0, 12, 31] if name == 0 else [0, 12, 24, 36] for name in range(machines)}


def test_whole_windows_of_an_array_are_answered_as_before(shipped, scorer, windows, tmp_path):
    np.save(tmp_path / "windows.npy", windows.held_out[:5])
    got = [*score(shipped, tmp_path / "windows.npy")]
    assert got == [{"row": row, **one} for row, one in enumerate(scorer.answers(windows.held_out[:5]))]
    values = log().to_numpy()[:, 1:].astype("float64")
    np.save(tmp_path / "log.npy", values)
    assert [one for one in scores([*score(shipped, tmp_path / "log.npy")]) if one is not None] == scores(
        of_windows(scorer, values)
    )


def test_a_log_calibrates_the_bundle(shipped, scorer, tmp_path):
    import shutil

    ship = shutil.copytree(shipped, tmp_path / "ship")
    log(200).to_csv(tmp_path / "site.csv", index=False)
    done = calibrate_bundle(ship, tmp_path / "site.csv", false_alarms=0.1)
    assert done.rows == 200 - STEPS + 1
    flags = [one["alarm"] for one in score(ship, tmp_path / "site.csv") if one["score"] is not None]
    assert 0 < sum(flags) <= 0.1 * (len(flags) + 1)


def test_a_pipe_is_answered_line_by_line_without_tensorflow(shipped):
    lines = log(20).to_csv(index=False).splitlines()
    code = (
        "import sys\nfrom kerasae.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "sys.stderr.write(str([n for n in sys.modules if n.split('.')[0] in ('tensorflow', 'keras')][:3]))"
    )
    command = [sys.executable, "-c", code, "score", str(shipped), "-"]
    with subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True) as piped:
        piped.stdin.write(lines[0] + "\n")
        for number, line in enumerate(lines[1:15]):
            piped.stdin.write(line + "\n")
            piped.stdin.flush()
            answer = json.loads(piped.stdout.readline())
            assert answer["row"] == number and answer["warming_up"] == max(STEPS - 1 - number, 0)
        piped.stdin.close()
        assert piped.stderr.read().endswith("[]")
