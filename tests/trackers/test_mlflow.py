"""Runs in MLflow: a store in SQLite, and a real server on loopback."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stopped import Fail

from kerasae import Run
from kerasae.runs import run_recipe
from kerasae.trackers import RunLog, TrackingError, trackers_of
from kerasae.trackers.mlflow.tracker import MlflowTracker
from kerasae.workflows import score
from kerasae.workflows.tracking import logging_of_run
from kerasae.workflows.training import resumed

mlflow = pytest.importorskip("mlflow", reason="pip install 'kerasae[mlflow]'")


@pytest.fixture(autouse=True)
def usual_store():
    """Afterwards MLflow's variables are as they were."""
    yield
    mlflow.set_tracking_uri(None)
    for key in ("MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"):
        os.environ.pop(key, None)


def run_of(folder, uri):
    """The run of MLflow that the folder names."""
    client = mlflow.MlflowClient(tracking_uri=uri)
    notes = json.loads((folder / "tracking.json").read_text())
    return client, client.get_run(notes["mlflow"]["identity"]["run_id"])


def test_parameters_are_the_recipe(logged, store):
    _, run = run_of(logged.run.folder, store)
    recipe = json.loads(logged.run.recipe_path.read_text())
    assert run.data.params["model.name"] == "sparse"
    assert run.data.params["train.epochs"] == "4"
    assert json.loads(run.data.params["network.widths"]) == recipe["network"]["widths"] == [8]
    leaves = sum(len(section) for section in recipe.values() if isinstance(section, dict) and section)
    assert len(run.data.params) >= leaves
    assert run.info.status == "FINISHED" and run.info.run_name == logged.run.folder.name
    assert run.data.tags["kerasae.folder"] == str(logged.run.folder.resolve())


def test_curves_are_the_history(logged, store):
    client, run = run_of(logged.run.folder, store)
    history = pd.read_csv(logged.run.history_path)
    for name in ("loss", "val_loss", "val_reconstruction", "sparsity"):
        points = client.get_metric_history(run.info.run_id, name)
        assert [point.step for point in points] == history["epoch"].tolist(), name
        assert [point.value for point in points] == pytest.approx(history[name].tolist()), name


def test_figures_are_those_of_the_evaluation(logged, store):
    _, run = run_of(logged.run.folder, store)
    *baselines, model = json.loads(logged.run.metrics_path.read_text())["entries"]
    assert run.data.metrics["test/error"] == pytest.approx(model["seeds"][0]["error"])
    for entry in baselines:
        error = run.data.metrics[f"test/{entry['name']}/error"]
        assert error == pytest.approx(entry["seeds"][0]["error"])
    assert run.data.metrics["parameters"] == model["seeds"][0]["parameters"]


def test_files_are_those_of_the_run(logged, store, home):
    client, run = run_of(logged.run.folder, store)
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"recipe.json", "history.csv", "metrics.json", "report.html"} <= names
    local = Path(client.download_artifacts(run.info.run_id, "recipe.json"))
    assert local.read_bytes() == logged.run.recipe_path.read_bytes()


def test_a_user_is_told_where_the_run_is(logged, store):
    _, run = run_of(logged.run.folder, store)
    assert logged.trained.logged["mlflow"] == f"{store}, run {run.info.run_id}"
    assert logged.exported.logged["mlflow"] == logged.trained.logged["mlflow"]


def test_the_bundle_of_the_run_answers_as_the_command(logged, store, recipe):
    _, run = run_of(logged.run.folder, store)
    mlflow.set_tracking_uri(store)
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/bundle")
    rows = np.load(recipe.data["path"])
    expected = [*score(logged.exported.folder, recipe.data["path"])]
    answers = model.predict(rows)
    assert answers["score"].tolist() == [one["score"] for one in expected]


def test_a_resumed_training_goes_on_in_its_run(recipe, store, home, tmp_path):
    def stop(model):
        raise KeyboardInterrupt

    out, log_to = tmp_path / "run", [f"mlflow(uri='{store}')"]
    with pytest.raises(KeyboardInterrupt), logging_of_run(log_to, out, resume=False, writes=True) as log:
        run_recipe(recipe, out, callbacks=[Fail(stop, 3), *log.callbacks])
    client, run = run_of(out, store)
    assert run.info.status == "KILLED"
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")][:1] == [1]
    with logging_of_run([], out, resume=True, writes=True) as log:
        again = resumed(out, {"train.learning_rate": 2e-3})
        log.finish(run_recipe(again, out, resume=True, callbacks=log.callbacks))
    _, again = run_of(out, store)
    assert again.info.run_id == run.info.run_id and again.info.status == "FINISHED"
    steps = [point.step for point in client.get_metric_history(run.info.run_id, "loss")]
    assert steps == [1, 2, 3, 4]
    assert again.data.params["train.learning_rate"] == "0.001"
    assert again.data.tags["changed.train.learning_rate"] == "0.002"


def test_an_active_run_takes_it_all_and_stays_open(logged, store, tmp_path):
    mlflow.set_tracking_uri(store)
    mlflow.set_experiment("mine")
    with mlflow.start_run() as active:
        run = Run.open(shutil.copytree(logged.run.folder, tmp_path / "run"))
        log = RunLog(trackers_of(["mlflow"]), run.folder, anew=True)
        log.finish(run)
        assert mlflow.active_run().info.run_id == active.info.run_id
        assert mlflow.MlflowClient().get_run(active.info.run_id).info.status == "RUNNING"
    run = mlflow.MlflowClient().get_run(active.info.run_id)
    assert active.info.run_id in log.places["mlflow"]
    assert "test/error" in run.data.metrics and run.data.params["model.name"] == "sparse"


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def test_a_server_that_is_not_there_is_one_line_before_anything_is_done(
    recipe, home, tmp_path, kerasae, monkeypatch
):
    uri = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    began = time.monotonic()
    status, out, err = kerasae(
        "train", recipe.data["path"], "--out", tmp_path / "run", "--log-to", "mlflow", "--epochs", 1
    )
    assert (status, out) == (2, "") and time.monotonic() - began < 30
    assert re.fullmatch(r"kerasae: [^\n]+\n", err), err
    assert uri in err and "MLFLOW_TRACKING_URI" in err
    assert not (tmp_path / "run").exists()


def test_a_password_of_a_store_is_read_from_a_variable_and_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("PLACE", str(tmp_path))
    tracker = MlflowTracker(uri="sqlite:///${PLACE}/mlflow.db")
    run = tracker.begin("a", tags={})
    assert (tmp_path / "mlflow.db").is_file()
    assert run.place.startswith("sqlite:///${PLACE}/mlflow.db, run ")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:geheim@127.0.0.1:1")
    with pytest.raises(TrackingError) as refused:
        MlflowTracker().check()
    assert "http://me:${SECRET}@127.0.0.1:1" in str(refused.value) and "geheim" not in str(refused.value)


@pytest.fixture
def server(tmp_path):
    """A real server of MLflow on loopback, with its store and artifacts in a folder: address and process."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
        *("--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--workers", "1"),
        *("--artifacts-destination", str(tmp_path / "artifacts")),
    ]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
            break
        except (urllib.error.URLError, OSError):
            assert process.poll() is None, (tmp_path / "server.log").read_text()[-2000:]
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(30)


@pytest.mark.slow
def test_a_server_takes_a_run_and_ends_no_training_when_it_goes_away(
    logged, recipe, server, home, tmp_path, monkeypatch
):
    uri, process = server
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    run = Run.open(shutil.copytree(logged.run.folder, tmp_path / "copy"))
    RunLog(trackers_of(["mlflow"]), run.folder, anew=True).bundle(run, logged.exported.folder)
    client, kept = run_of(run.folder, uri)
    steps = [point.step for point in client.get_metric_history(kept.info.run_id, "val_loss")]
    assert steps == [1, 2, 3, 4] and kept.data.params["model.name"] == "sparse"
    page = Path(client.download_artifacts(kept.info.run_id, "report.html", str(tmp_path)))
    assert page.read_bytes() == run.report_path.read_bytes()
    rows = np.load(recipe.data["path"])[:9]
    answers = mlflow.pyfunc.load_model(f"runs:/{kept.info.run_id}/bundle").predict(rows)
    assert len(answers) == 9 and answers["score"].notna().all()

    def stop(model):
        process.terminate()
        process.wait(30)

    began = time.monotonic()
    with (
        pytest.warns(UserWarning, match=r"The training goes on without mlflow, and is logged at its end"),
        logging_of_run(["mlflow"], tmp_path / "run", resume=False, writes=True) as log,
    ):
        trained = run_recipe(recipe, tmp_path / "run", callbacks=[Fail(stop, 2), *log.callbacks])
    assert time.monotonic() - began < 60, "a server that is gone does not hold up the training"
    assert trained.model_path.is_file()
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    with pytest.raises(TrackingError, match=r"kept; `kerasae evaluate .*run --log-to mlflow` logs it"):
        log.finish(trained)
