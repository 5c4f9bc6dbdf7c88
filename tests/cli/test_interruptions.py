"""A training that fails, is stopped or goes on, and two commands with one folder."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from kerasae.export.bundles._publish import LOCK, staging
from quick_runs import QUICK

from kerasae import load_model
from kerasae.files import new_folder, replaced_folder, whole_file
from kerasae.recipe import Recipe
from kerasae.runs import run_recipe
from kerasae.workflows.comparison.folder import ComparisonFolder


def test_a_lock_is_released_before_what_holds_it_is_removed(tmp_path, monkeypatch):
    """Windows removes no open file, and no folder with one."""
    removed = []

    def remove(folder, **_):
        removed.append((folder / ".lock").exists())

    monkeypatch.setattr("kerasae.runs._run_recipe.shutil.rmtree", remove)
    recipe = Recipe.of("undercomplete", source="digits", latent_dim=2, train={"epochs": 1, "steps": -1})
    with pytest.raises((ValueError, TypeError)):
        run_recipe(recipe, tmp_path / "run")
    assert removed == [False]
    monkeypatch.undo()
    unlink = Path.unlink

    def of_windows(path, **arguments):
        if path.name == LOCK:
            raise PermissionError(13, "The process cannot access the file")
        unlink(path, **arguments)

    monkeypatch.setattr(Path, "unlink", of_windows)
    with staging(tmp_path / "ship"):
        (tmp_path / "ship" / "a").touch()
    assert (tmp_path / "ship" / "a").exists()


def test_of_two_commands_with_one_file_each_writes_a_whole_one(tmp_path):
    page, left = tmp_path / "page.html", tmp_path / "page.html.1-ab.new"
    left.touch()
    os.utime(left, (0, 0))
    with whole_file(page) as first:
        first.write_text("begun, ")
        with whole_file(page) as second:
            second.write_text("second")
        assert page.read_text() == "second"
        with first.open("a") as file:
            file.write("ended")
    assert page.read_text() == "begun, ended"
    assert [*tmp_path.iterdir()] == [page]


@pytest.mark.slow
def test_a_wide_code_is_warned_of(tmp_path, kerasae):
    out = tmp_path / "a"
    status, printed, err = kerasae("train", "digits", "--latent-dim", "100", "--out", out, *QUICK)
    assert status == 0
    assert "PCA is exact at this code size" in printed
    warned = [line for line in err.splitlines() if "may learn the identity" in line]
    assert len(warned) == 1
    assert warned[0].startswith("kerasae: warning: ")
    # PCA has no more components than features.
    sizes = [e["seeds"][0]["latent_dim"] for e in json.loads((out / "metrics.json").read_text())["entries"]]
    assert sizes == [64, 100]


def test_a_training_that_fails_leaves_nothing(tmp_path, kerasae):
    status, _, err = kerasae(
        "train", "digits", "--learning-rate", "1e30", "--set", "train.optimizer=sgd", "--out", tmp_path / "a"
    )
    assert status == 2
    assert "The loss became" in err
    assert not (tmp_path / "a").exists()


def test_of_two_commands_with_one_folder_the_first_has_it(tmp_path):
    recipe = Recipe.of("undercomplete", source="digits", latent_dim=2, train={"epochs": 1})
    out = tmp_path / "run"

    def other_is_first(data):
        out.mkdir()
        (out / "theirs").touch()

    with pytest.raises(FileExistsError, match="a folder that does not exist yet for --out"):
        run_recipe(recipe, out, on_data=other_is_first)
    comparison = ComparisonFolder(tmp_path / "all", 0)
    comparison.check(recipe)
    (tmp_path / "all" / "theirs").mkdir(parents=True)
    with pytest.raises(FileExistsError, match="a folder that does not exist yet for --out"):
        comparison.begin(recipe, None)
    assert comparison.give_up() == 0
    assert [path.name for path in tmp_path.glob("*/*")] == ["theirs", "theirs"]
    # A folder that is being written is left alone; what a killed command left goes.
    killed = tmp_path / ".new.unfinished" / "a"
    killed.mkdir(parents=True)
    with new_folder(tmp_path / "new") as folder:
        (folder / "b").touch()
        with pytest.raises(FileExistsError, match="no other command writes"), new_folder(tmp_path / "new"):
            pass
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all", "new", "run"]


@pytest.mark.parametrize("write", [new_folder, replaced_folder, staging])
def test_what_fails_leaves_no_empty_folders_above_it(tmp_path, write):
    (tmp_path / "theirs").mkdir()
    for place in ("a/b/new", "theirs/c/new"):
        with pytest.raises(KeyboardInterrupt), write(tmp_path / place) as folder:
            assert folder.is_dir()
            raise KeyboardInterrupt
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == ["theirs"]


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_training_resumes_to_the_same_model(tmp_path, kerasae, how):
    """Killed in the middle and resumed, a training ends with the weights of one that was left alone."""
    arguments = ["train", "digits", "--model", "denoising", "--epochs", "200", "--set", "train.patience=200"]
    arguments += ["--set", "network.widths=[16]", "--set", "network.dropout=0.1"]
    arguments += ["--set", "train.checkpoint_seconds=0.1"]
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "kerasae", *arguments, "--out", str(out)]
    for _ in range(5):
        _stop_at_a_checkpoint(command, out, how)
        if (out / "checkpoint" / "state.json").is_file():
            break
        # The training was over before the signal was heard, or about to store its model.
        shutil.rmtree(out)
    epoch = json.loads((out / "checkpoint" / "state.json").read_text())["epoch"]
    assert 0 < epoch < 200
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 0, err
    kerasae(*arguments, "--out", tmp_path / "whole")
    one, two = load_model(out), load_model(tmp_path / "whole")
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    rows = [(folder / "history.csv").read_text().splitlines() for folder in (out, tmp_path / "whole")]
    assert len(rows[0]) == len(rows[1]) == 201
    assert not (out / "checkpoint").exists()


def _stop_at_a_checkpoint(command, out, how):
    """Start a training, wait for its first checkpoint, and send the signal until the process has ended."""
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (out / "checkpoint" / "state.json").is_file():
        assert process.poll() is None, "it ended before there was a checkpoint"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # Python drops a KeyboardInterrupt that falls into a destructor; who pressed Ctrl-C presses it again.
    while process.poll() is None:
        process.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.5)


@pytest.mark.slow
def test_a_command_that_a_scheduler_stops_leaves_nothing(tmp_path):
    arguments = ["compare", "digits", "--models", "undercomplete", "--epochs", "5000", "--jobs", "1"]
    command = [sys.executable, "-m", "kerasae", *arguments, "--out", str(tmp_path / "new")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not [*tmp_path.iterdir()]:
        assert process.poll() is None, "it ended before it wrote"
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.terminate()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert not [*tmp_path.iterdir()]
