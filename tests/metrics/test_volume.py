"""VUS-PR by aeon, where it is installed, and what is said where it is not."""

import sys
import types

import numpy as np
import pytest
from small_logs import sines

from kerasae.applications.anomaly import _volume
from kerasae.applications.anomaly._report import detection_metrics
from kerasae.applications.anomaly.timeline import TimeAxis
from kerasae.data.series import from_frame
from kerasae.metrics.volume import vus_fits, vus_pr


def test_vus_pr_without_a_buffer_is_the_area_by_the_trapezoid_rule():
    pytest.importorskip("aeon")
    anomalous = np.array([False, False, False, True, True, False])
    scores = np.array([0.1, 0.2, 0.95, 0.9, 0.8, 0.3])
    # By threshold: precision 0, 1/2, 2/3 at recall 0, 1/2, 1; the curve begins at precision 1 and recall 0.
    assert vus_pr(anomalous, scores, 0) == pytest.approx(0.5 * (0 + 1 / 2) / 2 + 0.5 * (1 / 2 + 2 / 3) / 2)
    assert vus_pr(anomalous, anomalous.astype(float), 0) == pytest.approx(1)


@pytest.fixture
def asked(monkeypatch):
    """What a stand-in for aeon is asked."""
    module = types.ModuleType("aeon.benchmarking.metrics.anomaly_detection")
    questions = []
    module.range_pr_vus_score = lambda *question: questions.append(question) or 0.25
    for name in ("aeon", "aeon.benchmarking", "aeon.benchmarking.metrics"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(_volume, "has_vus", lambda: True)
    return questions


@pytest.fixture
def axis():
    return TimeAxis(from_frame(sines(200), time="time", window=12, stride=3, test=1).test)


def test_the_longest_buffer_is_a_window(axis, asked):
    truth = np.arange(len(axis)) % 20 < 3
    scores = np.random.default_rng(0).random(len(axis))
    found = _volume.with_volume(detection_metrics(scores, scores > 0.9, truth), axis, scores, truth)
    assert [(one.key, one.heading) for one in found[1:3]] == [
        ("average_precision", "AUC-PR"),
        ("vus_pr", "VUS-PR"),
    ]
    assert found[2].value == 0.25 and found[2].lower is False
    [(labels, given, longest)] = asked
    assert np.array_equal(labels, truth) and labels.dtype == np.int64 and np.array_equal(given, scores)
    # A window of 12 readings begins every 3.
    assert longest == 4
    [said] = _volume.on_volume(axis, truth, np.ones(len(axis), bool))
    assert "the longest, 4 stamps" in said and "nothing is point-adjusted" in said


def test_without_labels_of_two_kinds_there_is_nothing_to_say(axis, asked):
    scores = np.zeros(len(axis))
    for truth in (None, np.zeros(len(axis), bool), np.ones(len(axis), bool)):
        metrics = _volume.with_volume(detection_metrics(scores, scores > 1, truth), axis, scores, truth)
        assert {metric.value for metric in metrics} == {None}
        assert _volume.on_volume(axis, truth, np.ones(len(axis), bool)) == []
    assert asked == []


def test_what_is_missing_is_said(axis, monkeypatch):
    truth, known = np.arange(len(axis)) < 9, np.ones(len(axis), bool)
    monkeypatch.setattr(_volume, "has_vus", lambda: False)
    assert "pip install 'kerasae[series]'" in _volume.on_volume(axis, truth, known)[0]
    for name in ("aeon", "aeon.benchmarking.metrics.anomaly_detection"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"VUS-PR needs aeon.*pip install 'kerasae\[series\]'"):
        vus_pr(truth, truth.astype(float), 3)
    monkeypatch.setattr(_volume, "has_vus", lambda: True)
    monkeypatch.setattr(_volume, "vus_fits", lambda count, longest: False)
    assert "would take minutes" in _volume.on_volume(axis, truth, known)[0]
    assert vus_fits(10_000, 100) and not vus_fits(1_000_000, 100)
