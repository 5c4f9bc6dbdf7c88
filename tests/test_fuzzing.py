"""Damaged files, a few hundred for each reader; `benchmarks/fuzz.py` reads as many as are asked for."""

import importlib.util
from pathlib import Path

import pytest

_PATH = Path(__file__).parents[1] / "benchmarks" / "fuzz.py"
_SPEC = importlib.util.spec_from_file_location("fuzz", _PATH)
fuzz = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(fuzz)

#: Readers whose files are quick to read, and of how many files.
_QUICK = {
    "text": 150,
    "npy": 150,
    "npz": 150,
    "idx": 150,
    "mask": 150,
    "kae": 150,
    "recipe": 150,
    "manifest": 150,
}


@pytest.mark.parametrize("name", [*_QUICK])
def test_a_damaged_file_is_read_or_refused_in_one_line(name):
    answers, failures = fuzz.fuzz(name, _QUICK[name], seed=0)
    assert not failures
    assert answers.total() == _QUICK[name]
    assert answers["taken"]
    assert answers["taken"] < _QUICK[name]


@pytest.mark.slow
def test_a_damaged_image_is_read_or_refused_in_one_line():
    answers, failures = fuzz.fuzz("image", 300, seed=0)
    assert not failures
    assert 0 < answers["taken"] < 300


def test_the_search_for_faults_finds_them(monkeypatch):
    """Each kind of fault, put into a reader."""

    faults = [
        (lambda self, path: {}["x"], "another exception: KeyError"),
        (lambda self, path: __import__("json").loads("{"), "not of the reader's own: JSONDecodeError"),
    ]
    sound = fuzz.Text.__call__
    for fault, kind in faults:

        def read(self, path, fault=fault):
            sound(self, path) if path.name.startswith("sound") else fault(self, path)

        monkeypatch.setattr(fuzz.Text, "__call__", read)
        _, failures = fuzz.fuzz("text", 3, seed=0)
        assert [one.partition(" at ")[0] for one in failures] == [kind]
