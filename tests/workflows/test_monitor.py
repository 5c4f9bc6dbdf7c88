"""monitor: new rows beside the calibration rows of a stored detector."""

import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kerasae.export.file_formats import BUNDLE_FORMAT
from scipy import stats
from scipy.signal import lfilter

from kerasae import Recipe
from kerasae.files import write_sealed, write_text
from kerasae.runs import run_recipe
from kerasae.thresholds.conformal import ConformalThreshold
from kerasae.workflows import apply, calibrate, export, monitor
from kerasae.workflows.monitoring import _watched


def frame(rows, seed):
    random = np.random.default_rng(seed)
    base = random.normal(size=(rows, 2)) @ np.random.default_rng(99).normal(size=(2, 4))
    values = pd.DataFrame(base + 0.1 * random.normal(size=base.shape), columns=[*"abcd"])
    return values.assign(colour=random.choice(["red", "green"], rows)).round(4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with a run whose detector is stored, and files of new rows."""
    home = tmp_path_factory.mktemp("home")
    frame(600, 0).to_csv(home / "rows.csv", index=False)
    frame(200, 1).to_csv(home / "same.csv", index=False)
    frame(200, 2).assign(b=lambda rows: rows["b"] + 2, colour="green").to_csv(home / "other.csv", index=False)
    before = Path.cwd()
    os.chdir(home)
    try:
        recipe = Recipe.of(source="rows.csv", latent_dim=2, data={"calibration": 0.3}, train={"epochs": 3})
        run_recipe(recipe, "run")
        apply("anomaly", "run", "use", baselines=False)
    finally:
        os.chdir(before)
    return home


@pytest.mark.slow
def test_a_command_says_what_moved_and_keeps_a_history(home, kerasae):
    status, out, err = kerasae("monitor", "run", "same.csv", "--out", "watch")
    assert status == 0, err
    assert "None of 5 quantities has moved" in out and "No drift." in out
    assert re.search(
        r"of 200 rows are flagged\. If all were normal, \d+ to \d+ would be", " ".join(out.split())
    )
    status, out, err = kerasae("monitor", "run", "other.csv", "--out", "watch", "--json")
    assert status == 3, err
    values = json.loads(out)
    assert values["drift"] is True
    moved = {one["name"] for one in values["columns"] if one["adjusted"] < 0.01}
    assert moved == {"b", "colour"}
    shift = next(one for one in values["columns"] if one["name"] == "colour")
    assert shift["moved"].startswith(("green in 100.0%", "red in 0.0%"))
    assert json.loads((home / "watch" / "drift.json").read_text()) == values
    lines = [json.loads(line) for line in (home / "watch" / "history.jsonl").read_text().splitlines()]
    assert [line["drift"] for line in lines] == [False, True]
    assert lines[1]["moved"] and lines[0]["rows"] == 200
    assert "History" in (home / "watch" / "report.html").read_text()


@pytest.mark.slow
def test_medians_are_in_units_of_the_user(home, tmp_path):
    found = monitor("run", "other.csv", tmp_path / "watch", reference="same.csv")
    words = next(one.words for one in found.columns if one.shift.name == "b")
    before, after = (pd.read_csv(name)["b"].median() for name in ("same.csv", "other.csv"))
    numbers = [float(part.split()[-1]) for part in words.split(" before")[0].split(",")]
    assert numbers == pytest.approx([after, before], rel=1e-3)
    assert found.reference == "same"


@pytest.mark.slow
def test_the_rows_need_no_training_data_beside_a_reference(home, tmp_path):
    (home / "rows.csv").rename(home / "gone.csv")
    try:
        with pytest.raises(FileNotFoundError, match=r"rows\.csv"):
            monitor("run", "same.csv", tmp_path / "watch")
        assert not (tmp_path / "watch").exists()
        assert not monitor("run", "same.csv", tmp_path / "watch", reference="same.csv").drift
    finally:
        (home / "gone.csv").rename(home / "rows.csv")


@pytest.mark.slow
def test_wrong_use_is_one_line_and_loses_nothing(home, kerasae, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    for arguments, words in (
        (("run", "same.csv", "--out", tmp_path / "mine"), "which holds other files"),
        (("none", "same.csv", "--out", tmp_path / "w"), "none"),
        (("run", "same.csv", "--out", tmp_path / "w", "--significance", "2"), "significance"),
    ):
        status, _, err = kerasae("monitor", *arguments)
        assert status == 2 and words in err and len(err.strip().splitlines()) <= 3
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    assert not (tmp_path / "w").exists()


@pytest.mark.slow
def test_the_folder_may_be_the_current_one(home, tmp_path, monkeypatch):
    run, rows = (str(home / name) for name in ("run", "same.csv"))
    (tmp_path / "watch").mkdir()
    monkeypatch.chdir(tmp_path / "watch")
    assert not monitor(run, rows, ".", reference=rows).drift
    files = {path.name for path in (tmp_path / "watch").iterdir()}
    assert files == {"drift.json", "report.html", "history.jsonl"} and not [*tmp_path.glob(".*lock")]


@pytest.mark.slow
def test_a_run_without_a_detector_names_the_remedy(home, tmp_path):
    kept = home / "run" / "applications"
    kept.rename(home / "aside")
    try:
        with pytest.raises(FileNotFoundError, match="kerasae apply anomaly"):
            monitor("run", "same.csv", tmp_path / "watch")
    finally:
        (home / "aside").rename(kept)


@pytest.mark.slow
def test_a_run_that_was_calibrated_again_is_compared_with_the_rows_of_that(home, kerasae):
    calibrate("run", "other.csv", false_alarms=0.1)
    status, _, err = kerasae("monitor", "run", "other.csv", "--out", "watch")
    assert status == 2 and len(err.strip().splitlines()) == 1
    assert "`kerasae calibrate`" in err and "--reference" in err and not (home / "watch").exists()
    assert not monitor("run", "other.csv", "watch", reference="other.csv").drift
    # Fitted again, the detector has the calibration rows of the run.
    apply("anomaly", "run", "again", baselines=False, refit=True)
    assert "calibration rows" in monitor("run", "same.csv", "watch").reference


@pytest.mark.slow
@pytest.mark.parametrize("last", ["report.html", "history.jsonl"])
def test_a_first_call_that_stops_before_a_file_can_be_repeated(home, monkeypatch, last):
    def stopped(path, text):
        if path.name == last:
            raise KeyboardInterrupt
        write_text(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["kerasae.workflows.monitoring.monitor"], "write_text", stopped)
        with pytest.raises(KeyboardInterrupt):
            monitor("run", "same.csv", "watch", reference="same.csv")
    assert (home / "watch" / "drift.json").exists()
    monitor("run", "same.csv", "watch", reference="same.csv")
    assert len((home / "watch" / "history.jsonl").read_text().splitlines()) == 1


@pytest.fixture
def int8(tmp_path):
    """A bundle with no file but one in int8."""
    ship = tmp_path / "ship"
    ship.mkdir()
    (ship / "a_int8.tflite").touch()
    artifact = {
        "path": "a_int8.tflite",
        "format": "tflite",
        "precision": "int8",
        "signatures": {"detect": {}},
        "version": 1,
        "files": {},
    }
    content = {"kerasae": "1", "artifacts": [artifact], "files": {}}
    write_sealed(ship / "manifest.json", content, BUNDLE_FORMAT)
    return ship


def test_a_bundle_without_float32_watches_with_what_it_has(int8, monkeypatch):
    monkeypatch.setattr(_watched, "Scorer", lambda path: path)
    monkeypatch.setattr(_watched.WatchedBundle, "__init__", lambda self, path, _: setattr(self, "path", path))
    assert _watched.WatchedBundle.open(int8).path == int8 / "a_int8.tflite"


def test_a_file_has_a_precision_of_its_own(int8, kerasae):
    status, out, err = kerasae("score", int8 / "a_int8.tflite", "rows.csv", "--precision", "int8")
    assert (status, out) == (2, "") and "leave --precision out" in err and err.count("\n") == 1


@pytest.mark.slow
def test_a_bundle_watches_as_its_run_does(home, tmp_path):
    export("run", "ship", formats=["tflite"], precisions=["float32"])
    found = monitor("ship", "other.csv", tmp_path / "one", reference="same.csv")
    same = monitor("run", "other.csv", tmp_path / "two", reference="same.csv")
    assert found.flagged == same.flagged > 0
    assert found.rate == same.rate
    assert {one.shift.name for one in found.moved} == {one.shift.name for one in same.moved}
    for one, two in zip(found.columns, same.columns, strict=True):
        assert one.shift.distance == pytest.approx(two.shift.distance, abs=0.01)
    words = {one.shift.name: one.words for one in found.columns}
    assert words["b"] == {one.shift.name: one.words for one in same.columns}["b"]
    with pytest.raises(ValueError, match="--reference"):
        monitor("ship", "other.csv", tmp_path / "three")


def test_a_threshold_by_its_numbers_promises_what_the_fitted_one_does():
    fitted = ConformalThreshold(false_alarms=0.05).fit(np.random.default_rng(0).normal(size=319))
    again = ConformalThreshold.fitted(fitted.threshold_, 319, 0.05)
    assert again.count_range(1000) == fitted.count_range(1000)
    assert again.above_ == fitted.above_ == 15


def test_too_many_flags_have_the_probability_of_a_beta_binomial():
    threshold = ConformalThreshold(false_alarms=0.05).fit(np.arange(99.0))
    assert threshold.excess_p_value(0, 50) == 1.0
    flagged = 9
    expected = stats.betabinom.sf(flagged - 1, 50, 5, 95)
    assert threshold.excess_p_value(flagged, 50) == pytest.approx(expected)
    random = np.random.default_rng(0)
    p_values = []
    for _ in range(2000):
        fitted = ConformalThreshold(false_alarms=0.05).fit(random.normal(size=99))
        p_values.append(fitted.excess_p_value(int((random.normal(size=50) > fitted.threshold_).sum()), 50))
    # The share below 0.1 has a standard error of 0.007.
    assert 0.02 < np.mean(np.array(p_values) <= 0.1) <= 0.12


# Logs ------------------------------------------------------------------------------------------------

WINDOW = 20


def wandering(rows, seed):
    """A log of two channels, whose readings depend on those just before."""
    noise = np.random.default_rng(seed).normal(size=(rows, 2))
    values = lfilter([0.6], [1, -0.8], noise, axis=0)
    frame = pd.DataFrame(values, columns=["flow", "level"])
    return frame.assign(time=pd.date_range("2026-01-01", periods=rows, freq="s"))


@pytest.fixture(scope="module")
def watched_log(tmp_path_factory):
    """A run on a log, and a bundle of it."""
    home = tmp_path_factory.mktemp("log")
    wandering(3000, 0).to_csv(home / "log.csv", index=False)
    recipe = Recipe.of(
        "denoising",
        source=str(home / "log.csv"),
        latent_dim=4,
        data={"name": "series", "time": "time", "window": WINDOW, "calibration": 0.4},
        network={"name": "dense", "depth": 0},
        model={"corruption": "gaussian"},
        train={"solver": "closed_form"},
    )
    run_recipe(recipe, home / "run")
    apply("anomaly", home / "run", home / "use", baselines=False)
    return home


@pytest.mark.slow
def test_windows_that_share_readings_are_not_compared(watched_log, tmp_path):
    """Overlapping windows would count each wander of the log as many, and nearly every new log as drift."""
    drifts = 0
    for seed in range(1, 11):
        wandering(1000, seed).to_csv(tmp_path / "new.csv", index=False)
        found = monitor(watched_log / "run", str(tmp_path / "new.csv"), tmp_path / f"watch {seed}")
        assert found.rows == -(-(1000 - WINDOW + 1) // WINDOW)
        drifts += found.drift
    assert drifts <= 1
    moved = wandering(1000, 11)
    moved.assign(flow=moved["flow"] + 1.5).to_csv(tmp_path / "new.csv", index=False)
    found = monitor(watched_log / "run", str(tmp_path / "new.csv"), tmp_path / "moved")
    assert "level of flow" in {one.shift.name for one in found.moved}
    assert found.flagged_range[1] < found.rows / 2
    broken = wandering(1000, 12)
    broken.assign(flow=broken["flow"] * 5).to_csv(tmp_path / "new.csv", index=False)
    found = monitor(watched_log / "run", str(tmp_path / "new.csv"), tmp_path / "broken")
    assert found.rate_broken and found.flagged > found.rows / 2
    wandering(100, 13).to_csv(tmp_path / "new.csv", index=False)
    few = monitor(watched_log / "run", str(tmp_path / "new.csv"), tmp_path / "few")
    assert few.rows == 5
    ((_, words),) = [one for one in few.sentences if not one[0]]
    assert words.startswith("5 rows and 47 to compare with are too few to say whether the scores have moved")


@pytest.mark.slow
def test_a_bundle_watches_a_log_as_its_run_does(watched_log, tmp_path):
    export(watched_log / "run", tmp_path / "ship", formats=["tflite"], precisions=["float32"])
    for name, seed in (("new.csv", 1), ("old.csv", 2)):
        wandering(5000, seed).to_csv(tmp_path / name, index=False)
    both = [
        monitor(folder, str(tmp_path / "new.csv"), tmp_path / name, reference=str(tmp_path / "old.csv"))
        for folder, name in ((watched_log / "run", "one"), (tmp_path / "ship", "two"))
    ]
    assert both[0].rows == both[1].rows == -(-(5000 - WINDOW + 1) // WINDOW)
    assert both[0].flagged == both[1].flagged
    assert both[0].flagged_range == both[1].flagged_range
    for one, two in zip(both[0].columns, both[1].columns, strict=True):
        assert one.shift.distance == pytest.approx(two.shift.distance, abs=0.01)
