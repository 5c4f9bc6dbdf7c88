"""Settings that a recipe has for an application are those of its uses, unless a user gives others."""

import numpy as np
import pytest

from kerasae import Recipe, Run
from kerasae.applications import AnomalyDetector
from kerasae.runs import run_recipe
from kerasae.sklearn import AutoencoderDetector
from kerasae.workflows import apply

FEW = {"name": "evidence", "scores": ["whitened", {"name": "prototypes", "most": 7}]}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    home = tmp_path_factory.mktemp("applied")
    np.save(home / "rows.npy", np.random.default_rng(0).normal(size=(200, 4)).astype("float32"))
    recipe = Recipe.of(source=str(home / "rows.npy"), latent_dim=2, train={"epochs": 1})
    run_recipe(recipe.override({"apply.anomaly.score": FEW, "apply.anomaly.false_alarms": 0.2}), home / "run")
    return Run.open(home / "run")


def kept(run):
    return AnomalyDetector.load(run.application_folder("anomaly"), run.model)


def test_a_use_takes_the_settings_of_the_recipe(run, tmp_path):
    apply("anomaly", run, tmp_path / "a", baselines=False)
    assert kept(run).detector_.score.scores[1].most == 7
    assert kept(run).false_alarms == 0.2
    apply("anomaly", run, tmp_path / "b", baselines=False, refit=True, score="whitened")
    assert type(kept(run).detector_.score).__name__ == "WhitenedScore"
    assert kept(run).false_alarms == 0.2
    # What is stored was fitted with other settings than those of the recipe, which nobody asks for here.
    apply("anomaly", run, tmp_path / "c", baselines=False)
    assert type(kept(run).detector_.score).__name__ == "WhitenedScore"


def test_a_setting_without_a_meaning_is_refused():
    for settings, message in (
        ({"apply.anomaly.skore": 1}, "did you mean 'score'"),
        ({"apply.anomali.score": "whitened"}, "did you mean 'anomaly'"),
        ({"apply.anomaly": 3}, "must be a dict of settings"),
        ({"apply.anomaly.cross_fit": 1}, "`cross_fit` must be at least 2"),
        ({"apply.anomaly.alarm": {"release": 3}}, "`release` must be in"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            Recipe.of().override(settings)


def test_the_estimator_takes_the_score_of_its_preset():
    rows = np.random.default_rng(0).normal(size=(100, 6)).astype("float32")
    quick = {"train.steps": 2}
    detector = AutoencoderDetector(preset="microcontroller_detector", settings=quick)
    assert detector.fit(rows).detector_.detector_.score.scores[1].most == 24
    detector.set_params(anomaly_score="whitened")
    assert type(detector.fit(rows).detector_.detector_.score).__name__ == "WhitenedScore"
