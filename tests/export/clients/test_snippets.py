"""The programs on the page of clients run, and give the code that the model gives.

There is no TensorFlow Serving to install here. The servers below speak its protocols, REST and gRPC, with the
SavedModel of the bundle behind them. Where `tensorflow_model_server` is there, `test_serving.py` runs it.
"""

import concurrent.futures
import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from pages import ROOT, blocks_of
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
from warm_processes import run_function

from kerasae import export

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "export" / "clients.md"


def block(kind, holding):
    """The only block of a kind on the page that holds some words."""
    (found,) = [text for known, text in blocks_of(PAGE) if known == kind and holding in text]
    return found


def answers(served, name, sent):
    """The outputs of a signature for inputs by name."""
    signature = served.signatures[name]
    specs = signature.structured_input_signature[1]
    return signature(**{key: tf.constant(sent[key], spec.dtype) for key, spec in specs.items()})


class Rest(http.server.BaseHTTPRequestHandler):
    """`POST /v1/models/digits:predict` of TensorFlow Serving, with `inputs` by name."""

    def __init__(self, *arguments, served, **options):
        self.served = served
        super().__init__(*arguments, **options)

    def do_POST(self):
        assert self.path == "/v1/models/digits:predict"
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answered = answers(self.served, sent["signature_name"], sent["inputs"])
        outputs = {key: value.numpy().tolist() for key, value in answered.items()}
        # The only output has no name.
        body = json.dumps({"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Predictions(prediction_service_pb2_grpc.PredictionServiceServicer):
    """`Predict` of TensorFlow Serving."""

    def __init__(self, served):
        self.served = served

    def Predict(self, request, context):  # noqa: N802  (its name in the service)
        assert request.model_spec.name == "digits"
        sent = {key: tf.make_ndarray(one) for key, one in request.inputs.items()}
        answered = answers(self.served, request.model_spec.signature_name, sent)
        response = predict_pb2.PredictResponse()
        for key, value in answered.items():
            response.outputs[key].CopyFrom(tf.make_tensor_proto(value.numpy()))
        return response


def execute(code):
    exec(compile(code, "a block", "exec"), {"__name__": "__main__"})


@pytest.fixture(scope="module")
def home(edge_subject, tmp_path_factory):
    """A folder with the image and the requests of the page, and the bundle of a model of digits."""
    home = tmp_path_factory.mktemp("clients")
    export.bundle(edge_subject("conv"), home / "ship", formats=["saved_model"])
    done = run_function(home, execute, block("python", "request.json"))
    assert done.returncode == 0, done.stderr
    return home


@pytest.fixture(scope="module")
def served(home):
    return tf.saved_model.load(str(home / "ship" / "server" / "conv" / "1"))


@pytest.fixture(scope="module")
def code(home, served):
    """The code of the image."""
    image = np.fromfile(home / "image.bin", "uint8").reshape(1, 8, 8, 1)
    return served.signatures["encode"](x=tf.constant(image))["z"].numpy()[0]


@pytest.fixture(scope="module")
def ports(served):
    """Ports of servers for REST and for gRPC."""
    handler = functools.partial(Rest, served=served)
    rpc = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictions(served), rpc)
    port = rpc.add_insecure_port("127.0.0.1:0")
    rpc.start()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as rest:
        threading.Thread(target=rest.serve_forever, daemon=True).start()
        yield {"8501": rest.server_port, "8500": port}
        rest.shutdown()
    rpc.stop(None)


@pytest.fixture
def at(ports):
    """A text with the ports of the page replaced by those of the servers here."""

    def at(text):
        for known, port in ports.items():
            text = text.replace(f"localhost:{known}", f"127.0.0.1:{port}")
        return text

    return at


def run(command, home):
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")
def test_curl(home, code, at):
    line = block("console", "triton.json").splitlines()[0].removeprefix("$ ")
    (answered,) = json.loads(run(["bash", "-c", f"{at(line)} --silent"], home))["outputs"]
    np.testing.assert_allclose(answered, code, rtol=1e-5)


def test_python_with_grpc(home, code, at):
    shown = block("console", "client.py").split("$ cat client.py\n")[1].split("$ python client.py")[0]
    done = run_function(home, execute, at(shown))
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), code, rtol=1e-6)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js: apt-get install nodejs")
def test_javascript(home, code, at):
    (home / "client.mjs").write_text(at(block("javascript", "node:fs")))
    np.testing.assert_allclose(json.loads(run(["node", "client.mjs"], home)), code, rtol=1e-5)


@pytest.fixture(scope="module")
def kotlinc(home):
    """Compiles files of Kotlin in `home` to the program `client.jar`."""
    if shutil.which("npm") is None or shutil.which("java") is None:
        pytest.skip("needs npm and Java: apt-get install npm default-jre-headless")
    folder = home / "kotlin"
    shutil.copytree(Path(__file__).parent / "kotlin", folder)
    run(["npm", "ci", "--no-audit", "--no-fund"], folder)
    package = folder / "node_modules" / "kotlin-compiler"
    # The compiler runs once: a quick start matters more than quick code.
    program = [
        "java",
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-cp",
        f"{package}/lib/*",
        "org.jetbrains.kotlin.cli.jvm.K2JVMCompiler",
    ]
    options = ["-kotlin-home", str(package), "-include-runtime", "-nowarn", "-d", "client.jar"]
    return lambda *sources: run([*program, *options, *sources], home)


def test_kotlin_on_java_and_for_android(home, code, at, kotlinc):
    (home / "client.kt").write_text(at(block("kotlin", "HttpClient.newHttpClient")))
    (home / "android.kt").write_text(block("kotlin", "org.tensorflow.lite"))
    # There is no LiteRT for Android to install here: a class with its methods takes its place.
    kotlinc("client.kt", "android.kt", "kotlin/Interpreter.kt")
    (answered,) = json.loads(run(["java", "-jar", "client.jar"], home))["outputs"]
    np.testing.assert_allclose(answered, code, rtol=1e-5)


def test_every_language_of_the_page_is_there():
    assert {kind for kind, _ in blocks_of(PAGE)} == {
        "sh", "python", "console", "javascript", "kotlin", "swift", "c"
    }  # fmt: skip
    # The address is the one that docker-compose.yaml opens.
    assert {*re.findall(r"localhost:(\d+)", PAGE.read_text())} == {"8500", "8501", "8000"}
