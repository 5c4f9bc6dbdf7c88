"""What type checkers see of the library."""

import ast
import importlib
import os
import subprocess
import sys

import pytest
from stubs import ROOT, stubs


def test_the_stubs_are_what_the_folders_say():
    stale = [path for path, text in stubs() if not path.is_file() or path.read_text() != text]
    assert not stale, "run python tests/stubs.py"


#: Modules of base classes from libraries without types, which have a stub written by hand.
BASES = ("kerasae.keras_classes", "kerasae.sklearn._bases", "kerasae.tuning._bases")


def path_of(module):
    name = module.removeprefix("kerasae.") if module.startswith("kerasae.tuning") else module
    return ROOT / f"{name.replace('.', '/')}.pyi"


def test_every_other_stub_is_of_base_classes():
    written = {path for path, _ in stubs()}
    found = {path for folder in ("kerasae", "export", "tuning") for path in ROOT.glob(f"{folder}/**/*.pyi")}
    assert found - written == {path_of(module) for module in BASES}


@pytest.mark.parametrize("module", BASES)
def test_a_stub_of_base_classes_says_what_is_there(module):
    """Each class and each of its members exists in the library, so that a type checker is not misled."""
    loaded = importlib.import_module(module)
    classes = [node for node in ast.parse(path_of(module).read_text()).body if isinstance(node, ast.ClassDef)]
    assert {node.name for node in classes if node.name[0] != "_"} == {*loaded.__all__}
    for node in classes:
        for member in node.body:
            if isinstance(member, ast.FunctionDef) and member.name != "__getattr__":
                name = node.name.removeprefix("_")
                assert hasattr(getattr(loaded, name), member.name), f"{name}.{member.name}"


@pytest.mark.parametrize(
    "package", ["kerasae.models", "kerasae.losses", "kerasae.export", "kerasae.workflows"]
)
def test_a_stub_names_all_that_is_public(package):
    module = importlib.import_module(package)
    text = next(text for path, text in stubs() if path.parent.name == package.rpartition(".")[2])
    assert all(f" as {name}" in text for name in module.__all__)


@pytest.mark.slow
def test_the_users_script_runs(tmp_path):
    """The script that type checkers read is no fiction."""
    script = ROOT / "tests" / "types" / "user.py"
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, script, tmp_path], env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-3000:]
