"""A SavedModel on a GPU: what is compared there, and that nothing is traced for one."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import ParityError, SavedModel
from kerasae.export.formats.saved_model._on_device import check_on, hidden_gpus
from kerasae.export.formats.saved_model._server_model import ServerModel
from kerasae.export.parity import with_units

MODULE = sys.modules[SavedModel.__module__]
GPUS = tf.config.list_physical_devices("GPU")


@pytest.fixture(scope="module")
def photos(exported_by_kind):
    exported = exported_by_kind("photos")
    return exported, with_units(ServerModel(exported.version).signatures(), exported.cases)


@pytest.mark.slow
def test_another_process_finds_the_same_answers(photos):
    exported, signatures = photos
    facts, faults = check_on("CPU", exported.version, signatures, exported.cases)
    assert faults == []
    assert facts["latency_ms"] > 0
    # One answer of one signature otherwise, and it is named.
    case = exported.cases["decode"]
    off = np.float32(0.01) * np.asarray(case.units["reconstruction"], "float32")
    wrong = {"reconstruction": case.expected["reconstruction"] + off}
    cases = {**exported.cases, "decode": dataclasses.replace(case, expected=wrong)}
    _, faults = check_on("CPU", exported.version, signatures, cases)
    assert len(faults) == 1
    assert faults[0].startswith("1 on a CPU decode reconstruction: max_deviation 0.01")


@pytest.mark.slow
@pytest.mark.skipif(bool(GPUS), reason="there is a GPU")
def test_without_a_gpu_it_says_so(photos):
    exported, signatures = photos
    assert not hidden_gpus()
    with pytest.raises(RuntimeError, match="cannot be run on a GPU: Expected a GPU, found none"):
        check_on("GPU", exported.version, signatures, exported.cases)


@pytest.mark.skipif(not GPUS, reason="needs a GPU")
def test_a_gpu_answers_as_the_model(photos):
    exported, signatures = photos
    facts, faults = check_on("GPU", exported.version, signatures, exported.cases)
    assert faults == []
    assert "GPU" in facts["device"] or "NVIDIA" in facts["device"]


@pytest.mark.slow
def test_an_export_looks_at_the_hidden_gpu(photos, tmp_path, monkeypatch):
    subject = photos[0].subject
    monkeypatch.setattr(MODULE, "hidden_gpus", lambda: True)
    # The part that needs a GPU runs on a CPU in its place; all around it is the real thing.
    monkeypatch.setattr(MODULE, "check_on", lambda kind, *rest: check_on("CPU", *rest))
    artifact = SavedModel().write(subject, tmp_path / "1")
    assert artifact.facts["gpu"]["latency_ms"] > 0
    monkeypatch.setattr(MODULE, "check_on", lambda *rest: ({}, ["decode: max_deviation 1"]))
    with pytest.raises(ParityError, match="decode: max_deviation 1"):
        SavedModel().write(subject, tmp_path / "2")
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.slow
def test_the_command_line_hides_gpus(tmp_path):
    # What looks like a run: one that is not there is refused before TensorFlow is imported.
    for name in ("recipe.json", "model.keras"):
        (tmp_path / name).touch()
    script = (
        "import sys, kerasae.backend as b, tensorflow as tf; seen = []\n"
        "tf.config.set_visible_devices = lambda *given: seen.append(given)\n"
        "from kerasae.cli import main\n"
        "try: main(['export', sys.argv[1], '--out', 'x'])\n"
        "except SystemExit as e: assert e.code == 2\n"
        "assert seen == [([], 'GPU')], seen"
    )
    subprocess.run([sys.executable, "-c", script, tmp_path], check=True, capture_output=True)


@pytest.mark.slow
def test_operations_of_a_gpu_alone_are_found(photos, tmp_path):
    class Recurrent(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((3, 2, 4))])
        def answer(self, x):
            state = tf.zeros((1, 2, 5))
            return tf.raw_ops.CudnnRNN(input=x, input_h=state, input_c=state, params=tf.zeros((300,)))[0]

    tf.saved_model.save(Recurrent(), tmp_path / "recurrent")
    assert MODULE.cudnn_operations(tmp_path / "recurrent") == ["CudnnRNN"]
    assert MODULE.cudnn_operations(photos[0].version) == []
