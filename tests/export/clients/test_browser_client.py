"""The files for devices answer in a browser as the model does: Chromium and LiteRT.js on localhost."""

import functools
import http.server
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm: apt-get install npm"),
]

#: A browser that asks nobody but localhost for anything.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, isolated as threads in WebAssembly demand, and takes what the page posts."""

    def __init__(self, *arguments, answers, **options):
        self.answers = answers
        super().__init__(*arguments, **options)

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def do_POST(self):
        self.answers.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page, with LiteRT.js beside it."""
    folder = tmp_path_factory.mktemp("browser") / "site"
    shutil.copytree(Path(__file__).parent / "browser", folder)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, timeout=300)
    return folder


@pytest.fixture
def browse(site, tmp_path):
    """Opens the page on a file and cases in a new browser, and returns what the page posts."""

    def browse(artifact, cases, threads=False):
        shutil.copy(artifact.path, site / "model.tflite")
        sent = {signature: _as_json(case) for signature, case in cases.items()}
        (site / "cases.json").write_text(json.dumps({"threads": threads, "cases": sent}))
        answers = queue.Queue()
        handler = functools.partial(Handler, directory=site, answers=answers)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            with (tmp_path / "chromium.log").open("w") as log:
                page = f"http://localhost:{server.server_port}/index.html"
                profile = f"--user-data-dir={tmp_path / 'profile'}"
                browser = subprocess.Popen(
                    [CHROMIUM, *FLAGS, profile, page], stdout=log, stderr=log, start_new_session=True
                )
                try:
                    posted = _wait(answers, browser)
                finally:
                    os.killpg(browser.pid, signal.SIGKILL)
                    browser.wait()
                    server.shutdown()
        assert posted is not None, (
            f"The page posted nothing: {(tmp_path / 'chromium.log').read_text()[-2000:]}"
        )
        assert "error" not in posted, posted["error"]
        return posted

    return browse


def _wait(answers, browser, seconds=120):
    """What comes first: an answer, or `None` at the end of the browser or of the time."""
    for _ in range(seconds):
        try:
            return answers.get(timeout=1)
        except queue.Empty:
            if browser.poll() is not None:
                return None
    return None


def _as_json(case):
    found = {}
    for name, sent in case.sent.items():
        values = sent.reshape(len(sent), -1).tolist()
        found[name] = {"dtype": str(sent.dtype), "shape": [1, *sent.shape[1:]], "values": values}
    return {"rows": len(sent), "inputs": found}


def _as_array(values, like):
    # What is not finite is null in JSON, and NaN here.
    return np.array(values, "float64").astype(like.dtype).reshape(len(values), *like.shape[1:])


def _as_arrays(posted, cases):
    return {
        signature: {
            name: _as_array(values, cases[signature].expected[name]) for name, values in outputs.items()
        }
        for signature, outputs in posted["answers"].items()
    }


@pytest.mark.parametrize("precision", ["float32", "int8"])
@pytest.mark.parametrize("name", ["dense", "conv"])
def test_every_signature_answers_as_the_model(name, precision, edge_file, browse, faults):
    artifact, cases = edge_file(name, precision)
    posted = browse(artifact, cases)
    assert set(posted["signatures"]) == set(cases)
    assert not faults(artifact, cases, _as_arrays(posted, cases))


def test_threads_answer_the_same(edge_file, browse, faults):
    artifact, cases = edge_file("dense", "float32")
    posted = browse(artifact, cases, threads=True)
    assert posted["isolated"]
    assert not faults(artifact, cases, _as_arrays(posted, cases))
