"""What type checkers see of the library."""

import pytest
from stubs import ROOT, stubs


def test_the_stubs_are_what_the_folders_say():
    stale = [path for path, text in stubs() if not path.is_file() or path.read_text() != text]
    assert not stale, "run python tests/stubs.py"


def test_every_stub_belongs_to_a_package():
    written = {path for path, _ in stubs()}
    assert {
        *ROOT.glob("kerasae/**/*.pyi"),
        *ROOT.glob("export/**/*.pyi"),
        *ROOT.glob("tuning/**/*.pyi"),
    } == written


@pytest.mark.parametrize(
    "package", ["kerasae.models", "kerasae.losses", "kerasae.export", "kerasae.workflows"]
)
def test_a_stub_names_all_that_is_public(package):
    import importlib

    module = importlib.import_module(package)
    text = next(text for path, text in stubs() if path.parent.name == package.rpartition(".")[2])
    assert all(f" as {name}" in text for name in module.__all__)
