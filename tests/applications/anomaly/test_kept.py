"""The detector that a use leaves in its run decides in the next one, whatever became of the data."""

import os
import random
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from kerasae import Recipe
from kerasae.applications.anomaly import AnomalyDetector
from kerasae.runs import Run, run_recipe
from kerasae.workflows import apply


def frame(rows, seed, scale=1.0):
    random = np.random.default_rng(seed)
    base = random.normal(size=(rows, 2)) @ np.random.default_rng(99).normal(size=(2, 5))
    values = scale * (base + 0.1 * random.normal(size=base.shape))
    return pd.DataFrame(values, columns=[*"abcde"]).round(4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with `rows.csv`, a run that names it by a relative path, and rows to judge in `new.csv`."""
    home = tmp_path_factory.mktemp("home")
    rows = frame(300, 0)
    rows["odd"] = 0
    rows.loc[::10, "odd"] = 1
    rows.loc[::10, "c"] += 3.0
    rows.to_csv(home / "rows.csv", index=False)
    new = frame(80, 1)
    new.loc[::10, "b"] += 1.0
    new.to_csv(home / "new.csv", index=False)
    before = Path.cwd()
    os.chdir(home)
    try:
        recipe = Recipe.of(
            source="rows.csv",
            latent_dim=2,
            data={"labels": "odd"},
            network={"widths": []},
            train={"epochs": 3},
        )
        run_recipe(recipe, "run")
    finally:
        os.chdir(before)
    return home


@pytest.mark.slow
def test_an_answer_does_not_change_with_the_training_file(home, tmp_path, monkeypatch, kerasae):
    status, _, err = kerasae("apply", "anomaly", "run", "new.csv", "--out", "first")
    assert status == 0, err
    first = (home / "first" / "scores.csv").read_bytes()
    assert 0 < pd.read_csv(home / "first" / "scores.csv")["anomalous"].sum() < 80
    stored = (home / "run" / "applications" / "anomaly" / "detector.keras").read_bytes()
    # Refreshed in place, as a file is that is written to every day.
    frame(300, 7, scale=3.0).assign(odd=0).to_csv(home / "rows.csv", index=False)
    monkeypatch.chdir(tmp_path)
    status, out, err = kerasae("apply", "anomaly", home / "run", home / "new.csv", "--out", "second")
    assert status == 0, err
    assert (tmp_path / "second" / "scores.csv").read_bytes() == first
    assert (home / "run" / "applications" / "anomaly" / "detector.keras").read_bytes() == stored
    assert "--refit fits it again" in " ".join(out.split()) and "pca" not in out
    assert "baselines: they are fitted on" in (tmp_path / "second" / "report.html").read_text()
    (home / "rows.csv").unlink()
    outcome = apply("anomaly", home / "run", tmp_path / "third", source=str(home / "new.csv"))
    assert (tmp_path / "third" / "scores.csv").read_bytes() == first
    assert [*outcome.findings] == ["undercomplete"]
    # To fit again, the file of the training is needed.
    status, _, err = kerasae("apply", "anomaly", home / "run", home / "new.csv", "--out", "fourth", "--refit")
    assert status == 2 and "rows.csv, found nothing there" in err


@pytest.mark.parametrize("place", ["applications/anomaly", "applications", "sections/mine"])
def test_files_where_the_run_keeps_its_own_are_refused(home, place):
    with pytest.raises(ValueError, match="Expected a folder outside run/"):
        apply("anomaly", "run", home / "run" / place, baselines=False)
    assert not (home / "run" / place).exists()


@pytest.mark.slow
def test_other_settings_are_refused_until_a_refit_is_asked_for(home, kerasae):
    command = ["apply", "anomaly", "run", "new.csv", "--no-baselines"]
    assert kerasae(*command, "--out", "first")[0] == 0
    kept = {path: path.read_bytes() for path in (home / "run").rglob("*") if path.is_file()}
    for name, value, stored in (
        ("score", "squared_error", "evidence"),
        ("threshold", "quantile", "conformal"),
        ("normal", "0", "none"),
    ):
        status, _, err = kerasae(*command, f"--{name}", value, "--out", "other")
        assert status == 2 and err.count("\n") == 1, err
        key = name.replace("-", "_")
        assert f"({key}: {stored}), received {key}: {value}" in err and "--refit" in err
        assert not (home / "other").exists()
    assert kept == {path: path.read_bytes() for path in (home / "run").rglob("*") if path.is_file()}
    # The rate needs no fit, and a use with another one leaves the stored detector as it is.
    assert kerasae(*command, "--false-alarms", "0.2", "--out", "rate")[0] == 0
    assert all(path.read_bytes() == content for path, content in kept.items() if "applications" in path.parts)
    # What is the same as stored, and what is not fitted, may be given.
    same = ["--score", "evidence", "--false-alarms", "0.05", "--most-reasons", "1"]
    status, _, err = kerasae(*command, *same, "--out", "same")
    assert status == 0, err
    status, _, err = kerasae(*command, "--false-alarms", "0.2", "--refit", "--out", "refitted")
    assert status == 0, err
    flagged = [pd.read_csv(home / name / "scores.csv")["anomalous"].sum() for name in ("same", "refitted")]
    assert flagged[0] < flagged[1]
    assert (home / "rate" / "scores.csv").read_bytes() == (home / "refitted" / "scores.csv").read_bytes()
    assert kerasae(*command, "--false-alarms", "0.2", "--out", "again")[0] == 0
    assert (home / "again" / "scores.csv").read_bytes() == (home / "refitted" / "scores.csv").read_bytes()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"normal": 0, "score": "nearest_neighbours"},
        {"threshold": "best_f1", "score": "likelihood"},
        {"threshold": {"name": "quantile", "false_alarms": 0.1}, "score": "combination"},
    ],
)
def test_a_detector_that_was_kept_is_the_one_that_was_fitted(settings, home):
    run = Run.open("run")
    fitted = AnomalyDetector(run.model, **settings).fit(run.data)
    folder = run.application_folder("anomaly")
    fitted.save(folder)
    kept = AnomalyDetector.load(folder, Run.open("run").model, **settings)
    rows = run.data.test.examples
    assert kept.threshold_ == fitted.threshold_
    for verb in ("score_samples", "predict", "p_values", "explain"):
        np.testing.assert_array_equal(getattr(kept, verb)(rows), getattr(fitted, verb)(rows))
    found = [one.report(run.data, None).metrics for one in (kept, fitted)]
    assert found[0] == found[1]


@pytest.mark.parametrize("settings", [{}, {"threshold": "quantile"}])
def test_a_stored_detector_takes_another_rate_as_if_it_were_fitted_with_it(settings, home):
    run = Run.open("run")
    folder = run.application_folder("anomaly")
    AnomalyDetector(run.model, **settings).fit(run.data).save(folder)
    kept = AnomalyDetector.load(folder, run.model, false_alarms=0.2)
    fitted = AnomalyDetector(run.model, **settings, false_alarms=0.2).fit(run.data)
    stored = AnomalyDetector.load(folder, run.model)
    assert kept.threshold_ == fitted.threshold_ < stored.threshold_
    assert kept.settings() == fitted.settings()
    rows = run.data.test.examples
    for verb in ("predict", "p_values"):
        np.testing.assert_array_equal(getattr(kept, verb)(rows), getattr(fitted, verb)(rows))
    assert kept.detector_.threshold.numpy() == fitted.detector_.threshold.numpy()


def test_a_rate_that_the_stored_scores_do_not_allow_is_refused(home):
    apply("anomaly", "run", home / "first", baselines=False)
    with pytest.raises(ValueError, match="at least 999"):
        apply("anomaly", "run", home / "second", baselines=False, false_alarms=0.001)
    assert not (home / "second").exists()


@pytest.mark.parametrize("name", ["detector.keras", "arrays.npz", "application.json"])
def test_a_damaged_detector_is_refused_in_one_line(name, home):
    run, path = Run.open("run"), home / "run/applications/anomaly" / name
    AnomalyDetector(run.model).fit(run.data).save(path.parent)
    content, draw = path.read_bytes(), random.Random(0)
    refused = 0
    for _ in range(30):
        changed = bytearray(content)
        changed[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            kept = AnomalyDetector.load(path.parent, run.model)
        except ValueError as error:
            assert "damaged" in str(error) and "--refit" in str(error) and "\n" not in str(error)
            refused += 1
        else:
            assert name.endswith(".json") and kept is not None
    assert refused > 20


def test_the_detector_of_an_earlier_model_is_refused(home):
    run = Run.open("run")
    apply("anomaly", run, home / "first", source="new.csv", baselines=False)
    run.model.set_weights([1.1 * weight for weight in run.model.get_weights()])
    run.model.save(run.model_path)
    keras.backend.clear_session(free_memory=False)
    with pytest.raises(ValueError, match="fitted for an earlier model; fit it again with --refit"):
        apply("anomaly", Run.open("run"), home / "second", source="new.csv")


def test_baselines_have_the_settings_of_the_stored_detector(home):
    """They were measured with the defaults beside a stored detector that had others."""
    first = apply("anomaly", "run", home / "first", false_alarms=0.2)
    second = apply("anomaly", "run", home / "second")
    assert first.findings["pca"].figures == second.findings["pca"].figures
    assert first.findings["pca"].figures["flagged"] > 0
