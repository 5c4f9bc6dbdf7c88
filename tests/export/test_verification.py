"""`verify` finds what was changed, lost or added in a bundle."""

import json
import shutil

import numpy as np
import pytest
from kerasae.export.artifact import checksum
from kerasae.export.verify_edge import verify_edge

from kerasae import export
from kerasae.files import read_sealed, write_sealed

pytestmark = pytest.mark.slow


def files_of(root):
    return {path.relative_to(root).as_posix(): path for path in sorted(root.rglob("*")) if path.is_file()}


def test_one_byte_changed_in_any_file_is_noticed(ship):
    rng = np.random.default_rng(0)
    assert not export.verify(ship, run=False).faults
    names = files_of(ship)
    assert {"manifest.json", "server/models.config", "README.md", "verify_edge.py"} < set(names)
    for name, path in names.items():
        kept = path.read_bytes()
        for place in rng.integers(0, len(kept), 200 if name == "manifest.json" else 3):
            content = bytearray(kept)
            content[place] ^= rng.integers(1, 256)
            path.write_bytes(content)
            faults = export.verify(ship, run=False).faults
            assert [line.startswith(f"{name}: changed") for line in faults] == [True], (name, place)
        path.unlink()
        if name != "manifest.json":
            assert export.verify(ship, run=False).faults == [f"{name}: missing"]
        path.write_bytes(kept)


@pytest.mark.parametrize(("old", "new"), [(b"\n", b"\t"), (b"0.0001", b"0.00010")])
def test_a_manifest_with_the_same_values_in_another_spelling_is_changed(ship, old, new):
    path = ship / "manifest.json"
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))
    assert json.loads(path.read_bytes()) == json.loads(content)
    faults = [f"{path.name}: changed since it was exported (checksum)"]
    assert export.verify(ship).faults == faults == verify_edge(ship)[1]


@pytest.mark.parametrize(
    "name", ["server/batching.config", "server/small/1/saved_model.pb", "onnx/small.onnx"]
)
def test_the_verifier_of_devices_checks_what_it_cannot_run(ship, name):
    content = bytearray((ship / name).read_bytes())
    content[len(content) // 2] ^= 1
    (ship / name).write_bytes(content)
    assert verify_edge(ship)[1] == [f"{name}: changed since it was exported (checksum)"]
    shutil.rmtree(ship / "server")
    shutil.rmtree(ship / "onnx")
    assert verify_edge(ship) == (2, [])


def test_answers_that_are_not_the_stored_ones_are_noticed(ship):
    golden = dict(np.load(ship / "golden.npz"))
    key = next(key for key in golden if key.startswith("edge:encode:out:z"))
    golden[key] = golden[key] + 1
    np.savez(ship / "golden.npz", **golden)
    manifest = read_sealed(ship / "manifest.json", 1)
    manifest["files"]["golden.npz"] = checksum(ship / "golden.npz")
    write_sealed(ship / "manifest.json", manifest, 1)
    faults = export.verify(ship).faults
    assert any("small_float32.tflite encode z: max_deviation" in line for line in faults)


def test_a_file_that_a_server_would_load_too_is_noticed(ship):
    (ship / "server/small/1/assets.extra/more").write_text("x")
    assert export.verify(ship).faults == ["server/small/1/assets.extra/more: not of this export"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda m, g: m.update(artifacts=[]), "no artifacts"),
        (lambda m, g: m["artifacts"][-1].update(tolerance={}), "no tolerance in the manifest"),
        (lambda m, g: g.pop("edge:encode:out:z"), "encode: z not stored in golden.npz"),
        (lambda m, g: g.pop("edge:encode:in:x"), "encode: x not stored in golden.npz"),
    ],
)
def test_a_bundle_that_lost_what_proves_it_is_no_proof(ship, spoil, said):
    manifest = read_sealed(ship / "manifest.json", 1)
    golden = dict(np.load(ship / "golden.npz"))
    spoil(manifest, golden)
    np.savez(ship / "golden.npz", **golden)
    manifest["files"]["golden.npz"] = checksum(ship / "golden.npz")
    write_sealed(ship / "manifest.json", manifest, 1)
    assert any(said in line for line in export.verify(ship).faults)


def test_a_file_that_cannot_be_run_is_named(ship):
    path = ship / "edge/small_int8.tflite"
    path.write_bytes(path.read_bytes()[:4000])
    manifest = read_sealed(ship / "manifest.json", 1)
    manifest["artifacts"][-1]["files"]["edge/small_int8.tflite"] = checksum(path)
    write_sealed(ship / "manifest.json", manifest, 1)
    (fault,) = export.verify(ship).faults
    assert fault.startswith("edge/small_int8.tflite: cannot be run: ")
