"""A small member for each room, from outside the tree: every one goes through all that ours go through."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from warm_processes import run_kerasae

from kerasae import registry

STRANGERS = Path(__file__).parents[1] / "strangers"
ROOT = STRANGERS.parent.parent
ENVIRONMENT = {**os.environ, "KERASAE_PATH": str(STRANGERS), "TF_CPP_MIN_LOG_LEVEL": "3"}

#: Stranger by room, and the tests that each member of the room must pass.
BATTERIES = {
    "model": ("wasserstein", "models/test_models_conformance.py"),
    "network": ("residual", "models/test_networks.py"),
    "loss": ("huber", "models/test_losses.py"),
    "penalty": ("discrepancy", "models/penalties/test_every_penalty.py"),
    "corruption": ("speckle", "models/test_corruptions.py"),
    "score": ("manhattan", "metrics/test_scores.py"),
    "threshold": ("three_sigma", "house/test_architecture.py"),
    "preprocessing": ("halving", "house/test_architecture.py"),
    "data": ("rings", "house/test_architecture.py"),
    "baseline": ("random_projection", "metrics/test_baselines.py"),
    "preset": ("brief", "house/test_architecture.py"),
    "application": ("prototypes", "house/test_architecture.py"),
    "export": ("keras_file", "export/test_formats.py"),
    "deployment": ("systemd", "house/test_architecture.py"),
    "tracker": ("lines", "house/test_architecture.py"),
}


#: Further strangers of a room, for logs of sensors, by a name of their own.
OF_LOGS = {"baseline of logs": ("steps", "metrics/test_baselines.py")}

#: Runs the tests of all rooms, and writes the outcome of each test by room.
PROGRAM = """
import json, sys, pathlib
import pytest

chosen = json.loads(sys.argv[2])
outcomes = {room: {} for room in chosen}
rooms = {}

class Batteries:
    def pytest_collection_modifyitems(self, items):
        for item in items:
            for room, (file, words) in chosen.items():
                if item.path.match(file) and all(word in item.name for word in words):
                    if item.get_closest_marker("slow") is None:
                        rooms[item.nodeid] = room
        items[:] = [item for item in items if item.nodeid in rooms]

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or not report.passed:
            outcome = "passed" if report.passed else report.longreprtext or report.outcome
            outcomes[rooms[report.nodeid]][report.nodeid] = outcome

files = sorted({"tests/" + file for file, _ in chosen.values()})
pytest.main(["-q", "-p", "no:cacheprovider", *files], plugins=[Batteries()])
pathlib.Path(sys.argv[1]).write_text(json.dumps(outcomes))
"""

#: Prints what `kerasae show` says of each room.
SHOW = """
import contextlib, io, json, sys
from kerasae.cli import main

shown = {}
for room in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
        main(["show", room])
    shown[room] = out.getvalue()
print(json.dumps(shown))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """Outcome of each test by room; one process runs the tests of all rooms."""
    path = tmp_path_factory.mktemp("batteries") / "outcomes.json"
    chosen = {
        room: (
            file,
            ["every_file_of_a_room", f"[{room}]"] if file == "house/test_architecture.py" else [name],
        )
        for room, (name, file) in (BATTERIES | OF_LOGS).items()
    }
    command = [sys.executable, "-c", PROGRAM, str(path), json.dumps(chosen)]
    done = subprocess.run(command, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True)
    assert path.is_file(), done.stderr[-3000:]
    return json.loads(path.read_text())


def kerasae(*arguments, json_out=False):
    done = run_kerasae(Path.cwd(), *arguments, environment=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if json_out else done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of which every part comes from outside."""
    folder = tmp_path_factory.mktemp("strangers") / "run"
    kerasae(
        "train", "rings", "--model", "wasserstein", "--network", "residual", "--loss", "huber",
        "--preset", "brief", "--set", "preprocessing.name=halving", "--set", "model.corruption=speckle",
        "--set", "model.weight=0.5", "--out", folder,
    )  # fmt: skip
    return folder


def test_there_is_a_stranger_in_every_room():
    """Kinds, with the measures, views and feeds that they name, and commands come with the library."""
    assert {*BATTERIES} == {*registry.ROOMS} - {"kind", "measures", "view", "feed", "command"}
    assert [file for _, file in BATTERIES.values() if not (ROOT / "tests" / file).is_file()] == []


@pytest.mark.slow
def test_the_command_line_knows_every_stranger():
    command = [sys.executable, "-c", SHOW, *BATTERIES]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert {room for room, (name, _) in BATTERIES.items() if name not in shown[room]} == set()


@pytest.mark.slow
@pytest.mark.parametrize("room", BATTERIES | OF_LOGS)
def test_a_stranger_passes_the_tests_of_its_room(room, outcomes):
    assert "passed" in outcomes[room].values()
    assert {test: words for test, words in outcomes[room].items() if words not in ("passed", "skipped")} == {}


@pytest.mark.slow
def test_a_recipe_of_strangers_is_trained_and_evaluated(run):
    recipe = json.loads((run / "recipe.json").read_text())
    names = {section: recipe[section]["name"] for section in ("data", "network", "model", "loss")}
    assert names == {"data": "rings", "network": "residual", "model": "wasserstein", "loss": "huber"}
    history = (run / "history.csv").read_text().splitlines()
    assert "discrepancy" in history[0] and len(history) == 11
    figures = kerasae("evaluate", run, "--json", json_out=True)
    assert "error" in json.dumps(figures)


@pytest.mark.slow
def test_a_run_of_strangers_is_used_exported_and_verified(run, tmp_path):
    found = kerasae(
        "apply", "prototypes", run, "--count", 3, "--out", tmp_path / "p", "--json", json_out=True
    )
    assert found["figures"]["wasserstein"]["prototypes"] == 3
    assert len((tmp_path / "p" / "prototypes.csv").read_text().splitlines()) == 4
    found = kerasae(
        "apply", "anomaly", run, "--score", "manhattan", "--threshold", "three_sigma",
        "--out", tmp_path / "a", "--json", json_out=True,
    )  # fmt: skip
    assert found["rows"] == 120
    found = kerasae(
        "apply", "generation", run, "--method", "prior", "--out", tmp_path / "g", "--json", json_out=True
    )
    assert "prior" in found["figures"]["wasserstein"].values()
    kerasae(
        "export", run, "--out", tmp_path / "ship", "--format", "tflite", "--format", "saved_model",
        "--format", "keras_file", "--precision", "float32",
    )  # fmt: skip
    manifest = json.loads((tmp_path / "ship" / "manifest.json").read_text())
    [served] = [one for one in manifest["artifacts"] if one["format"] == "saved_model"]
    # It has a prior, and no posterior.
    assert "sample" in served["signatures"] and "sample_posterior" not in served["signatures"]
    assert (tmp_path / "ship" / "keras" / "run.keras").is_file()
    assert "--model_name=run" in (tmp_path / "ship" / "deploy" / "run.service").read_text()
    kerasae("verify", tmp_path / "ship")


@pytest.mark.slow
def test_a_log_from_outside_is_judged_beside_a_baseline_from_outside(tmp_path):
    """Source, family, corruption, score, threshold and a baseline are one file each."""
    kerasae(
        "train", "waves", "--model", "wasserstein", "--set", "model.corruption=speckle", "--epochs", 3,
        "--latent-dim", 3, "--out", tmp_path / "run",
    )  # fmt: skip
    found = kerasae(
        "apply", "anomaly", tmp_path / "run", "--score", "manhattan", "--threshold", "three_sigma",
        "--out", tmp_path / "a", "--json", json_out=True,
    )  # fmt: skip
    assert {"wasserstein", "pca", "random", "greatest-step", "nearest-windows"} <= {*found["figures"]}
    assert found["figures"]["greatest-step"]["auroc"] > 0.9
    assert found["figures"]["greatest-step"]["events_found"] == "1 of 1"
    assert (tmp_path / "a" / "alarms.csv").is_file()


@pytest.mark.slow
def test_a_search_draws_what_a_stranger_offers(tmp_path):
    kerasae(
        "tune", "rings", "--models", "wasserstein,undercomplete", "--search", "loss,weights", "--trials", 4,
        "--latent-dims", "2,3", "--depths", "1-1", "--epochs", 2, "--objective", "error", "--jobs", 1,
        "--out", tmp_path / "tuned",
    )  # fmt: skip
    trials = [
        json.loads(path.read_text()) for path in (tmp_path / "tuned").glob("search/trial_*/result.json")
    ]
    assert len(trials) == 4 and any("wasserstein" in json.dumps(trial) for trial in trials)
