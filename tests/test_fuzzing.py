"""Damaged files, a few hundred for each reader; `benchmarks/fuzz.py` reads as many as are asked for."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fuzzing import READERS
from fuzzing.judge import opened, read_damaged
from fuzzing.tables import Text

_COMMAND = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
#: Readers whose files are quick to read.
_QUICK = ("text", "npy", "npz", "idx", "mask", "kae", "recipe", "manifest")


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        *((name, 300) for name in _QUICK),
        *(pytest.param(name, 300, marks=pytest.mark.slow) for name in READERS if name not in _QUICK),
    ],
)
def test_a_damaged_file_is_read_or_refused_in_one_line(name, inputs, tmp_path):
    answers, failures = read_damaged(opened(READERS[name], tmp_path), range(inputs), seed=0)
    assert not failures
    assert answers.total() == inputs
    assert 0 < answers["taken"] < inputs


def unexpected():
    {}["x"]


def from_below():
    json.loads("{")


def two_lines():
    raise ValueError("one\ntwo")


def swallowed():
    class Noisy:
        def __del__(self):
            raise OSError("lost")

    Noisy()


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (unexpected, "another exception: KeyError"),
        (from_below, "not of the reader's own: JSONDecodeError"),
        (two_lines, "not of the reader's own: ValueError"),
        (swallowed, "a traceback on the terminal: OSError"),
        (lambda: time.sleep(1), "more than 0.2 s"),
    ],
)
def test_the_search_for_faults_finds_them(fault, kind, monkeypatch, tmp_path):
    """Each kind of fault, put into a reader."""
    reader = opened(Text, tmp_path)
    monkeypatch.setattr("fuzzing.judge.SECONDS", 0.2)
    monkeypatch.setattr(Text, "__call__", lambda self, path: fault())
    _, failures = read_damaged(reader, range(2), seed=0)
    assert [one.partition(" at ")[0] for one in failures] == [kind]


@pytest.mark.slow
def test_the_command_says_what_it_read_and_keeps_what_ends_a_process(tmp_path):
    """Any number of workers reads the same files."""
    command = [sys.executable, _COMMAND, "text", "--inputs", "60", "--out", tmp_path]
    said = []
    for workers in ("1", "2"):
        done = subprocess.run([*command, "--workers", workers], capture_output=True, text=True, timeout=200)
        assert done.returncode == 0, done.stderr[-2000:]
        assert done.stdout.startswith("text: 60 inputs, ")
        said.append(done.stdout.partition("second: ")[2])
    assert said[0] == said[1]
    dies = (
        "import os, runpy, sys; sys.argv = sys.argv[1:]; sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
        "from fuzzing.tables import Text\n"
        "read = Text.__call__\n"
        "Text.__call__ = lambda self, path: os.abort() if b'\\0' in path.read_bytes() else read(self, path)\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", dies, *command[1:]], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 1, done.stderr[-2000:]
    assert "FAILED a process died" in done.stdout
    assert b"\0" in (tmp_path / "text-0.txt").read_bytes()
