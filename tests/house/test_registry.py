"""The registry: files and packages as members, a user's own folders beside the library's."""

import os
import subprocess
import sys

import pytest

from kerasae import registry
from kerasae.registry._members import _names

LOSS = '''
"""A loss of a user's own."""

from kerasae.losses.squared_error import SquaredError


class {name}(SquaredError):
    """Squared error under another name."""
'''


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder of a user's own, with a loss that is one file and a loss that is a package."""
    losses = tmp_path / "losses"
    (losses / "from_a_package").mkdir(parents=True)
    (losses / "from_a_file.py").write_text(LOSS.format(name="FromAFile"))
    (losses / "from_a_package" / "_helper.py").write_text(LOSS.format(name="FromAPackage"))
    (losses / "from_a_package" / "__init__.py").write_text(
        "from kerasae.losses.from_a_package._helper import FromAPackage\n\n__all__ = ['FromAPackage']\n"
    )
    monkeypatch.setenv("KERASAE_PATH", str(tmp_path))
    yield losses
    import kerasae.losses

    if str(losses) in kerasae.losses.__path__:
        kerasae.losses.__path__.remove(str(losses))
    for name in [name for name in sys.modules if name.startswith("kerasae.losses.from_a_")]:
        del sys.modules[name]


@pytest.mark.parametrize("name, member", [("from_a_file", "FromAFile"), ("from_a_package", "FromAPackage")])
def test_a_member_comes_from_a_file_or_a_package(outside, name, member):
    assert name in registry.names("loss")
    assert registry.resolve("loss", name).__name__ == member
    assert f"class {member}" in registry.source_of("loss", name).read_text()


def test_a_package_with_two_public_names_is_refused(outside):
    (outside / "from_a_package" / "__init__.py").write_text("__all__ = ['One', 'Other']\n")
    with pytest.raises(
        TypeError, match=r"must hold one name, that of the member; received \['One', 'Other'\]"
    ):
        registry.resolve("loss", "from_a_package")


def test_the_command_line_knows_what_lies_outside(outside):
    code = "from kerasae.cli import main; main(['show', 'loss'])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "from_a_file" in shown and "from_a_package" in shown


def test_without_the_variable_only_the_library_is_searched():
    assert not {"from_a_file", "from_a_package"} & {*registry.names("loss")}


def test_a_name_that_is_taken_is_refused(outside, monkeypatch):
    (outside / "squared_error.py").write_text(LOSS.format(name="Mine"))
    _names.cache_clear()
    with pytest.raises(ValueError, match=r"a name that is free, received .*squared_error, which .* has too"):
        registry.names("loss")
    _names.cache_clear()


def test_who_forgot_the_variable_is_told_of_it(monkeypatch):
    monkeypatch.delenv("KERASAE_PATH", raising=False)
    with pytest.raises(ValueError, match="file of your own, set KERASAE_PATH"):
        registry.resolve("model", "wasserstein")
    with pytest.raises(ValueError, match=r"did you mean 'sparse'\?") as typo:
        registry.resolve("model", "sprase")
    assert "KERASAE_PATH" not in str(typo.value)


@pytest.mark.parametrize(
    ("text", "line", "error"),
    [
        ("import keras\n\ndef oops(:\n", 3, "SyntaxError: invalid syntax"),
        ("import keras\nimport no_such_module\n", 2, "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def made():\n    return 1 / 0\n\n\nVALUE = made()\n", 2, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_file_that_python_cannot_import_is_named_with_its_line(outside, kerasae, text, line, error):
    file = outside / "from_a_typing_error.py"
    file.write_text(text)
    status, out, err = kerasae("show", "loss", "from_a_typing_error")
    assert (status, out) == (2, "")
    assert err == (
        "kerasae: Expected a file that Python can import as the loss 'from_a_typing_error', received "
        f"{file}, line {line}: {error}\n"
    )


@pytest.mark.parametrize(("made", "there"), [(False, "nothing there"), (True, "a file")])
def test_what_is_no_folder_on_the_path_is_refused_in_one_line(tmp_path, monkeypatch, kerasae, made, there):
    path = tmp_path / "parst"
    if made:
        path.write_text("")
    monkeypatch.setenv("KERASAE_PATH", os.pathsep.join([str(tmp_path), str(path)]))
    status, out, err = kerasae("show", "loss")
    assert (status, out) == (2, "")
    assert err == (
        f"kerasae: Expected folders in the variable KERASAE_PATH, received '{path}' ({there}); correct the "
        "variable, or unset it.\n"
    )
