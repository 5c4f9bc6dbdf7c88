"""A SavedModel in a program without Python, loaded by the C++ that TensorFlow Serving is made of."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from kerasae.export import TOLERANCES
from kerasae.export.formats.saved_model._server_inputs import PNG, as_files
from tensorflow_serving.apis import prediction_log_pb2

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parent / "saved_model_client.cc"
TOLERANCE = TOLERANCES["float32"]["max_deviation"]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The client, built against the libraries and headers of the TensorFlow that is installed."""
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed")
    program = tmp_path_factory.mktemp("client") / "saved_model_client"
    libraries = tf.sysconfig.get_lib()
    flags = ["-std=c++17", "-D_GLIBCXX_USE_CXX11_ABI=1", "-w", f"-I{tf.sysconfig.get_include()}"]
    # No symbol of the program's is in libtensorflow_cc, which registers sessions and kernels.
    links = [f"-L{libraries}", f"-Wl,-rpath,{libraries},--no-as-needed"]
    links += ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"]
    subprocess.run([compiler, *flags, SOURCE, "-o", program, *links], check=True)

    def run(model, cases):
        command = [program, model, cases, str(TOLERANCE)]
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    return run


def write_tensor(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.name == PNG and path.parent.name == "outputs":
        values = as_files(values)
    plain = values.tolist() if values.dtype == object else values
    path.write_bytes(tf.make_tensor_proto(plain, shape=values.shape).SerializeToString())


def write_cases(path, exported, rows=None):
    """The cases of every signature, or their first rows, as the client reads them."""
    for name, case in exported.cases.items():
        for key, values in case.sent.items():
            write_tensor(path / name / "inputs" / key, values[:rows])
        for key, values in case.expected.items():
            write_tensor(path / name / "outputs" / key, values[:rows])
            write_tensor(path / name / "units" / key, np.float64(case.units.get(key, 1.0)))
    return path


@pytest.fixture
def cases(exported, tmp_path):
    return write_cases(tmp_path / "cases", exported)


def differing(done):
    """Signature and output of each line that the client marks."""
    return {tuple(line.split()[:2]) for line in done.stdout.splitlines() if line.endswith("DIFFERS")}


def test_every_signature_answers_as_the_model_does(client, exported, cases):
    done = client(exported.version, cases)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    answered = {tuple(line.split()[:2]) for line in done.stdout.splitlines()}
    assert answered == {(name, key) for name, case in exported.cases.items() for key in case.expected}


def test_images_of_any_size_are_answered_as_by_the_model(client, exported_by_kind, tmp_path):
    exported = exported_by_kind("maps")
    done = client(exported.version, write_cases(tmp_path / "cases", exported))
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]
    answered = {tuple(line.split()[:2]) for line in done.stdout.splitlines()}
    assert {("reconstruct_any_size", "reconstruction"), ("encode_any_size", "z")} < answered


def test_a_warmup_request_is_answered_as_its_row_is_in_a_batch(client, exported, tmp_path):
    cases = write_cases(tmp_path / "cases", exported, rows=1)
    records = tf.data.TFRecordDataset(
        str(exported.version / "assets.extra" / "tf_serving_warmup_requests")
    ).as_numpy_iterator()
    for name in set(exported.cases) - {"serving_default"}:
        shutil.rmtree(cases / name / "inputs")
    for record in records:
        request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
        folder = cases / request.model_spec.signature_name / "inputs"
        folder.mkdir()
        for key, value in request.inputs.items():
            (folder / key).write_bytes(value.SerializeToString())
    done = client(exported.version, cases)
    assert done.returncode == 0, done.stdout + done.stderr[-3000:]


def test_one_entry_that_is_not_as_expected_is_found(client, exported, cases):
    altered = {("reconstruct", key) for key in exported.cases["reconstruct"].expected} | {("encode", "z")}
    for name, key in altered:
        case = exported.cases[name]
        values = case.expected[key].copy()
        if key == PNG:
            values[-1] ^= 1
        elif values.dtype == object:
            values[-1] = values[-1][:-1]
        else:
            values[-1] += (2 * TOLERANCE * np.asarray(case.units[key])).astype(values.dtype)
        write_tensor(cases / name / "outputs" / key, values)
    done = client(exported.version, cases)
    assert done.returncode == 1
    assert differing(done) == altered


def test_a_signature_without_a_case_is_an_error(client, exported, cases):
    shutil.rmtree(cases / "serving_default")
    done = client(exported.version, cases)
    assert done.returncode == 2
    assert "expected a case for each signature" in done.stderr
