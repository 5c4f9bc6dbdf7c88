"""`kerasae monitor` and `kerasae apply`, killed while they work: what is on the disk is whole.

The seeds are such that a kill comes between the files of a first monitor, between the two renames of the
detector that `apply` stores, and while it writes its folder.
"""

import json
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
from killed_commands import changes, killed
from small_logs import sines

from kerasae import Recipe, Run
from kerasae.applications import AnomalyDetector
from kerasae.workflows import apply, monitor, train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL"),
]


def rows():
    rows = np.random.default_rng(0).normal(size=(300, 3)).round(4)
    return pd.DataFrame(rows, columns=[*"abc"])


#: Kinds of rows, one for each command: the rows, the number of new ones, and how their source is read.
KINDS = {"table": (rows, 60, {}), "log": (sines, 200, {"name": "series", "time": "time", "window": 12})}


@pytest.fixture(scope="module")
def home(request, tmp_path_factory):
    """A folder with a run whose detector is stored, and its rows."""
    home = tmp_path_factory.mktemp("kills")
    make, new, reading = KINDS[request.param]
    make().to_csv(home / "rows.csv", index=False)
    make().head(new).to_csv(home / "new.csv", index=False)
    recipe = Recipe.of(source=str(home / "rows.csv"), latent_dim=2, data=reading, train={"epochs": 2})
    train(recipe, home / "run")
    apply("anomaly", home / "run", home / "first", baselines=False)
    return home


def whole_page(path):
    text = path.read_text()
    return text.startswith("<!DOCTYPE html>") and text.rstrip().endswith("</html>")


@pytest.mark.parametrize("home", ["log"], indirect=True)
def test_a_monitor_that_is_killed_goes_on(home):
    """Killed in a new folder and in one in use; the next call adds its line."""
    call = ["monitor", "run", "new.csv", "--reference", "new.csv", "--out"]
    last = changes(home, *call, "used")
    lines = 1
    for number, step in enumerate(np.random.default_rng(15).choice(last, 10, replace=False)):
        watch = home / ("used" if number % 2 else f"new{number}")
        before = lines if number % 2 else 0
        killed(home, step, *call, watch.name)
        if (watch / "drift.json").exists():
            json.loads((watch / "drift.json").read_text())
        if (watch / "report.html").exists():
            assert whole_page(watch / "report.html")
        monitor(home / "run", str(home / "new.csv"), watch, reference=str(home / "new.csv"))
        history = [json.loads(line) for line in (watch / "history.jsonl").read_text().splitlines()]
        assert len(history) - before in (1, 2)
        assert whole_page(watch / "report.html")
        assert json.loads((watch / "drift.json").read_text())["time"] == history[-1]["time"]
        lines = len(history) if number % 2 else lines


@pytest.mark.parametrize("home", ["table"], indirect=True)
def test_an_application_that_is_killed_leaves_its_folder_and_the_detector_whole(home):
    call = ["apply", "anomaly", "run", "--no-baselines", "--refit", "--out", "out", "--false-alarms"]
    last = changes(home, *call, 0.2)
    files = {path.name for path in (home / "out").iterdir()}
    run, known = Run.open(home / "run"), 0.2
    for number, step in enumerate(np.random.default_rng(3996).choice(last, 10, replace=False)):
        shutil.rmtree(home / "out", ignore_errors=True)
        rate = round(0.25 + number / 100, 2)
        killed(home, step, *call, rate)
        if (home / "out").exists():
            assert {path.name for path in (home / "out").iterdir()} == files
            assert whole_page(home / "out" / "report.html")
            assert json.loads((home / "out" / "figures.json").read_text())["rows"] > 0
        kept = AnomalyDetector.load(run.application_folder("anomaly"), run.model).false_alarms
        assert kept in (known, rate)
        known = kept
        assert whole_page(run.report_path)
        assert (home / "run" / "sections" / "anomaly.html").read_text().rstrip().endswith("</section>")
    shutil.rmtree(home / "out", ignore_errors=True)
    apply("anomaly", run, home / "out", baselines=False)
    assert {path.name for path in (home / "out").iterdir()} == files
