"""`kerasae calibrate RUN`: the stored detector of a run with a threshold for another site."""

import numpy as np
import pandas as pd
import pytest
from kerasae.export.embedded import embedded_facts
from killed_commands import changes, killed

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
    home = run.folder.parent
    call = ["calibrate", "run", "site.csv", "--false-alarms"]
    last, known = changes(home, *call, 0.2), 0.2
    found = set()
    # Before its last ten changes it has written nothing but a lock and parts of the new detector.
    for number, step in enumerate(range(last - 10, last)):
        rate = round(0.25 + number / 100, 2)
        killed(home, step, *call, rate)
        kept = AnomalyDetector.load(run.application_folder("anomaly"), run.model).false_alarms
        assert kept in (known, rate)
        found.add(kept == rate)
        known = kept
    # Kills lie on both sides of the change that counts.
    assert found == {False, True}
