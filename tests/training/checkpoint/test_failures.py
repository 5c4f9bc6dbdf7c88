"""A training that fails or is killed goes on from its checkpoint."""

import json
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from stopped import Fail, same_model

from kerasae import load_model
from kerasae.files import alone, checksum, write_sealed
from kerasae.runs import Run, Unfinished, run_recipe
from kerasae.training.checkpoint import Checkpoint


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system of a few kB and returns what gives it another size."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "none", place], capture_output=True)
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")

    def resize(size):
        subprocess.run(["mount", "-o", f"remount,size={size}", place], check=True)

    yield place, resize
    subprocess.run(["umount", "-l", place], check=True)


def become_nan(model):
    model.set_weights([w * np.nan if w.dtype.kind == "f" else w for w in model.get_weights()])


def interrupt(model):
    raise KeyboardInterrupt


def need_memory(model):
    np.zeros((10**9, 10**9))


def write_where_nothing_fits(model):
    with Path("/dev/full").open("w") as file:
        file.write("x")


@pytest.mark.slow
def test_a_full_disk_leaves_the_checkpoint(small_disk, recipe, whole, kerasae, tmp_path):
    place, resize = small_disk
    out = place / "run"
    recipe.save(tmp_path / "recipe.json")
    status, _, err = kerasae("train", "--recipe", tmp_path / "recipe.json", "--out", out)
    assert status == 2 and err.count("\n") == 1, err
    assert "No space left" in err and f"`kerasae train --resume --out {out}` goes on" in err
    state = json.loads((out / "checkpoint" / "state.json").read_text())
    assert 0 < state["epoch"] < 6
    # Nothing half-written takes the space that is left.
    assert {path.name for path in (out / "checkpoint").iterdir()} == {"state.json", state["arrays"]}
    # Enough for the models, not for the page.
    resize("240k")
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 2 and "No space left" in err
    assert f"The model is trained and kept; `kerasae evaluate {out}` goes on" in err
    assert not [path for path in out.iterdir() if ".new" in path.name]
    resize("50m")
    status, _, err = kerasae("evaluate", out)
    assert status == 0, err
    assert same_model(load_model(out), whole.model)
    assert not (out / "checkpoint").exists() and not (out / "unfinished.json").exists()


@pytest.mark.parametrize(
    ("how", "kind", "words", "epoch"),
    [
        pytest.param(become_nan, FloatingPointError, "smaller --learning-rate", 1, marks=pytest.mark.slow),
        pytest.param(become_nan, FloatingPointError, "smaller --learning-rate", 4, marks=pytest.mark.slow),
        pytest.param(need_memory, MemoryError, "allocate", 4, marks=pytest.mark.slow),
        (write_where_nothing_fits, OSError, "No space left", 4),
    ],
)
def test_a_failure_leaves_a_checkpoint_that_exists(how, kind, words, epoch, recipe, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(kind, match=words) as failure:
        run_recipe(recipe, out, callbacks=[Fail(how, epoch)])
    if epoch == 1:
        assert not out.exists()
        return
    assert "\n" not in str(failure.value)
    assert (
        f"`kerasae train --resume --out {out}{' --learning-rate 0.0001' * (how is become_nan)}` goes on"
        in str(failure.value)
    )
    assert json.loads((out / "checkpoint" / "state.json").read_text())["epoch"] == epoch - 1


@pytest.mark.slow
def test_a_training_goes_on_behind_a_loss_that_is_no_number(recipe, kerasae, tmp_path):
    """With the same settings it ended at the same place for ever."""
    out = tmp_path / "run"
    # From a checkpoint of 4 epochs, with a rate at which no loss stays a number.
    wild = recipe.override({"train.learning_rate": 1e30, "train.reduce_at": [1]})
    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe.override({"train.reduce_at": [1]}), out, callbacks=[Fail(interrupt, 5)])
    with pytest.raises(FloatingPointError, match=f"--out {out} --learning-rate 1e.29` goes on"):
        run_recipe(wild, out, resume=True)
    # The checkpoint is that of before, and the settings are those of the last try.
    assert Unfinished(out).recipe.train["learning_rate"] == 1e30
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 2 and "same settings" in err and err.count("\n") == 1
    status, _, err = kerasae("train", "--resume", "--out", out, "--epochs", 9)
    assert status == 2 and "received train.epochs" in err and "clip_norm" in err
    rates = []

    class Rates(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            rates.append((epoch, float(self.model.optimizer.learning_rate)))

    changed = Unfinished(out).recipe.override({"train.learning_rate": 1e-4, "train.clip_norm": 1.0})
    run = run_recipe(changed, out, resume=True, callbacks=[Rates()])
    # Fallen once, as before the interruption.
    assert rates == [(4, pytest.approx(3e-5)), (5, pytest.approx(3e-5))]
    assert run.recipe.train["learning_rate"] == 1e-4 and run.training["epochs"] == 6


def test_a_checkpoint_with_weights_that_are_no_numbers_is_refused(recipe, unfinished, kerasae, tmp_path):
    out = shutil.copytree(unfinished, tmp_path / "run")
    checkpoint = Checkpoint(out / "checkpoint")
    arrays = checkpoint.check()
    arrays["model_0"][0] = np.nan
    np.savez(out / "checkpoint" / "3.npz", **arrays)
    state = {key: value for key, value in checkpoint.state().items() if key != "sha256"}
    write_sealed(checkpoint.path, {**state, "arrays_sha256": checksum(out / "checkpoint" / "3.npz")}, 1)
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 2 and err.count("\n") == 1 and "Expected finite weights" in err and "clip_norm" in err


@pytest.mark.slow
def test_no_checkpoint_is_written_of_weights_that_are_no_numbers(recipe, tmp_path):
    """Without validation rows the loss of an epoch says nothing of its last step."""
    out = tmp_path / "run"

    class Spoil(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.params["epochs"] and len(self.model.history.epoch) == 3:
                become_nan(self.model)

    changed = recipe.override({"train.hold_out": False})
    with pytest.raises(
        FloatingPointError, match=r"weight became NaN or infinite in epoch 4.*--learning-rate"
    ):
        run_recipe(changed, out, callbacks=[Spoil()])
    checkpoint = Checkpoint(out / "checkpoint")
    assert checkpoint.check() and checkpoint.state()["arrays"] == "3.npz"


@pytest.mark.slow
def test_memory_that_tensorflow_does_not_get(recipe, tmp_path):
    """TensorFlow asks for it for ten seconds."""
    with pytest.raises(MemoryError, match=r"a smaller --batch-size.*--resume"):
        run_recipe(recipe, tmp_path / "run", callbacks=[Fail(lambda _: tf.zeros((10**7, 10**7)), 4)])


def test_the_checkpoint_stays_until_the_model_is_stored(recipe, whole, monkeypatch, tmp_path):
    out = tmp_path / "run"

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Run, "write", stop)
        run_recipe(recipe, out)
    assert json.loads((out / "checkpoint" / "state.json").read_text())["epoch"] == 6
    trained = []

    class Count(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            trained.append(epoch)

    # Another process that resumes it does not disturb.
    with alone(out / ".lock", out), pytest.raises(FileExistsError, match=r"no other command writes.*wait"):
        run_recipe(Unfinished(out).recipe, out, resume=True)
    run = run_recipe(Unfinished(out).recipe, out, resume=True, callbacks=[Count()])
    assert not trained and same_model(run.model, whole.model)
    assert run.training["epochs"] == 6


@pytest.mark.slow
def test_a_resumed_training_without_a_checkpoint_says_that_it_begins_again(recipe, kerasae, tmp_path):
    out = tmp_path / "run"

    def stop(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, out, callbacks=[Fail(stop, 1)])
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 0 and "No checkpoint had been written yet" in err
