"""Runs in MLflow: a store in SQLite, and a real server on loopback."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pandas as pd
import pytest
from stopped import Fail

from kerasae.trackers import TrackingError
from kerasae.workflows import evaluate, score, train
from kerasae.workflows.training import resumed

mlflow = pytest.importorskip("mlflow", reason="pip install 'kerasae[mlflow]'")


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
    baseline, model = json.loads(logged.run.metrics_path.read_text())["entries"]
    assert run.data.metrics["test/error"] == pytest.approx(model["seeds"][0]["error"])
    assert run.data.metrics["test/pca/error"] == pytest.approx(baseline["seeds"][0]["error"])
    assert run.data.metrics["parameters"] == model["seeds"][0]["parameters"]


def test_files_are_those_of_the_run(logged, store, home):
    client, run = run_of(logged.run.folder, store)
    names = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"recipe.json", "history.csv", "metrics.json", "report.html"} <= names
    local = client.download_artifacts(run.info.run_id, "recipe.json")
    assert open(local, "rb").read() == logged.run.recipe_path.read_bytes()  # noqa: PTH123, SIM115


def test_a_user_is_told_where_the_run_is(logged, store):
    _, run = run_of(logged.run.folder, store)
    assert logged.trained.logged["mlflow"] == f"{store}, run {run.info.run_id}"
    assert logged.exported.logged["mlflow"] == logged.trained.logged["mlflow"]


def test_the_bundle_of_the_run_answers_as_the_command(logged, store, recipe):
    _, run = run_of(logged.run.folder, store)
    mlflow.set_tracking_uri(store)
    model = mlflow.pyfunc.load_model(f"runs:/{run.info.run_id}/bundle")
    rows = pd.read_csv(recipe.data["path"])
    expected = [*score(logged.exported.folder, recipe.data["path"])]
    answers = model.predict(rows)
    assert answers["score"].tolist() == [one["score"] for one in expected]
    assert answers["anomalous"].tolist() == [one["anomalous"] for one in expected]
    assert answers["reasons"].tolist() == [one["reasons"] for one in expected]


def test_a_resumed_training_goes_on_in_its_run(recipe, store, home, tmp_path):
    def stop(model):
        raise KeyboardInterrupt

    out, log_to = tmp_path / "run", [f"mlflow(uri='{store}')"]
    with pytest.raises(KeyboardInterrupt):
        train(recipe, out, callbacks=[Fail(stop, 3)], log_to=log_to)
    client, run = run_of(out, store)
    assert run.info.status == "KILLED"
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")][:1] == [1]
    train(resumed(out, {"train.learning_rate": 2e-3}), out, resume=True)
    _, again = run_of(out, store)
    assert again.info.run_id == run.info.run_id and again.info.status == "FINISHED"
    steps = [point.step for point in client.get_metric_history(run.info.run_id, "loss")]
    assert steps == [1, 2, 3, 4]
    assert again.data.params["train.learning_rate"] == "0.001"
    assert again.data.tags["changed.train.learning_rate"] == "0.002"


def test_an_active_run_takes_it_all_and_stays_open(recipe, store, home, tmp_path):
    mlflow.set_tracking_uri(store)
    mlflow.set_experiment("mine")
    with mlflow.start_run() as active:
        trained = train(recipe, tmp_path / "run", log_to=["mlflow"])
        assert mlflow.active_run().info.run_id == active.info.run_id
        assert mlflow.MlflowClient().get_run(active.info.run_id).info.status == "RUNNING"
    run = mlflow.MlflowClient().get_run(active.info.run_id)
    assert active.info.run_id in trained.logged["mlflow"]
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


@pytest.fixture
def server(tmp_path):
    """Starts and stops a real server of MLflow on loopback, with its store and artifacts in a folder."""
    port, processes = free_port(), []

    def start():
        command = [
            *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)),
            *("--backend-store-uri", f"sqlite:///{tmp_path / 'server.db'}", "--workers", "1"),
            *("--artifacts-destination", str(tmp_path / "artifacts")),
        ]
        log = (tmp_path / "server.log").open("ab")
        processes.append(subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path))
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                return f"http://127.0.0.1:{port}"
            except (urllib.error.URLError, OSError):
                assert processes[-1].poll() is None, (tmp_path / "server.log").read_text()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def stop():
        for process in processes:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        processes.clear()

    yield start, stop
    stop()


@pytest.mark.slow
def test_a_server_that_goes_away_ends_no_training(recipe, server, home, tmp_path, monkeypatch):
    start, stop = server
    uri = start()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    out = tmp_path / "run"
    with (
        pytest.warns(UserWarning, match=r"The training goes on without mlflow, and is logged at its end"),
        pytest.raises(TrackingError, match=rf"`kerasae evaluate {re.escape(str(out))} --log-to mlflow` logs"),
    ):
        train(recipe, out, callbacks=[Fail(lambda model: stop(), 2)], log_to=["mlflow"])
    assert (out / "model.keras").is_file()
    assert start() == uri
    evaluation = evaluate(out, log_to=["mlflow"])
    client, run = run_of(out, uri)
    assert evaluation.logged["mlflow"].startswith(f"{uri}/#/experiments/")
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss")] == [1, 2, 3, 4]
    page = client.download_artifacts(run.info.run_id, "report.html", str(tmp_path))
    assert open(page, "rb").read() == (out / "report.html").read_bytes()  # noqa: PTH123, SIM115
