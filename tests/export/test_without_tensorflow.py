"""The bundle's own verifier, on a machine that has the runtime of devices and nothing of ours."""

import hashlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from kerasae import export
from kerasae.files import read_sealed, write_sealed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shipped(edge_subject, tmp_path_factory):
    """A bundle for devices."""
    folder = tmp_path_factory.mktemp("ship") / "bundle"
    export.bundle(edge_subject("dense"), folder, formats=["tflite", "trainable"])
    return folder


@pytest.fixture(scope="module")
def device(shipped, tmp_path_factory):
    """Python in a new environment with what the verifier says it needs."""
    packages = re.search(r"pip install (.+)", (shipped / "verify_edge.py").read_text())[1].split()
    folder = tmp_path_factory.mktemp("device")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *packages], check=True, timeout=600)
    return python


@pytest.fixture
def copied(shipped, tmp_path):
    """The bundle in another place."""
    return shutil.copytree(shipped, tmp_path / "copied")


@pytest.fixture
def verify(device, copied):
    """Runs the copied verifier; returns exit status and output."""

    def verify(*arguments):
        # Isolated, and from elsewhere: nothing of this process or its folder can be imported.
        done = subprocess.run(
            [device, "-I", copied / "verify_edge.py", *arguments],
            capture_output=True,
            text=True,
            cwd=copied.parent,
            env={},
            timeout=120,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stdout

    return verify


def alter(path):
    """Changes the byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def alter_answer(bundle, key):
    """Moves a stored answer by a unit or more, and renews the checksum."""
    with np.load(bundle / "golden.npz") as stored:
        arrays = dict(stored)
    arrays[key] = arrays[key] + np.abs(arrays[key]).max() + 1
    np.savez_compressed(bundle / "golden.npz", **arrays)
    renewed = hashlib.sha256((bundle / "golden.npz").read_bytes()).hexdigest()
    manifest = read_sealed(bundle / "manifest.json", 1)
    manifest["files"]["golden.npz"]["sha256"] = renewed
    write_sealed(bundle / "manifest.json", manifest, 1)


def answers(bundle):
    """Keys of the stored answers, `GROUP:SIGNATURE:out:OUTPUT`."""
    with np.load(bundle / "golden.npz") as stored:
        return [key for key in stored.files if ":out:" in key]


def test_nothing_of_ours_is_in_the_environment(device):
    found = subprocess.run([device, "-m", "pip", "list", "--format=json"], capture_output=True, check=True)
    names = {one["name"] for one in json.loads(found.stdout)}
    assert {"numpy", "ai-edge-litert"} <= names
    assert not {name for name in names if name.startswith(("tensorflow", "keras", "scipy"))}


def test_a_sound_bundle_agrees(verify):
    assert verify() == (0, "5 files for devices: all agree with the model\n")


def test_the_bundle_can_lie_elsewhere(verify, shipped):
    assert verify(shipped)[0] == 0


def test_a_folder_without_a_bundle_is_told_apart(verify, tmp_path):
    assert verify(tmp_path)[0] == 2


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8", "trainable"])
def test_a_changed_byte_is_found_and_the_file_named(precision, verify, copied):
    alter(copied / "edge" / f"dense_{precision}.tflite")
    status, said = verify()
    assert status == 1
    assert re.findall(r"FAILED  (\S+): changed", said) == [f"edge/dense_{precision}.tflite"]


def test_changed_answers_are_found_by_their_checksum(verify, copied):
    alter(copied / "golden.npz")
    status, said = verify()
    assert status == 1
    assert "FAILED  golden.npz: changed" in said


def test_each_wrong_answer_is_found_and_its_signature_and_output_named(verify, copied, shipped):
    assert len(answers(copied)) >= 6
    for key in answers(copied):
        shutil.copy(shipped / "golden.npz", copied / "golden.npz")
        alter_answer(copied, key)
        group, signature, _, output = key.split(":")
        status, said = verify()
        assert status == 1, key
        named = set(re.findall(r"FAILED  (\S+) (\S+) (\S+): ", said))
        precisions = ("float32", "float16", "dynamic", "int8") if group == "edge" else ("trainable",)
        files = {f"edge/dense_{precision}.tflite" for precision in precisions}
        assert named == {(file, signature, output) for file in files}, said


def test_a_missing_file_is_named(verify, copied):
    (copied / "edge" / "dense_int8.tflite").unlink()
    status, said = verify()
    assert status == 1
    assert "FAILED  edge/dense_int8.tflite: missing" in said
