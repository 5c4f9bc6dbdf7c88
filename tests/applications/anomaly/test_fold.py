"""Scores of time stamps from all windows that hold them: numbers, threshold, files, refusals."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY
from kerasae.export import subject
from small_logs import sines

from kerasae import Recipe
from kerasae.applications.anomaly import AnomalyDetector
from kerasae.applications.anomaly.recalibration import recalibrate
from kerasae.applications.anomaly.timeline import TimeAxis, folded, stamp_scores, strongest
from kerasae.data import make_data
from kerasae.data.series import from_frame
from kerasae.spec import Spec
from kerasae.thresholds import ConformalThreshold

FOLDS = ("mean", "least")


def axis_of(stride):
    """41 windows of 6 steps, or fewer, in two segments with a gap that no window crosses."""
    frame = sines(60).drop(index=range(30, 40))
    return TimeAxis(from_frame(frame, time="time", window=6, stride=stride, test=1).test)


AXES = {stride: axis_of(stride) for stride in (1, 2, 4, 6, 7)}


@MANY
@given(st.sampled_from(sorted(AXES)), st.integers(0, 10_000))
def test_a_stamp_has_the_scores_of_all_windows_that_hold_it(stride, seed):
    axis = AXES[stride]
    scores = np.random.default_rng(seed).normal(size=len(axis))
    held = [
        [
            number
            for number, last in enumerate(axis.rows)
            if last - axis.steps < stamp <= last and axis.split.stretches[number] == stretch
        ]
        for stamp, stretch in zip(axis.rows, axis.split.stretches, strict=True)
    ]
    np.testing.assert_array_equal(folded(axis, scores, "last"), scores)
    np.testing.assert_allclose(folded(axis, scores, "mean"), [scores[one].mean() for one in held])
    np.testing.assert_array_equal(folded(axis, scores, "least"), [scores[one].min() for one in held])
    best = [one[int(np.argmax(scores[one]))] for one in held]
    np.testing.assert_array_equal(strongest(axis, scores, "mean"), best)
    np.testing.assert_array_equal(strongest(axis, scores, "last"), np.arange(len(axis)))


@pytest.fixture(scope="module")
def trained():
    """A trained model on a log, of whose last part the pressure is shifted for a while."""
    frame = sines(1500)
    frame["odd"] = 0
    frame.loc[1400:1439, "pressure"] += 4
    frame.loc[1400:1439, "odd"] = 1
    recipe = Recipe.of("undercomplete", latent_dim=4, network={"name": "dense", "widths": [32]})
    data = recipe.prepare(from_frame(frame, time="time", labels="odd", window=10))
    model = recipe.build(data)
    model.fit(data.x("train"), epochs=20, verbose=0)
    return model, data


@pytest.fixture(scope="module", params=FOLDS)
def found(request, trained, tmp_path_factory):
    model, data = trained
    out = tmp_path_factory.mktemp(request.param)
    detector = AnomalyDetector(model, score="likelihood", fold=request.param).fit(data)
    return detector, data, detector.report(data, out), out


def test_alarms_files_and_figures_follow_the_folded_scores(found):
    detector, data, finding, out = found
    axis, scores = TimeAxis(data.test), detector.score_samples(data.test.examples)
    stamps = folded(axis, scores, detector.fold)
    lines = pd.read_csv(out / "timeline.csv")
    np.testing.assert_allclose(lines["score"], stamps, rtol=1e-5)
    threshold = detector.fitted_stamps_.threshold_
    assert np.array_equal(lines["alarm"], stamps > threshold)
    assert finding.figures["threshold"] == threshold
    assert finding.figures["flagged"] == lines["alarm"].sum() > 0
    assert finding.figures["events_found"] == "1 of 1"
    alarms = pd.read_csv(out / "alarms.csv")
    assert alarms.loc[alarms["score"].argmax(), "channel_1"] == "pressure"
    said = " ".join(sentence for _, sentence in finding.sentences)
    assert "later ones too, which a live stream cannot know" in said
    # Windows are listed as they are judged one by one.
    windows = pd.read_csv(out / "scores.csv")
    np.testing.assert_allclose(np.sort(windows["score"]), np.sort(scores), rtol=1e-5)


def test_the_threshold_is_that_of_folded_calibration_scores(found):
    detector, data, _, _ = found
    scores = detector.score_samples(data.calibration.examples)
    stamps = folded(TimeAxis(data.calibration), scores, detector.fold)
    assert detector.fitted_stamps_.block_ == 2 * detector.fitted_threshold_.block_ - 1 == 19
    assert detector.fitted_stamps_.threshold_ > stamps.max()
    assert detector.threshold_ == detector.fitted_threshold_.threshold_ > scores.max()


def test_a_stored_detector_folds_as_before(found, tmp_path):
    detector, data, finding, _ = found
    detector.save(tmp_path / "kept")
    again = AnomalyDetector.load(tmp_path / "kept", detector.codec)
    assert again.fold == again.detector_.fold == detector.fold
    assert again.report(data, None).figures == finding.figures
    recalibrate(again, data.validation, 0.3)
    stamps = stamp_scores(data.validation, again.calibration_, again.fold)
    expected = ConformalThreshold(false_alarms=0.3).fit(stamps, block=19)
    assert again.fitted_stamps_.threshold_ == expected.threshold_ < stamps.max()


def test_events_end_sooner_than_by_the_last_window(trained, found):
    """A window that ends after an event holds odd readings; the least score over later windows does not."""
    detector, data, _, out = found
    plain = AnomalyDetector(trained[0], score="likelihood").fit(data)
    scores = plain.score_samples(data.test.examples)
    after = np.flatnonzero(np.diff(data.test.labels.astype(int)) < 0)[0] + 5
    lines = pd.read_csv(out / "timeline.csv")
    assert scores[after] > plain.threshold_
    if detector.fold == "least":
        assert not lines["alarm"][after]


def test_examples_without_a_time_and_unknown_folds_are_refused(trained):
    with pytest.raises(ValueError, match="`fold` must be one of"):
        AnomalyDetector(trained[0], fold="most")
    rows = np.random.default_rng(0).normal(size=(300, 4)).astype("float32")
    recipe = Recipe.of("undercomplete", latent_dim=2, network={"widths": [8]})
    data = recipe.prepare(make_data("rows", Spec("vector", (4,)), rows))
    model = recipe.build(data)
    with pytest.raises(ValueError, match="Expected windows of a log for `fold` 'mean'"):
        AnomalyDetector(model, score="whitened", fold="mean").fit(data)


def test_an_export_refuses_what_a_live_stream_cannot_know(found, tmp_path):
    detector, _, _, _ = found
    detector.detector_.save(tmp_path / "detector.keras")
    run = SimpleNamespace(detector_path=tmp_path / "detector.keras", folder=tmp_path)
    with pytest.raises(ValueError, match=f"'{detector.fold}', which needs later windows than a live stream"):
        subject._detector(run)
