"""The stream of a C library answers reading by reading as `kerasae.export.Stream` does."""

import shutil
import subprocess

import numpy as np
import pytest
from c_libraries import make, needs_arm, of_c, of_python, on_qemu, readings_of, unlike
from kerasae.export import Subject
from kerasae.export.embedded import embedded_facts

from kerasae.calibration import AlarmRule

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc: apt-get install gcc libc6-dev"),
]


@pytest.fixture(scope="module", params=["series", "windows"])
def streamed(request, library):
    """A library, readings and where they begin anew, and Python's answers."""
    artifact, run = library(request.param)
    subject = Subject.of(run)
    rows, begins = readings_of(subject.preprocessor.spec, subject.held_out, 4000)
    expected = of_python(artifact.path, rows, begins)
    assert 0.2 < expected[0].mean() < 1
    assert 0 < expected[2][:, 0].mean() < 1
    return artifact, rows, begins, expected


def test_answers_are_those_of_the_stream(streamed, tmp_path):
    artifact, rows, begins, expected = streamed
    make(artifact, "stream", BUILD=tmp_path)
    command = [tmp_path / "stream", "push", "rows", "answers"]
    assert unlike(expected, of_c(command, tmp_path, rows, begins)) == 0
    # The comparison can fail: a reading that is left out moves all windows after it.
    kept = np.delete(np.arange(len(rows)), 50)
    moved = of_c(command, tmp_path, rows[[*kept, 0]], begins[[*kept, 0]])
    assert unlike(expected, moved) > 100


@pytest.mark.parametrize("rule", [(5, 0.8, 3), (1, 0.5, 2), (3, 1.0, 2)])
def test_alarms_follow_the_rule(streamed, tmp_path, rule):
    artifact, rows, begins, plain = streamed
    smooth, release, least = rule
    threshold = float(np.float32(threshold_of(artifact)))
    expected = of_python(artifact.path, rows, begins, AlarmRule(threshold, smooth, release, least))
    (name,) = (path.stem for path in artifact.path.glob("src/*.c"))
    upper = name.upper()
    flags = f"-O2 -D{upper}_SMOOTH={smooth} -D{upper}_RELEASE={release} -D{upper}_LEAST={least}"
    make(artifact, "stream", BUILD=tmp_path, CFLAGS=flags)
    got = of_c([tmp_path / "stream", "push", "rows", "answers"], tmp_path, rows, begins)
    assert unlike(expected, got) == 0
    assert (expected[2][:, 1] != plain[2][:, 1]).any()


@needs_arm
@pytest.mark.parametrize("core", ["m4", "m0"])
def test_a_microcontroller_answers_the_same(streamed, core, tmp_path):
    artifact, rows, begins, expected = streamed
    make(artifact, "stream_arm", CORE=core, BUILD=tmp_path)
    command = on_qemu(tmp_path / f"stream_{core}.elf", "push")
    assert (
        unlike([part[:1000] for part in expected], of_c(command, tmp_path, rows[:1000], begins[:1000])) == 0
    )


def test_facts_and_guide_describe_the_stream(streamed):
    artifact, *_ = streamed
    header = next(artifact.path.glob("src/*.c")).with_suffix(".h").read_text()
    guide = (artifact.path / "README.md").read_text()
    sketch = next(artifact.path.glob("examples/*/*.ino")).read_text()
    assert "_CHANNELS 2" in header and "_FLOW = 0," in header
    assert "| 1 | number 'pressure' |" in guide and "_push` keeps the last 12 readings" in guide
    assert "_push(&stream, reading, &answer)" in sketch and "delay(1000)" in sketch
    if artifact.facts["measured"]:
        sizes = artifact.facts["measured"]["cortex-m4"]
        # One window, and the working memory.
        assert 4 * 24 + artifact.facts["arena_bytes"] <= sizes["ram"] < 16 * 1024
        assert "program that calls" in guide and "_push`, by" in guide


def test_strict_compilers_accept_the_stream(streamed, tmp_path):
    """Of `-Wconversion` no warning is about the stream."""
    artifact, *_ = streamed
    (source,) = artifact.path.glob("src/*.c")
    text = source.read_text()
    first = text[: text.index("_reset(")].count("\n")
    command = ["gcc", "-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-c", source]
    done = subprocess.run([*command, "-o", tmp_path / "o.o"], capture_output=True, text=True, check=True)
    lines = [line.split(":")[1] for line in done.stderr.splitlines() if line.startswith(f"{source}:")]
    assert [line for line in lines if line.isdigit() and int(line) > first] == []


def threshold_of(artifact):
    (path,) = artifact.path.glob("*.tflite")
    return embedded_facts(path.read_bytes())["detector"]["threshold"]
