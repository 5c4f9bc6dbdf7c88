"""Damaged checkpoints and models are refused in one line."""

import io
import random
import shutil
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from stopped import same_model

from kerasae import load_model
from kerasae.files import checksum, read_sealed, write_sealed
from kerasae.runs import Run
from kerasae.training.checkpoint import Checkpoint


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
        values = read_sealed(checkpoint.path, 1)
        change(values)
        write_sealed(checkpoint.path, {key: value for key, value in values.items() if key != "sha256"}, 1)

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
            assert run.recipe.complete() and run.source and run.training and run.epochs()
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
