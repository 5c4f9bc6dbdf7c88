"""A training that ends early, and files that were damaged afterwards."""

import io
import json
import random
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae import Recipe, load_model
from kerasae.files import alone, checksum, read_sealed, write_sealed
from kerasae.runs import Run, Unfinished, run_recipe
from kerasae.training.checkpoint import Checkpoint
from kerasae.workflows.comparison import read_history


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    """A training of six epochs on a small file, with a checkpoint after each."""
    path = tmp_path_factory.mktemp("data") / "rows.npy"
    np.save(path, np.random.default_rng(0).normal(size=(200, 8)).astype("float32"))
    return Recipe.of(
        "denoising",
        source=str(path),
        latent_dim=2,
        network={"widths": [24], "dropout": 0.1},
        train={"epochs": 6, "batch_size": 64, "checkpoint_seconds": 0.0},
    )


@pytest.fixture(scope="module")
def whole(recipe, tmp_path_factory):
    """The run of a training that nothing disturbed."""
    return run_recipe(recipe, tmp_path_factory.mktemp("runs") / "whole")


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


class Fail(keras.callbacks.Callback):
    """Lets a real failure happen in an epoch, counted from 1, behind the checkpoint of the one before."""

    def __init__(self, how, epoch):
        super().__init__()
        self.how, self.epoch = how, epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch + 1 == self.epoch:
            self.how(self.model)


def become_nan(model):
    model.set_weights([w * np.nan if w.dtype.kind == "f" else w for w in model.get_weights()])


def interrupt(model):
    raise KeyboardInterrupt


def need_memory(model):
    np.zeros((10**9, 10**9))


def write_where_nothing_fits(model):
    with Path("/dev/full").open("w") as file:
        file.write("x")


def same_model(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


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
    write_sealed(checkpoint.path, {**state, "arrays_sha256": checksum(out / "checkpoint" / "3.npz")})
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


@pytest.fixture(scope="module")
def unfinished(recipe, tmp_path_factory):
    """The folder of a training that was interrupted in its fourth epoch."""
    out = tmp_path_factory.mktemp("runs") / "unfinished"

    def stop(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, out, callbacks=[Fail(stop, 4)])
    return out


def flips(path, count, rng):
    """A file with one bit after another flipped, each time in a byte drawn at random."""
    content = path.read_bytes()
    for place in rng.sample(range(len(content)), min(count, len(content))):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        yield place
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["state.json", "3.npz"])
def test_any_flipped_bit_of_a_checkpoint_is_refused_or_harmless(name, recipe, unfinished, tmp_path):
    checkpoint = Checkpoint(shutil.copytree(unfinished / "checkpoint", tmp_path / "checkpoint"))
    model = recipe.build(recipe.load())
    right, best = checkpoint.state(), checkpoint.restore(model)
    weights, refused = model.get_weights(), 0
    tried = 0
    for place in flips(checkpoint.folder / name, 120, random.Random(0)):
        tried += 1
        model.set_weights([0 * w for w in weights])
        try:
            found = checkpoint.state(), checkpoint.restore(model)
        except ValueError as error:
            assert "damaged" in str(error) and "\n" not in str(error)
            refused += 1
            continue
        assert found[0] == right, place
        assert all(map(np.array_equal, found[1], best)), place
        assert all(map(np.array_equal, model.get_weights(), weights)), place
    # White space of the JSON alone may change.
    assert refused == tried if name == "3.npz" else refused > 0.9 * tried


@pytest.mark.parametrize("name", ["checkpoint/state.json", "checkpoint/3.npz", "unfinished.json"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_checkpoint_gets_one_line_and_status_2(name, damage, unfinished, kerasae, tmp_path):
    out = shutil.copytree(unfinished, tmp_path / "run")
    content = bytearray((out / name).read_bytes())
    content[len(content) // 2] ^= 1
    new = {"flip": content, "cut": content[: len(content) // 2], "empty": b""}[damage]
    (out / name).write_bytes(new)
    status, _, err = kerasae("train", "--resume", "--out", out)
    assert status == 2 and err.count("\n") == 1 and "damaged" in err, err
    assert (out / name).read_bytes() == new


def state_of(change):
    """Changes the state of a checkpoint, and seals it again."""

    def damage(checkpoint):
        values = read_sealed(checkpoint.path)
        change(values)
        write_sealed(checkpoint.path, {key: value for key, value in values.items() if key != "sha256"})

    return damage


def arrays_of(change):
    """Changes the arrays of a checkpoint, or its whole file, and makes their checksum good."""

    def damage(checkpoint):
        path = checkpoint.folder / checkpoint.state()["arrays"]
        with np.load(path) as stored:
            arrays = dict(stored)
        content = change(arrays)
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.savez(path, **arrays)
        state_of(lambda values: values.update(arrays_sha256=checksum(path)))(checkpoint)

    return damage


def with_header(shape):
    """An archive whose one array says that it has another shape."""
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": shape})
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("model_0.npy", array.getvalue())
    return archive.getvalue()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (state_of(lambda values: values.pop("arrays")), "another state"),
        (state_of(lambda values: values.pop("arrays_sha256")), "another state"),
        (state_of(lambda values: values.pop("best")), "another state"),
        (state_of(lambda values: values.update(rows=[{"loss": 1.0}, {"loss": "x"}])), "another state"),
        (state_of(lambda values: values.update(epoch=None)), "another state"),
        (state_of(lambda values: values.update(arrays="x" * 300)), "missing"),
        (state_of(lambda values: values.update(arrays="\0")), "missing"),
        (arrays_of(lambda arrays: b"PK"), "not a zip file"),
        (arrays_of(lambda arrays: with_header((10**12,))), "promises shape"),
        (arrays_of(lambda arrays: arrays.pop("model_0")), "shapes or types"),
        (arrays_of(lambda arrays: arrays.pop("best_1")), "shapes or types"),
        (arrays_of(lambda arrays: arrays.update(best_0=np.zeros(3))), "shapes or types"),
        (arrays_of(lambda arrays: arrays.update(model_0=arrays["model_0"].astype("U9"))), "shapes or types"),
        (arrays_of(lambda arrays: arrays.update(other=np.zeros(3))), "shapes or types"),
    ],
)
def test_a_checkpoint_with_good_checksums_and_wrong_contents(damage, words, recipe, unfinished, tmp_path):
    """As another version of kerasae, or another program, may write one."""
    checkpoint = Checkpoint(shutil.copytree(unfinished / "checkpoint", tmp_path / "checkpoint"))
    damage(checkpoint)
    before = {path.name: path.read_bytes() for path in checkpoint.folder.iterdir()}
    model = recipe.build(recipe.load())
    weights = model.get_weights()
    with pytest.raises(ValueError, match=words) as refusal:
        checkpoint.restore(model)
    assert "\n" not in str(refusal.value) and f"remove the folder {checkpoint.folder}" in str(refusal.value)
    assert all(map(np.array_equal, model.get_weights(), weights))
    assert {path.name: path.read_bytes() for path in checkpoint.folder.iterdir()} == before


@pytest.mark.slow
def test_any_flipped_bit_of_a_model_is_refused_or_harmless(whole, kerasae, tmp_path):
    """Most bytes are covered by the checksums of the archive; those of its directory are tried as well."""
    out = shutil.copytree(whole.folder, tmp_path / "run")
    path = out / "model.keras"
    with zipfile.ZipFile(path) as archive:
        directory = archive.start_dir
    content, rng = path.read_bytes(), random.Random(1)
    places = rng.sample(range(len(content)), 30) + rng.sample(range(directory, len(content)), 60)
    refused = []
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        try:
            model = load_model(path)
        except ValueError as error:
            assert "damaged" in str(error) and "\n" not in str(error), place
            refused.append(bytes(changed))
        else:
            assert same_model(model, whole.model), place
    assert len(refused) > 30
    path.write_bytes(refused[0])
    status, _, err = kerasae("evaluate", out)
    assert status == 2 and err.count("\n") == 1 and "damaged" in err


@pytest.mark.parametrize("name", ["recipe.json", "training.json", "history.csv", "data.json"])
def test_a_damaged_file_of_a_run_is_refused_in_one_line(name, whole, tmp_path):
    out = shutil.copytree(whole.folder, tmp_path / "run")
    refused = 0
    for _ in flips(out / name, 80, random.Random(0)):
        run = Run(out)
        try:
            assert run.recipe.complete() and run.source and run.training and read_history(run)
        except (ValueError, TypeError, OSError) as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 25


@pytest.mark.slow
def test_a_training_that_is_killed_while_it_writes_comes_to_the_same_model(recipe, whole, tmp_path):
    """SIGKILL some milliseconds into the writing of its first checkpoint."""
    out, path, rng = tmp_path / "run", tmp_path / "recipe.json", random.Random(2)
    recipe.save(path)
    script = (
        "import os, signal, sys, threading, time; from kerasae import cli\n"
        "from kerasae.training.checkpoint import Checkpoint\n"
        "save = Checkpoint.save\n"
        "def late(self, *rest):\n"
        "    after = float(sys.argv[1])\n"
        "    end = lambda: (time.sleep(after), os.kill(os.getpid(), signal.SIGKILL))\n"
        "    threading.Thread(target=end).start()\n"
        "    save(self, *rest)\n"
        "if float(sys.argv[1]) >= 0: Checkpoint.save = late\n"
        "cli.main(sys.argv[2:])\n"
    )
    killed = 0
    for turn in range(2):
        begin = ["--resume"] if (out / "unfinished.json").is_file() else ["--recipe", str(path)]
        after = rng.uniform(0, 0.02) if turn < 1 else -1
        command = [sys.executable, "-c", script, str(after), "train", *begin, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        killed += done.returncode == -signal.SIGKILL
        assert done.returncode in (0, -signal.SIGKILL), done.stderr[-2000:]
        if done.returncode == 0:
            break
    assert killed
    assert same_model(load_model(out), whole.model)
