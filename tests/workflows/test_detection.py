"""Labelled anomalies in a log: the model beside PCA, the nearest windows and the moving z-score."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from small_logs import sines

from kerasae import Recipe, Run
from kerasae.applications.anomaly.beside import known_truth, simple_detectors
from kerasae.runs import run_recipe
from kerasae.workflows import apply, compare_families, compare_runs
from kerasae.workflows.comparison.detecting import conclusions
from kerasae.workflows.evaluation import evaluate

SIMPLE = {"moving-z-score", "nearest-windows"}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A log in whose last part a channel is off for 20 rows, twice; some rows have no label."""
    frame = sines(1200)
    frame["odd"] = "no"
    for first in (1080, 1140):
        frame.loc[first : first + 19, "flow"] += 3
        frame.loc[first : first + 19, "odd"] = "yes"
    frame.loc[1000:1010, "odd"] = None
    path = tmp_path_factory.mktemp("logs") / "log.csv"
    frame.to_csv(path, index=False)
    return path


def recipe_of(source, **data):
    settings = {"name": "series", "path": str(source), "window": 12, "time": "time", **data}
    return Recipe.of(data=settings, latent_dim=2, train={"epochs": 1})


@pytest.fixture(scope="module")
def run(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    run_recipe(recipe_of(source, labels="odd"), folder)
    return Run.open(folder)


@pytest.mark.slow
def test_the_anomalies_of_a_log_are_judged_beside_simple_ways(run, tmp_path):
    outcome = apply("anomaly", run, tmp_path / "a")
    assert [*outcome.findings] == ["undercomplete", "pca", "moving-z-score", "nearest-windows"]
    data = run.data
    known, truth = known_truth(data, None)
    assert 0 < truth.sum() < len(truth) < len(known)
    for name, detector in simple_detectors(data, None).items():
        figures = outcome.findings[name].figures
        scores = detector.score_samples(data.test.examples)
        assert figures["auroc"] == pytest.approx(roc_auc_score(truth, scores[known]))
        assert figures["flagged"] == (scores > figures["threshold"]).sum()
        assert figures["events_found"] == "2 of 2"
        # At most a twentieth of the calibration rows lies above the threshold.
        calibration = detector.score_samples(data.calibration.examples)
        assert np.mean(calibration > figures["threshold"]) <= 0.05
    rivals = [*outcome.findings][1:]
    best = max(rivals, key=lambda name: outcome.findings[name].figures["auroc"])
    assert f"the best baseline, {best}" in outcome.sentences[-1][1]


@pytest.mark.slow
def test_a_comparison_says_who_detects_best(run, source, tmp_path):
    compared = compare_runs([run], tmp_path / "page")
    assert [entry.name for entry in compared.entries] == ["pca", *sorted(SIMPLE), str(run.folder)]
    figures = {entry.name: entry.mean("anomaly_average_precision") for entry in compared.entries}
    known, truth = known_truth(run.data, None)
    for name, detector in simple_detectors(run.data, None).items():
        scores = detector.score_samples(run.data.test.examples)[known]
        assert figures[name] == pytest.approx(average_precision_score(truth, scores))
    assert compared.headings[-1] == "AUC-PR of anomalies"
    assert all(len(row) == len(compared.headings) for row in compared.table())
    sentence = compared.sentences[-1][1]
    assert "detects the labelled anomalies" in sentence
    assert sentence in json.loads((tmp_path / "page" / "metrics.json").read_text())["verdicts"]
    assert "AUC-PR of anomalies" in (tmp_path / "page" / "report.html").read_text()
    # Whoever wins is named.
    model = compared.entries[-1]
    model.figures[0]["anomaly_average_precision"] = 1.1
    good, sentence = conclusions(compared.entries, compared.data)[-1]
    assert good and sentence.startswith(f"{run.folder} detects the labelled anomalies best")
    model.figures[0]["anomaly_average_precision"] = 0.0
    rivals = {entry.title: figures[entry.name] for entry in compared.entries[:-1]}
    good, sentence = conclusions(compared.entries, compared.data)[-1]
    assert not good and sentence.startswith(f"{max(rivals, key=rivals.get)} detects the labelled anomalies")
    assert sentence.endswith("Simple methods win on many logs.")


@pytest.mark.slow
def test_families_are_judged_so_too(source):
    compared = compare_families(recipe_of(source, labels="odd"), ["undercomplete"], seeds=1, jobs=1)
    figures = {entry.name: entry.mean("anomaly_average_precision") for entry in compared.entries}
    assert figures.keys() == {"pca", "undercomplete", *SIMPLE} and all(
        value > 0 for value in figures.values()
    )


def test_nothing_is_said_without_labels(run, source, tmp_path):
    run_recipe(recipe_of(source, drop=["odd"]), tmp_path / "run")
    compared = compare_runs([tmp_path / "run"])
    assert [entry.name for entry in compared.entries] == ["pca", str(tmp_path / "run")]
    assert "AUC-PR of anomalies" not in compared.headings
    # The page of a run compares reconstructions only.
    assert [entry["name"] for entry in evaluate(run).figures["entries"]] == ["pca", "undercomplete"]
