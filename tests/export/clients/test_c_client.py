"""The files for devices answer from C as the model does, through the shared library of LiteRT alone."""

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("cc") is None, reason="needs a C compiler: apt-get install gcc libc6-dev"
    ),
]

LIBRARY = Path(str(files("ai_edge_litert"))) / "libLiteRt.so"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The C program, and what it says: exit status, stderr."""
    program = tmp_path_factory.mktemp("c") / "litert_client"
    source = Path(__file__).parent / "litert_client.c"
    subprocess.run(
        ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", source, "-o", program, "-ldl"], check=True
    )

    def client(model, jobs):
        done = subprocess.run([program, LIBRARY, model, jobs], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stderr

    return client


@pytest.fixture
def answer(client, tmp_path):
    """What a file answers from C to the rows of cases, by signature."""

    def answer(artifact, cases):
        lines = []
        for signature, case in cases.items():
            lines.append(f"run {signature}")
            for name, rows in case.sent.items():
                rows.tofile(tmp_path / f"{signature}.in.{name}")
                lines.append(f"in {name} {tmp_path}/{signature}.in.{name}")
            lines += [f"out {name} {tmp_path}/{signature}.out.{name}" for name in case.expected]
        (tmp_path / "jobs").write_text("\n".join(lines) + "\n")
        status, said = client(artifact.path, tmp_path / "jobs")
        assert status == 0, said
        return {
            signature: {
                name: np.fromfile(tmp_path / f"{signature}.out.{name}", one.dtype).reshape(one.shape)
                for name, one in case.expected.items()
            }
            for signature, case in cases.items()
        }

    return answer


@pytest.mark.parametrize("precision", ["float32", "float16", "dynamic", "int8"])
@pytest.mark.parametrize("name", ["dense", "conv"])
def test_every_signature_answers_as_the_model(name, precision, edge_file, answer, faults):
    artifact, cases = edge_file(name, precision)
    assert not faults(artifact, cases, answer(artifact, cases))


def test_weights_a_tenth_off_are_seen(edge_file, answer, faults):
    artifact, cases = edge_file("dense", "float32")
    answers = answer(artifact, cases)
    answers["decode"]["reconstruction"] *= 1.1
    assert any(line.startswith("decode reconstruction") for line in faults(artifact, cases, answers))


def test_an_unknown_signature_is_an_error(edge_file, client, tmp_path):
    (tmp_path / "jobs").write_text("run embed\n")
    status, said = client(edge_file("dense", "float32")[0].path, tmp_path / "jobs")
    assert status == 1
    assert "The file has no signature: embed" in said
