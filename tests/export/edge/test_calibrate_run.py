"""`kerasae calibrate RUN`: the stored detector of a run with a threshold for another site."""

import signal
import time

import numpy as np
import pandas as pd
import pytest
from calibrations import started_calibration
from kerasae.export.embedded import embedded_facts

from kerasae import Recipe, Run, export
from kerasae.applications import AnomalyDetector
from kerasae.files import alone, put_back
from kerasae.runs import run_recipe
from kerasae.workflows import apply, calibrate


def test_a_folder_whose_change_was_killed_is_put_back(tmp_path):
    kept, old = tmp_path / "kept", tmp_path / ".kept.old"
    old.mkdir()
    (old / "a").write_text("1")
    with alone(tmp_path / ".kept.lock", kept):
        # Another process is at work.
        put_back(kept)
        assert old.exists() and not kept.exists()
    put_back(kept)
    assert (kept / "a").read_text() == "1" and not old.exists()
    old.mkdir()
    put_back(kept)
    assert (kept / "a").read_text() == "1"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a table, whose detector is stored, and rows of another site."""
    folder = tmp_path_factory.mktemp("calibrate")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(600, 3)), columns=["a", "b", "c"])
    frame.to_csv(folder / "rows.csv", index=False)
    (3 * frame.head(400)).to_csv(folder / "site.csv", index=False)
    recipe = Recipe.of(source=str(folder / "rows.csv"), latent_dim=2, train={"epochs": 2})
    run = run_recipe(recipe, folder / "run")
    apply("anomaly", run, folder / "found", baselines=False)
    return run


@pytest.mark.slow
def test_the_stored_detector_of_a_run_gets_a_new_threshold(run):
    site = run.folder.parent / "site.csv"
    done = calibrate(run.folder, site, false_alarms=0.1)
    ((new, former),) = done.thresholds.values()
    assert new > former
    again = AnomalyDetector.load(run.application_folder("anomaly"), run.model)
    assert (again.threshold_, again.false_alarms, len(again.calibration_)) == (new, 0.1, 400)
    flagged = again.predict(pd.read_csv(site)).mean()
    assert flagged == pytest.approx(39 / 400)
    exported = export.bundle(Run.open(run.folder), run.folder.parent / "ship", formats=["tflite"])
    facts = embedded_facts(exported[0].path.read_bytes())["detector"]
    assert facts["threshold"] == pytest.approx(new)
    assert facts["calibration_rows"] == 400


@pytest.mark.slow
def test_a_killed_calibration_leaves_the_old_detector_or_the_new_one_whole(run):
    site = run.folder.parent / "site.csv"
    process, begun = started_calibration(run.folder, site, 0.2)
    assert process.wait() == 0
    duration, known = time.monotonic() - begun, 0.2
    for number, share in enumerate(np.random.default_rng(0).uniform(0.2, 1.0, 10)):
        rate = round(0.25 + number / 100, 2)
        process, _ = started_calibration(run.folder, site, rate)
        time.sleep(duration * share)
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = AnomalyDetector.load(run.application_folder("anomaly"), run.model).false_alarms
        assert found in (known, rate)
        known = found
