"""A worker that is lost, a disk that is full, a chief that is new: no trial is lost with them."""

import json
import pathlib
import subprocess
import time

import keras
import pytest
from keras_tuner.errors import FatalError
from kerasae.tuning.cluster import SpreadOracle, start_process
from kerasae.tuning.cluster.signs import UNFINISHED
from kerasae.tuning.cluster.tuner import TrialTuner
from searches import settings


def test_a_worker_ends_with_the_command_that_started_it(tmp_path):
    """The system closes what a command holds when it ends for any reason."""
    settings().save(tmp_path / "tuning.json")
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "id").write_text("a")
    worker = start_process(["trials", tmp_path, "127.0.0.1:9", "a", 1, 600.0], tmp_path / "a.log")
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(1.0)
    worker.stdin.close()
    assert worker.wait(60) == 1
    assert "Expected a chief" not in (tmp_path / "a.log").read_text()


def test_a_lost_worker_leaves_its_trial_to_another_and_is_heard_once(digits, tmp_path):
    oracle = SpreadOracle.of(settings(2), digits, tmp_path / "search", stale_seconds=0.0)
    first = oracle.create_trial("lost")
    time.sleep(0.01)
    assert oracle.create_trial("other").trial_id == first.trial_id
    for trial in (first, first):
        oracle.update_trial(trial.trial_id, {"val_reconstruction": 1.0})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    assert oracle.ended == 1 and not oracle.done
    oracle.stale_seconds = 60.0
    second = oracle.create_trial("other")
    assert second.trial_id != first.trial_id
    # Who has nothing to do waits: the other one may be lost.
    assert oracle.create_trial("idle").status == "IDLE"
    second.status = "FAILED"
    oracle.end_trial(second)
    assert oracle.create_trial("idle").status == "STOPPED"
    assert oracle.create_trial("other").status == "STOPPED"
    assert oracle.ended == 2 and oracle.done


def test_a_trial_that_ends_its_workers_fails(digits, tmp_path):
    oracle = SpreadOracle.of(settings(1), digits, tmp_path / "search")
    for name in "ab":
        oracle.create_trial(name)
        oracle.release_lost([name])
    assert oracle.done and "out of memory" in oracle.trials["0"].message


def test_a_new_chief_leaves_a_trial_to_the_worker_that_is_at_it(digits, tmp_path):
    place = tmp_path / "search"
    first = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 1.0)
    mine, own = first.create_trial("host-a"), first.create_trial("local-1-0")
    # A chief that was killed; its own workers ended with it, that of another host goes on.
    second = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 1.0)
    second.reload()
    assert second.create_trial("host-b").trial_id == own.trial_id
    assert second.create_trial("host-a").trial_id == mine.trial_id
    assert second.create_trial("host-c").trial_id not in (own.trial_id, mine.trial_id)
    # One that shows no sign of life is given up.
    third = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 0.0)
    third.reload()
    assert third.create_trial("host-d").trial_id == mine.trial_id
    fourth = SpreadOracle.of(settings(4), digits, place, lives=lambda worker: 1.0, stale_seconds=0.0)
    fourth.reload()
    time.sleep(0.01)
    fourth.release_lost()
    assert not fourth.ongoing_trials


@pytest.mark.slow
def test_a_full_disk_is_no_fault_of_a_trial(digits, tmp_path, monkeypatch):
    """It has failed for good otherwise, and the same command would not run it again."""
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "one")
    quick = settings(1)
    tuner = TrialTuner(quick, tmp_path)
    trial = SpreadOracle.of(quick, digits, tmp_path / "search").create_trial("one")
    place, run = tmp_path / "search" / "trial_0", tuner.hypermodel.run

    class Full(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                with pathlib.Path("/dev/full").open("w") as file:
                    file.write("x")

    def until_full(*arguments, **more):
        return run(*arguments, **{**more, "callbacks": [Full()], "checkpoint_seconds": 0.0})

    monkeypatch.setattr(tuner.hypermodel, "run", until_full)
    with pytest.raises(FatalError, match="No space left"):
        tuner.run_trial(trial)
    assert not (place / "result.json").exists()
    assert json.loads((place / f"{UNFINISHED}one" / "checkpoint" / "state.json").read_text())["epoch"] == 2
    # A damaged checkpoint is no fault of the trial either.
    (place / f"{UNFINISHED}one" / "checkpoint" / "2.npz").write_bytes(b"")
    monkeypatch.setattr(tuner.hypermodel, "run", run)
    figures = tuner.run_trial(trial)
    assert figures["val_error"] > 0 and (place / "result.json").is_file() and (place / "rows.npz").is_file()
