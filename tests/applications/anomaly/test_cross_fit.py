"""Cross-fit: no row is judged by a model that saw it, and folds of a log share no reading."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from plane_rows import correlated, rows_data
from small_logs import sines

from kerasae import Recipe, train
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly import _cross_fit
from kerasae.applications.anomaly._cross_fit import cross_fitted
from kerasae.data import NO_ROWS
from kerasae.data.series import from_frame
from kerasae.presets import settings
from kerasae.training import retrained

WINDOW = 10


def log_data(rows=300, stride=1):
    """All windows of a log in the training split."""
    data = from_frame(sines(rows), time="time", window=WINDOW, stride=stride, test=1)
    return Recipe.of().prepare(dataclasses.replace(data, train=data.test, test=NO_ROWS))


@pytest.fixture(scope="module")
def trained():
    data = log_data()
    return trained_by("closed_form", data)


def trained_by(solver, data):
    changed = {"train.steps": 120, "train.solver": solver}
    recipe = Recipe.of("denoising").override(settings("detector", data.spec) | changed)
    model = recipe.build(data)
    train(model, data, **recipe.train)
    return model


@pytest.mark.parametrize("stride", [1, 4, 10])
def test_folds_of_a_log_are_contiguous_and_share_no_reading(stride, trained, monkeypatch):
    data, seen = log_data(stride=stride), []

    def watched(model, part, *, seed, into):
        seen.append(part.train.last_rows())
        return model

    monkeypatch.setattr(_cross_fit, "retrained", watched)
    found = cross_fitted(trained, data, 5)
    x = np.concatenate([part["x"] for part in found.accounts])
    np.testing.assert_array_equal(x, trained.accounts(data.train.examples)["x"])
    assert found.block == data.train.block
    last, begin = data.train.last_rows(), 0
    assert len(seen) == min(5, len(last) // (2 * data.train.block))
    for fold, part in zip(seen, found.accounts, strict=True):
        held = last[begin : begin + len(part["x"])]
        begin += len(part["x"])
        apart = np.abs(held[:, None] - fold).min(axis=0)
        assert apart.min() >= WINDOW
        # And no more is left out than has to be.
        assert set(fold) == set(last[np.abs(last[:, None] - held).min(axis=1) >= WINDOW])


def test_other_rows_are_divided_at_random_and_each_is_judged_once(monkeypatch):
    data = rows_data(correlated(60, 0), correlated(20, 1), correlated(20, 2))
    recipe = Recipe.of("undercomplete", latent_dim=2, network={"depth": 0})
    model = recipe.build(data)
    train(model, data, epochs=1, hold_out=False)
    seen = []

    def watched(model, part, *, seed, into):
        seen.append(part.train.examples)
        return model

    monkeypatch.setattr(_cross_fit, "retrained", watched)
    parts = cross_fitted(model, data, 4).accounts
    everything = pd.DataFrame(data.to_x(data.train.examples)).round(4)
    judged = pd.DataFrame(np.concatenate([part["x"] for part in parts])).round(4)
    assert sorted(map(tuple, judged.to_numpy())) == sorted(map(tuple, everything.to_numpy()))
    for fold, part in zip(seen, parts, strict=True):
        own = {tuple(row) for row in np.round(part["x"], 4)}
        others = {tuple(row) for row in np.round(data.to_x(fold), 4)}
        assert not own & others and len(own) + len(others) == 60
    assert not np.array_equal(parts[0]["x"], data.to_x(data.train.examples[:15]))


def test_many_rows_are_thinned_evenly(trained, monkeypatch):
    monkeypatch.setattr(_cross_fit, "retrained", lambda model, part, seed, into: model)
    monkeypatch.setattr(_cross_fit, "_ROWS", 100)
    data = log_data()
    found = cross_fitted(trained, data, 5)
    x = np.concatenate([part["x"] for part in found.accounts])
    np.testing.assert_array_equal(x, trained.accounts(data.train.examples)["x"][::3])
    assert found.block == 4


@pytest.mark.slow
def test_a_model_is_trained_again_as_it_was():
    data = log_data()
    trained = trained_by("gradient", data)
    again = retrained(trained, data, seed=3)
    assert again.get_config() == trained.get_config()
    assert again.preprocessor.mean == trained.preprocessor.mean
    other = retrained(trained, data, seed=3)
    for one, two in zip(again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    assert not np.array_equal(again.trainable_weights[0], trained.trainable_weights[0])
    # A model that has been trained already is as good as a new one.
    into = retrained(trained, data, seed=4)
    into.transform(data.train.examples)
    assert retrained(trained, data, seed=3, into=into) is into
    for one, two in zip(again.weights, into.weights, strict=True):
        np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(again.transform(data.train.examples), into.transform(data.train.examples))
    # The same training from other weights comes to about the same map.
    x = data.x("train")
    ours, theirs = np.array(trained(x)), np.array(again(x))
    assert np.square(ours - theirs).mean() < 0.3 * np.square(ours).mean()


def test_a_score_across_folds_needs_no_calibration_split_and_is_calibrated_by_the_folds(trained):
    data = log_data()
    detector = AnomalyDetector(
        trained, score="channel_moments", threshold={"name": "greatest", "least": 1.0}, cross_fit=3
    ).fit(data)
    assert len(detector.calibration_) == len(data.train)
    assert detector.threshold_ >= 1
    # Another model judged each row, so the scores are not those of this one.
    assert not np.allclose(detector.calibration_, detector.score_samples(data.train.examples))
    assert detector.reasons(data.train.head(2))["reason"].str.startswith(("flow", "pressure")).all()


@pytest.mark.parametrize("folds", [1, -2])
def test_fewer_than_two_folds_are_refused(folds, trained):
    with pytest.raises(ValueError, match="`cross_fit` must be at least 2"):
        AnomalyDetector(trained, cross_fit=folds)


@pytest.mark.parametrize("fold", ["mean", "least"])
def test_scores_across_folds_are_not_folded_over_windows(fold, trained):
    # No model has judged all windows that hold a time stamp.
    with pytest.raises(ValueError, match="`fold` must be one of last, received '" + fold):
        AnomalyDetector(trained, cross_fit=2, fold=fold)


def test_a_model_whose_training_is_not_known_is_refused():
    data = log_data()
    model = Recipe.of("undercomplete", network={"name": "dense", "depth": 0}).build(data)
    with pytest.raises(ValueError, match="remembers its training"):
        AnomalyDetector(model, cross_fit=2).fit(data)


def test_a_report_needs_no_calibration_split(trained, tmp_path):
    data = from_frame(sines(300), time="time", window=WINDOW, calibration=0)
    data = Recipe.of().prepare(data)
    threshold = {"name": "greatest", "least": 0.5}
    given = {"score": "channel_moments", "threshold": threshold, "cross_fit": 2}
    finding = AnomalyDetector(trained, **given).fit(data).report(data, tmp_path)
    assert finding.figures["threshold"] > 0
    assert (tmp_path / "alarms.csv").is_file()
    assert "threshold: greatest (least 0.5), from" in finding.notes[0]


def test_a_baseline_is_not_trained_again():
    settings = {"cross_fit": 10, "false_alarms": 0.1}
    assert AnomalyDetector.for_baseline(settings, object()) == {"false_alarms": 0.1}
