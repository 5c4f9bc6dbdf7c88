"""The model repository for Triton: its configuration is that of the ONNX file, and Triton serves it."""

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from kerasae.export import bundle


def test_a_repository_has_the_file_and_its_configuration(files, onnx):
    found = files(onnx(version=3))
    assert sorted(found) == ["triton/motors/3/model.onnx", "triton/motors/config.pbtxt"]
    assert found["triton/motors/3/model.onnx"] == Path("onnx/motors.onnx")


def test_a_bundle_without_an_onnx_file_has_no_repository(files, saved_model):
    assert not [path for path in files(saved_model()) if path.startswith("triton")]


def test_the_configuration_has_the_signature_of_the_file(files, onnx):
    pytest.importorskip("tritonclient.grpc", reason="needs `pip install 'tritonclient[grpc]'`")
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    found = text_format.Parse(files(onnx())["triton/motors/config.pbtxt"], model_config_pb2.ModelConfig())
    assert (found.name, found.backend) == ("motors", "onnxruntime")
    assert found.max_batch_size > 1

    def tensors(side):
        return {
            one.name: (model_config_pb2.DataType.Name(one.data_type), [*one.dims], one.HasField("reshape"))
            for one in side
        }

    assert tensors(found.input) == {"x": ("TYPE_UINT8", [8, 8, 1], False)}
    assert tensors(found.output) == {
        "z": ("TYPE_FP32", [2], False),
        # A number for each row has no dimension in the file.
        "score": ("TYPE_FP32", [1], True),
        "words": ("TYPE_INT64", [-1], False),
    }
    assert not found.output[0].reshape.shape


# A server --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped_onnx(subject, tmp_path_factory):
    """A bundle with an ONNX file of images, and the case of its signature."""
    root = tmp_path_factory.mktemp("triton") / "ship"
    bundle(subject("dense"), root, formats=["onnx"])
    return root, subject("dense").cached("onnx", dict)["all"]


@pytest.fixture(scope="module")
def server(shipped_onnx, tmp_path_factory):
    """Port for HTTP of a Triton with the model repository of a bundle."""
    # Its programs are enough; the library beside them is not imported.
    pytriton = importlib.util.find_spec("pytriton")
    if pytriton is None or pytriton.origin is None:
        pytest.skip("needs `pip install --no-deps nvidia-pytriton`")
    binaries = Path(pytriton.origin).parent / "tritonserver"
    home = tmp_path_factory.mktemp("server")
    shutil.copytree(shipped_onnx[0] / "deploy" / "triton", home / "models")
    configuration = home / "models" / "small" / "config.pbtxt"
    text = configuration.read_text()
    assert 'backend: "onnxruntime"' in text
    configuration.write_text(text.replace('backend: "onnxruntime"', 'backend: "python"'))
    shutil.copy(Path(__file__).with_name("onnx_backend.py"), home / "models" / "small" / "1" / "model.py")
    shutil.copytree(binaries / "backends", home / "backends")
    python = "{}.{}".format(*sys.version_info)
    stub = binaries / "python_backend_stubs" / python / "triton_python_backend_stub"
    shutil.copy(stub, home / "backends" / "python")
    port = free_port()
    command = [
        binaries / "bin" / "tritonserver",
        f"--model-repository={home / 'models'}",
        f"--backend-directory={home / 'backends'}",
        "--disable-auto-complete-config",
        "--http-address=127.0.0.1",
        f"--http-port={port}",
        "--allow-grpc=false",
        "--allow-metrics=false",
    ]
    site = sysconfig.get_path("purelib")
    # The program of the backend is Python: its library, and those that it was linked with.
    libraries = f"{site}/nvidia_pytriton.libs:{sysconfig.get_config_var('LIBDIR')}"
    # It finds its packages by the first `python3` in PATH.
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": site, "LD_LIBRARY_PATH": libraries}
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_until_ready(process, port, home / "log")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=60)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until_ready(process, port, log):
    for _ in range(300):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1)
        time.sleep(0.1)
    raise AssertionError(log.read_text(errors="replace")[-3000:])


def ask(port, path, body=None):
    """The answer of a server, and the status of an error."""
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/{path}", data, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]


def tensor(values):
    types = {"uint8": "UINT8", "float32": "FP32", "float64": "FP64"}
    return {
        "name": "x",
        "shape": [*values.shape],
        "datatype": types[values.dtype.name],
        "data": values.ravel().tolist(),
    }


@pytest.mark.slow
def test_triton_reads_the_repository_of_a_bundle(server, shipped_onnx):
    _, case = shipped_onnx
    described = ask(server, "models/small")
    assert described["versions"] == ["1"]
    (sent,) = described["inputs"]
    assert (sent["name"], sent["shape"]) == ("x", [-1, *case.sent["x"].shape[1:]])
    assert {one["name"] for one in described["outputs"]} == {*case.expected}


@pytest.mark.slow
def test_triton_answers_as_the_model(server, shipped_onnx):
    _, case = shipped_onnx
    x = case.sent["x"][:5]
    answered = ask(server, "models/small/infer", {"inputs": [tensor(x)]})
    assert isinstance(answered, dict), answered
    answered = answered["outputs"]
    assert {one["name"] for one in answered} == {*case.expected}
    for one in answered:
        expected = case.expected[one["name"]][:5]
        # A number for each row has a dimension beside the rows.
        assert one["shape"] == [*(expected.shape if expected.ndim > 1 else (5, 1))]
        got = np.reshape(one["data"], expected.shape)
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-3)
    # As the page of clients asks.
    asked = {"inputs": [tensor(x[:1])], "outputs": [{"name": "z"}]}
    (only,) = ask(server, "models/small/infer", asked)["outputs"]
    assert only["data"] == answered[[one["name"] for one in answered].index("z")]["data"][:3]


@pytest.mark.slow
def test_triton_refuses_what_the_signature_does_not_take(server, shipped_onnx):
    x = shipped_onnx[1].sent["x"][:2]
    status, said = ask(server, "models/small/infer", {"inputs": [tensor(x.astype("float32"))]})
    assert status == 400 and "model 'small' expects 'UINT8'" in said, said
    status, said = ask(server, "models/small/infer", {"inputs": [tensor(x[:, :3])]})
    assert status == 400 and "unexpected shape" in said, said
