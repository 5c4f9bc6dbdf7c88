"""Chief and workers: what is lost is asked for again, and no trial is counted twice."""

import copy
import json
import os
import random
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from keras_tuner.errors import FailedTrialError
from kerasae.tuning import (
    Settings,
    read_trials,
    work,
)
from kerasae.tuning.cluster import SpreadOracle
from kerasae.tuning.cluster.client import ChiefGoneError, PatientClient
from kerasae.tuning.cluster.signs import UNFINISHED
from kerasae.tuning.cluster.tuner import TrialTuner
from kerasae.tuning.trials import read_rows, write_rows
from searches import COMMAND, settings

from kerasae.metrics import RowSums


def test_a_chief_refuses_the_worker_of_another_folder(digits, tmp_path):
    oracle = SpreadOracle.of(settings(4), digits, tmp_path / "search", suffix="-of-a")
    assert oracle.create_trial("host-1-of-a").status == "RUNNING"
    with pytest.raises(ValueError, match="received one with another --out"):
        oracle.create_trial("host-1-of-b")
    assert len(oracle.trials) == 1


def test_figures_that_did_not_arrive_are_asked_for_again(digits, tmp_path):
    oracle = SpreadOracle.of(settings(1), digits, tmp_path / "search")
    trial = oracle.create_trial("a")
    # As it comes over the wire.
    report = copy.copy(trial)
    report.status = "COMPLETED"
    oracle.end_trial(report)
    assert not oracle.end_order
    again = oracle.create_trial("b")
    assert again.trial_id == trial.trial_id
    # Those that arrived before a new chief took over count.
    oracle.update_trial(again.trial_id, {"val_reconstruction": 2.0})
    other = SpreadOracle.of(settings(1), digits, tmp_path / "search", lives=lambda worker: 1.0)
    other.reload()
    other.end_trial(report)
    assert other.trials[again.trial_id].score == 2.0


def test_a_trial_that_another_worker_took_is_not_reported(digits, tmp_path, monkeypatch):
    """A worker that was quiet for long is given up; what it left is taken, and it learns of that."""
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "slow")
    quick = settings(2)
    tuner = TrialTuner(quick, tmp_path)
    place = tmp_path / "search" / "trial_0"
    (place / f"{UNFINISHED}lost").mkdir(parents=True)
    (place / f"{UNFINISHED}lost" / "here").touch()
    assert [path.name for path in tuner.take(place).iterdir()] == ["here"]
    assert not (place / f"{UNFINISHED}lost").exists()
    reported = []
    monkeypatch.setattr(tuner.oracle, "end_trial", reported.append)
    trial = SpreadOracle.of(quick, digits, tmp_path / "search").create_trial("slow")

    def taken(*_, **__):
        (place / f"{UNFINISHED}slow").rename(place / f"{UNFINISHED}other")
        raise FileNotFoundError("no checkpoint")

    monkeypatch.setattr(tuner.hypermodel, "run", taken)
    with pytest.raises(FailedTrialError, match="taken by another"):
        tuner.run_trial(trial)
    tuner.on_trial_end(trial)
    assert not reported and not (place / "result.json").exists()
    # The next one is its own again.
    tuner.on_trial_end(trial)
    assert reported == [trial]


@pytest.mark.parametrize("name", ["tuning.json", "search/trial_0/trial.json", "search/trial_0/rows.npz"])
def test_a_damaged_search_is_refused_in_one_line(name, digits, tmp_path):
    quick = settings(1)
    quick.save(tmp_path / "tuning.json")
    SpreadOracle.of(quick, digits, tmp_path / "search").create_trial("one")
    [trial] = read_trials(tmp_path / "search")
    rows = {"val_error": RowSums(np.arange(50.0), np.ones(50))}
    write_rows(tmp_path / "search" / "trial_0", rows)
    path, draw, refused = tmp_path / name, random.Random(0), 0
    content = path.read_bytes()
    for _ in range(100):
        changed = bytearray(content)
        changed[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            Settings.read(tmp_path / "tuning.json")
            read_trials(tmp_path / "search")
            found = read_rows(tmp_path / "search", trial)
        except (ValueError, TypeError) as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            assert name != "search/trial_0/rows.npz" or found["val_error"].value == rows["val_error"].value
    assert refused > 20


def test_a_worker_asks_again_until_its_patience_ends(tmp_path):
    import grpc

    class Down(grpc.RpcError):
        def code(self):
            return grpc.StatusCode.UNAVAILABLE

        def details(self):
            return "down"

    class Client:
        answers = 2

        def end_trial(self, trial):
            self.answers -= 1
            if self.answers:
                raise Down
            return trial

    assert PatientClient(Client(), tmp_path, "h:1", 60.0).end_trial(7) == 7
    with pytest.raises(ChiefGoneError, match="Expected a chief at h:1, received no answer"):
        PatientClient(Client(), tmp_path, "h:1", 0.0).end_trial(7)


@pytest.mark.slow
def test_a_worker_without_a_chief_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"found no tuning.json"):
        work(tmp_path, "127.0.0.1:9", patience=0.1)
    settings().save(tmp_path / "tuning.json")
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "id").write_text("a")
    with pytest.raises(ConnectionError, match="Expected a chief at"):
        work(tmp_path, "127.0.0.1:9", patience=1.0)
    # Where all trials have ended the chief is not missed, but it may be about to go on.
    (tmp_path / "search" / "ended").touch()
    work(tmp_path, "127.0.0.1:9", patience=1.0)


def _running(out):
    """Numbers of the trials that are running, by worker."""
    stored = [json.loads(path.read_text()) for path in out.glob("search/trial_*/trial.json")]
    return {one["worker"]: one["trial_id"] for one in stored if one["status"] == "RUNNING"}


def _wait(condition, seconds=120):
    for _ in range(seconds * 10):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come to pass")


@pytest.mark.slow
def test_a_chief_and_workers_on_a_network_with_one_of_each_killed(tmp_path):
    """Real processes over gRPC: a worker is killed in a trial, then the chief; each trial counts once."""
    out = tmp_path / "tuned"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    program = [sys.executable, "-m", "kerasae"]
    long = ["--epochs", "120", "--set", "train.patience=120", "--out", str(out)]
    chief = [*program, *COMMAND[:6], *long, "--trials", "5", "--chief", address]
    by_variable = {
        "KERASTUNER_TUNER_ID": "two",
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": address.split(":")[1],
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # Workers may be there first.
    one = subprocess.Popen([*program, "tune", "--worker", "--chief", address, "--out", str(out)], **quiet)
    two = subprocess.Popen(
        [*program, "tune", "digits", "--out", str(out), "--jobs", "1"],
        env={**os.environ, **by_variable},
        **quiet,
    )
    leading = subprocess.Popen(chief, **quiet)
    try:
        _wait(lambda: len(_running(out)) >= 2)
        (lost,) = [number for name, number in _running(out).items() if not name.startswith("host-two")][:1]
        one.kill()
        one.wait()
        _wait(lambda: any(trial.completed for trial in read_trials(out / "search")))
        leading.kill()
        leading.wait()
        done = subprocess.run([*chief, "--json"], capture_output=True, text=True, timeout=400)
        assert two.wait(60) == 0
    finally:
        for process in (one, two, leading):
            process.kill()
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [trial["number"] for trial in found["trials"]] == list(range(5))
    assert all(trial["status"] == "COMPLETED" for trial in found["trials"])
    assert len({json.dumps(trial["values"], sort_keys=True) for trial in found["trials"]}) == 5
    stored = {
        json.loads(path.read_text())["trial_id"]: path for path in out.glob("search/trial_*/trial.json")
    }
    assert len(stored) == 5
    # By the one that was left.
    assert json.loads(stored[lost].with_name("result.json").read_text())["worker"].startswith("host-two")
    assert done.stderr.count("reconstruction") == 5
