"""Anomalies on the axis of time: alarms as intervals, events that were found, and the files."""

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
from browsers.headless import needs_chromium, probe
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY
from small_logs import sines

from kerasae import Recipe
from kerasae.applications.anomaly import AnomalyDetector
from kerasae.applications.anomaly.timeline import (
    AlarmSettings,
    TimeAxis,
    Timeline,
    event_figures,
    events_of,
    intervals,
)
from kerasae.calibration import AlarmRule
from kerasae.data.series import from_frame
from kerasae.report import page


def axis_of(frame, window=4, **options):
    return TimeAxis(from_frame(frame, time="time", window=window, test=1, **options).test)


@pytest.fixture(scope="module")
def axis():
    """60 rows of two channels, of which 10 are missing: too many for a window to cross."""
    frame = sines(60)
    return axis_of(frame.drop(index=range(30, 40)))


def test_a_gap_ends_a_segment(axis):
    assert [(one.numbers.start, one.numbers.stop) for one in axis.segments] == [(0, 27), (27, 44)]
    assert {one.step for one in axis.segments} == {1.0}
    times = axis.split.times
    assert times[0] == np.datetime64("2026-01-01T00:00:03") and times[27] == np.datetime64(
        "2026-01-01T00:00:43"
    )
    assert axis.split.stamps[0] == "2026-01-01 00:00:03"


def test_recordings_are_named_and_never_joined():
    frame = pd.concat([sines(20).assign(unit="a"), sines(20, seed=1).assign(unit="b")])
    axis = axis_of(frame, group="unit")
    assert [one.recording for one in axis.segments] == ["a", "b"]
    assert axis.split.stamps[-1] == "b 2026-01-01 00:00:19"
    assert intervals(axis, np.ones(len(axis)), AlarmRule(0.5))[0].last == 16


@MANY
@given(st.lists(st.booleans(), min_size=44, max_size=44), st.integers(0, 3))
def test_intervals_are_the_runs_of_flags(axis, flags, merge):
    scores = np.array(flags, float)
    found = intervals(axis, scores, AlarmRule(0.5), merge)
    inside = np.zeros(44, bool)
    for alarm in found:
        assert scores[alarm.first] and scores[alarm.last] and scores[alarm.peak]
        assert alarm.segment.numbers.start <= alarm.first <= alarm.last < alarm.segment.numbers.stop
        assert alarm.seconds == alarm.last - alarm.first
        inside[alarm.first : alarm.last + 1] = True
    assert inside[scores > 0.5].all()
    if merge == 0:
        assert np.array_equal(inside, scores > 0.5)
    for one, other in itertools.pairwise(found):
        assert one.segment != other.segment or other.first - one.last - 1 > merge


def test_events_are_counted_once_and_late_alarms_have_a_delay(axis):
    truth, scores = np.zeros(44, bool), np.zeros(44)
    truth[5:9] = truth[20:22] = truth[40:44] = True
    scores[7:11] = 1  # begins two steps late, and outlasts the event
    scores[23] = 1  # begins after the event, while a window still holds its readings: neither found nor false
    scores[30:32] = 1  # false
    assert events_of(axis, truth) == [(5, 8), (20, 21), (40, 43)]
    figures = event_figures(axis, truth, intervals(axis, scores, AlarmRule(0.5)))
    assert (figures.events, figures.found, figures.delay, figures.false_alarms) == (3, 1, 2.0, 1)
    assert figures.days == pytest.approx(34 / 86400)
    assert figures.false_alarms_per_day == pytest.approx(86400 / 34)


def test_alarms_in_windows_without_a_label_are_not_false(axis):
    truth, scores, known = (np.zeros(len(axis), kind) for kind in (bool, float, bool))
    truth[5:9], known[:20] = True, True
    scores[[6, 15, 30]] = 1
    timeline = Timeline.of(axis, scores, AlarmSettings(1, 1, 0), 0.5)
    assert event_figures(axis, truth, timeline.alarms).false_alarms == 2
    figures = event_figures(axis, truth, timeline.alarms, known)
    assert figures.false_alarms == 1 and figures.days == 16 / 86400
    values = {metric.key: metric.value for metric in timeline.metrics(truth, known)}
    assert values["false_alarms_per_day"] == figures.false_alarms_per_day


def test_an_alarm_at_one_step_is_not_the_whole_event(axis):
    truth, scores = np.zeros(44, bool), np.zeros(44)
    truth[5:15] = True
    scores[14] = 1
    timeline = Timeline.of(axis, scores, AlarmSettings(), 0.5)
    values = {metric.key: metric.value for metric in timeline.metrics(truth)}
    assert values["events_found"] == "1 of 1" and values["delay_seconds"] == 9
    assert timeline.alarms[0].seconds == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"release": 2}, "`release`"),
        ({"least": 0}, "`least`"),
        ({"merge": -1}, "`merge`"),
        ({"relaese": 1}, "release"),
    ],
)
def test_wrong_settings_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        AlarmSettings.of(wrong)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """A trained model on a log, of whose last part the pressure is shifted for a while."""
    frame = sines(1500)
    frame["odd"] = 0
    frame.loc[1400:1439, "pressure"] += 4
    frame.loc[1400:1439, "odd"] = 1
    recipe = Recipe.of("undercomplete", latent_dim=4, network={"name": "dense", "widths": [32]})
    data = recipe.prepare(from_frame(frame, time="time", labels="odd", window=10))
    model = recipe.build(data)
    model.fit(data.x("train"), epochs=20, verbose=0)
    out = tmp_path_factory.mktemp("found")
    detector = AnomalyDetector(model, score="likelihood", alarm={"release": 0.5, "merge": 3}).fit(data)
    return detector, data, detector.report(data, out), out


def test_a_shift_is_found_with_its_channel(found):
    _, _, finding, out = found
    figures = finding.figures
    assert figures["events_found"] == "1 of 1"
    alarms = pd.read_csv(out / "alarms.csv")
    assert len(alarms) == figures["alarms"]
    shift = alarms.iloc[alarms["score"].argmax()]
    assert shift["channel_1"] == "pressure"
    assert shift["start"] <= "2026-01-01 00:23:21"
    assert shift["end"] >= "2026-01-01 00:23:59"
    assert abs(shift["value_1"] - shift["expected_1"]) > 2


def test_windows_that_share_readings_count_as_blocks(found):
    detector, data, finding, out = found
    held_out = detector.calibration_
    assert data.calibration.block == detector.detector_.block == 10 and len(held_out) < 10 / 0.02 - 10
    assert detector.fitted_threshold_.false_alarms == 0.02
    assert detector.threshold_ > held_out.max()
    scores = detector.score_samples(data.test.examples)
    above = (held_out[:, None] >= scores).sum(axis=0)
    p_values = detector.p_values(data.test.examples)
    np.testing.assert_allclose(p_values, (10 + above) / (10 + len(held_out)), rtol=1e-6)
    rows = pd.read_csv(out / "scores.csv")
    np.testing.assert_allclose(np.sort(rows["p_value"]), np.sort(p_values), rtol=1e-5)
    said = " ".join(sentence for _, sentence in finding.sentences)
    assert f"What is promised is at most {1000 / (10 + len(held_out)):.2g} % on average" in said
    assert "(10 + windows at least as odd) / (10 + windows)" in finding.notes[0]


def test_a_block_is_what_shares_readings():
    def block(**options):
        return from_frame(sines(400), time="time", **options).calibration.block

    assert [block(window=8), block(window=8, stride=3), block(window=8, stride=8)] == [8, 3, 1]
    split = from_frame(sines(400), time="time", window=8).train
    assert [split.rows(slice(None, None, step)).block for step in (1, 2, 3, 9)] == [8, 4, 3, 1]
    assert split.apart().block == 1
    assert split.joined(split).block == 8


def test_files_follow_the_time(found):
    detector, data, _, out = found
    lines = pd.read_csv(out / "timeline.csv")
    assert lines["time"].is_monotonic_increasing and len(lines) == len(data.test)
    np.testing.assert_allclose(lines["score"], detector.score_samples(data.test.examples), rtol=1e-5)
    assert np.array_equal(lines["label"], data.test.labels)
    assert list(pd.read_csv(out / "contributions.csv").columns) == ["row", "flow", "pressure"]
    names = pd.read_csv(out / "scores.csv")["row"]
    assert sorted(names) == sorted(data.test.stamps)


def test_a_stored_detector_keeps_its_alarms(found, tmp_path):
    detector, data, finding, _ = found
    detector.save(tmp_path / "kept")
    again = AnomalyDetector.load(tmp_path / "kept", detector.codec)
    assert again.alarm == {"release": 0.5, "merge": 3}
    assert again.report(data, None).figures == finding.figures


def test_the_band_is_the_spread_on_calibration_rows(found):
    detector, data, _, _ = found
    raw = data.calibration.examples
    residual = (data.to_x(raw) - detector.codec.predict(data.to_x(raw), verbose=0))[:, -1]
    np.testing.assert_allclose(detector.spread_, np.sqrt(np.mean(residual**2, axis=0)), rtol=1e-4)


@needs_chromium
def test_the_page_shows_the_numbers_of_the_files(found, tmp_path):
    """The chart is opened at an alarm of the table, and every window is read with the keys."""
    detector, data, finding, out = found
    html = page.render("t", "s", [], [], [], finding.pictures, listings=finding.listings)
    script = """
    const chart = document.querySelector(".chart").chart, read = [];
    document.querySelector("tr[data-stamps]").click();
    const clicked = document.querySelector(".clock").textContent;
    chart.at = null;
    chart.reset();
    for (let step = 0; step < chart.recording.panels[0].stamps.length; step++) {
      chart.root.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
      read.push([document.querySelector(".clock").textContent,
        ...[...document.querySelectorAll(".head")].map(one => one.textContent)]);
    }
    return [clicked, read];
    """
    clicked, read = probe(html, script, tmp_path)
    lines = pd.read_csv(out / "timeline.csv")
    alarms = pd.read_csv(out / "alarms.csv")
    assert alarms["start"][0] <= clicked <= alarms["end"][0]
    assert [row[0] for row in read] == list(lines["time"])
    scores = [float(row[-1].removeprefix("score").partition(",")[0]) for row in read]
    np.testing.assert_allclose(scores, lines["score"], rtol=1e-5)
    raw = data.test.examples
    rebuilt = detector.codec.inverse_transform(detector.codec.transform(raw))
    for number, name in enumerate(("flow", "pressure")):
        column = next(k for k, head in enumerate(read[0]) if head.startswith(name))
        words = [row[column].removeprefix(name).replace(", expected ", " ± ").split(" ± ") for row in read]
        values, expected, band = np.array(words, float).T
        np.testing.assert_allclose(values, raw[:, -1, number], rtol=1e-5)
        np.testing.assert_allclose(expected, rebuilt[:, -1, number], rtol=1e-4, atol=1e-4)
        spread = detector.spread_[number] * data.preprocessor.affine[1][number]
        np.testing.assert_allclose(band, 2 * spread, rtol=1e-2)


def test_the_rule_travels_with_the_detector(found, tmp_path):
    detector, *_ = found
    detector.detector_.save(tmp_path / "detector.keras")
    again = keras.saving.load_model(tmp_path / "detector.keras")
    # A stream cannot merge alarms.
    assert again.alarm == {"release": 0.5, "least": 1}
    assert AlarmRule(1.0, **again.alarm).release == 0.5
