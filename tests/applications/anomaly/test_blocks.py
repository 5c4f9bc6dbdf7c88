"""Rows that depend on each other, and rows that a score has seen: thresholds and comparisons heed both."""

import dataclasses

import numpy as np
import pytest
from plane_rows import correlated, rows_data
from small_logs import sines

from kerasae import Recipe, train
from kerasae.applications import AnomalyDetector
from kerasae.applications._base import Finding
from kerasae.applications.anomaly import _cross_fit
from kerasae.applications.anomaly._cross_fit import _folds, cross_fitted
from kerasae.applications.anomaly._labels import same_label
from kerasae.applications.anomaly._thresholds import threshold_of
from kerasae.applications.anomaly.timeline import AlarmSettings, TimeAxis, Timeline, event_figures, intervals
from kerasae.baselines import PCA
from kerasae.calibration import AlarmRule
from kerasae.data import NO_ROWS
from kerasae.data.series import from_frame
from kerasae.metrics import Metric, RowInfluences, RowSums, auroc_rows, difference
from kerasae.scores import Score
from kerasae.scores.supported import SupportedScore
from kerasae.thresholds.median_deviation import MedianDeviationThreshold


def test_rows_that_are_each_there_twice_tell_no_more_than_once():
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.3
    scores = [truth * gain + rng.normal(size=200) for gain in (1.0, 1.3)]
    once = [auroc_rows(truth, one) for one in scores]
    twice = [auroc_rows(np.repeat(truth, 2), np.repeat(one, 2)) for one in scores]
    blocks = [one.by_block(2) for one in twice]
    assert blocks[0].value == once[0].value and blocks[0].block == 2
    error, of_rows, of_blocks = (difference(pair[:1], pair[1:]).error for pair in (once, twice, blocks))
    assert of_blocks == pytest.approx(error, rel=5e-3)
    assert of_rows == pytest.approx(error / np.sqrt(2), rel=0.01)
    # A ratio of sums is one too: both ways of counting agree.
    sums = RowSums(scores[0], np.ones(200))
    by_influence = RowInfluences(sums.value, sums.influences).by_block(3)
    np.testing.assert_allclose(by_influence.influences, sums.by_block(3).influences, rtol=1e-6, atol=1e-9)


def test_a_finding_counts_blocks_where_it_counted_rows():
    plain, blocked = (RowSums(np.ones(100), np.ones(100), block=block) for block in (1, 5))
    few = RowSums(np.ones(50), np.ones(50))
    finding = Finding([Metric("a", "a", 1.0, rows=[one]) for one in (plain, blocked, few)]).in_blocks(10, 100)
    assert [metric.rows[0].block for metric in finding.metrics] == [10, 5, 5]
    assert [len(metric.rows[0].influences) for metric in finding.metrics] == [10, 100, 10]


@pytest.fixture(scope="module")
def plane():
    data = rows_data(correlated(200, 0), correlated(40, 1), correlated(40, 2))
    recipe = Recipe.of("undercomplete", latent_dim=2, network={"depth": 0})
    model = recipe.build(data)
    train(model, data, epochs=1, hold_out=False)
    return model, data


def test_rows_that_a_score_was_adapted_to_are_not_their_own_neighbours(plane, monkeypatch):
    monkeypatch.setattr(_cross_fit, "retrained", lambda model, part, seed, into: model)
    model, data = plane
    data = dataclasses.replace(data, calibration=NO_ROWS)
    score = {"name": "nearest_neighbours", "neighbours": 1}
    detector = AnomalyDetector(model, score=score, cross_fit=2, false_alarms=0.1).fit(data)
    codes = model.transform(data.train.examples).astype("float64")
    apart = np.linalg.norm(codes[:, None] - codes, axis=-1) + np.diag(np.full(len(codes), np.inf))
    expected = np.sort(apart.min(axis=1))
    np.testing.assert_allclose(np.sort(detector.calibration_), expected, rtol=1e-3, atol=1e-6)


def test_windows_with_a_gross_reading_teach_a_score_nothing(monkeypatch):
    monkeypatch.setattr(_cross_fit, "retrained", lambda model, part, seed, into: model)
    frame = sines(300)
    frame.loc[150, "flow"] = 1e6
    data = from_frame(frame, time="time", window=10, test=1)
    with pytest.warns(UserWarning, match="flow"):
        data = Recipe.of().prepare(dataclasses.replace(data, train=data.test, test=NO_ROWS))
    model = Recipe.of("undercomplete", latent_dim=4, network={"name": "dense", "depth": 0}).build(data)
    train(model, data, epochs=1, hold_out=False)
    accounts = cross_fitted(model, data, 3).accounts
    x = np.concatenate([part["x"] for part in accounts])
    assert len(x) == len(data.train) - 10 and np.abs(x).max() < 10


def test_crops_of_an_image_are_in_one_fold():
    class Crops:
        photos, block = np.repeat(np.arange(7), [3, 1, 4, 4, 2, 5, 6]), 4

        def __len__(self):
            return len(self.photos)

    class Rows:
        train, spec = Crops(), type("S", (), {"channels": ()})

    held = []
    for own, others in _folds(Rows, 3):
        assert not {*Crops.photos[own]} & {*Crops.photos[others]} and len(own) + len(others) == 25
        held += own.tolist()
    assert sorted(held) == [*range(25)]


def test_a_log_that_is_too_short_for_folds_is_refused(monkeypatch):
    monkeypatch.setattr(_cross_fit, "retrained", lambda model, part, seed, into: model)
    data = from_frame(sines(25), time="time", window=10, test=1)
    data = Recipe.of().prepare(dataclasses.replace(data, train=data.test, test=NO_ROWS))
    model = Recipe.of("undercomplete", latent_dim=2, network={"name": "dense", "depth": 0}).build(data)
    with pytest.raises(ValueError, match=r"Expected more than 18 windows .* received 16"):
        cross_fitted(model, data, 5)


def test_too_few_rows_for_a_rate_are_refused_before_any_training(plane, monkeypatch):
    monkeypatch.setattr(_cross_fit, "retrained", None)
    model, data = plane
    with pytest.raises(ValueError, match="999"):
        AnomalyDetector(model, cross_fit=2, false_alarms=0.001).fit(data)


def test_a_rate_that_is_given_holds_before_that_of_a_threshold(plane):
    spec = plane[1].spec
    for threshold in ({"name": "conformal", "false_alarms": 0.02}, "conformal", {"name": "conformal"}):
        assert threshold_of(threshold, 0.001, spec).false_alarms == 0.001
    assert threshold_of({"name": "conformal", "false_alarms": 0.02}, None, spec).false_alarms == 0.02


def test_truth_values_with_gaps_are_true_or_false():
    labels = np.array(["1", "0", "", "1"])
    np.testing.assert_array_equal(same_label(labels, "true"), [True, False, False, True])
    np.testing.assert_array_equal(same_label(labels, False), [False, True, False, False])
    np.testing.assert_array_equal(same_label(np.array(["true", "1"]), "true"), [True, False])


def test_equal_scores_do_not_flag_half_of_the_rows():
    """More than half of the scores are 0: the median deviation is 0 too."""
    scores = np.concatenate([np.zeros(60), np.random.default_rng(0).gamma(2, size=40)])
    found = MedianDeviationThreshold().find(scores, None)
    assert found == pytest.approx(3.5 * 1.2533 * scores.mean(), rel=1e-6)
    assert (scores > found).mean() <= 0.1


def test_alarms_long_after_an_event_are_false_at_any_stride():
    axis = TimeAxis(from_frame(sines(600), time="time", window=10, stride=10, test=1).test)
    truth, scores = np.zeros(len(axis), bool), np.zeros(len(axis))
    truth[10:12] = True
    scores[13] = scores[40] = 1
    found = intervals(axis, scores, AlarmRule(0.5))
    # The window after an event shares no reading with it.
    assert event_figures(axis, truth, found).false_alarms == 2
    said = Timeline.of(axis, scores, AlarmSettings(), 0.5)._sentence()[1]
    assert said.startswith("2 alarms in ") and "share" not in said
    close = TimeAxis(from_frame(sines(600), time="time", window=10, stride=4, test=1).test)
    said = Timeline.of(close, np.zeros(len(close)), AlarmSettings(), 0.5)._sentence()[1]
    assert "share up to 6 of 10 readings" in said


def test_a_score_inside_another_knows_of_blocks_and_new_rows():
    class Watched(Score):
        seen = ()

        def adapt(self, accounts, least=None):
            self.seen = (*self.seen, self.block)
            return super().adapt(accounts, least)

        def adapt_to_new(self, accounts):
            self.seen = (*self.seen, "new")
            return self

        def features(self, inputs):
            return inputs["residual"] ** 2

    inner = Watched()
    score = SupportedScore(score=inner)
    score.block = 7
    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    part = {"x": x, "residual": x}
    score.adapt(lambda: [part]).adapt_to_new(lambda: [part])
    assert inner.seen == (7, "new")


def test_pca_of_a_log_is_compared_by_blocks(tmp_path):
    frame = sines(900)
    frame["odd"] = 0
    frame.loc[800:830, "pressure"] += 4
    frame.loc[800:830, "odd"] = 1
    data = Recipe.of().prepare(from_frame(frame, time="time", labels="odd", window=20))
    found = AnomalyDetector(PCA(4).fit(data), score="whitened").fit(data).report(data, None)
    auroc = found.in_blocks(data.test.block, len(data.test)).metric("auroc").rows[0]
    assert data.test.block == 20 and auroc.block == 20
    assert len(auroc.influences) == -(-len(data.test) // 20)
