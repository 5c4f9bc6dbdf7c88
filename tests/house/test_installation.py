"""What an installation holds: declared packages, extras that their messages name, and a quick import."""

import ast
import configparser
import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kerasae.extras import import_extra

ROOT = Path(__file__).parents[2]
#: Packages whose modules have another name.
MODULES = {
    "pillow": "PIL",
    "scikit-learn": "sklearn",
    "tensorflow-serving-api": "tensorflow_serving",
    "umap-learn": "umap",
}
#: Modules of packages that come with a declared one, which cannot do without them.
COME_ALONG = {
    "absl": "tensorflow-datasets",
    "flatbuffers": "tensorflow",
    "grpc": "tensorflow",
    "joblib": "scikit-learn",
}


def requirements():
    """The packages of a plain installation under `""`, and those of each extra."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    texts = {"": config["options"]["install_requires"], **config["options.extras_require"]}
    return {
        extra: {Requirement(line).name for line in text.splitlines() if line and line[0] != "#"}
        for extra, text in texts.items()
    }


def trees():
    for folder in ("kerasae", "export", "tuning"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def module_of(package):
    return MODULES.get(package, package.replace("-", "_"))


def imported(tree):
    """Names of the top-level modules that a file imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def asked_for(tree):
    """Modules and extras of the calls of `import_extra` in a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "import_extra":
            yield tuple(ast.literal_eval(argument) for argument in node.args[:2])


def test_every_package_that_is_imported_is_declared():
    plain = {module_of(package) for package in requirements()[""]} | {*COME_ALONG}
    # The interpreter for microcontrollers runs in a program of its own; ONNX Runtime under a check before.
    # SQLAlchemy is imported where `import_extra` has found it, and a tracker says what it requires.
    optional = {"tflite_micro": "tiny", "onnxruntime": "onnx", "sqlalchemy": "sql"}
    optional |= {"mlflow": "mlflow", "wandb": "wandb"}
    for path, tree in trees():
        for module in imported(tree):
            known = module in plain or module in sys.stdlib_module_names or module == "kerasae"
            assert known or module in optional, f"{path.relative_to(ROOT)} imports {module}"
    for module, extra in optional.items():
        assert module in {module_of(package) for package in requirements()[extra]}


def test_a_package_of_an_extra_is_imported_in_one_way():
    calls = [one for _, tree in trees() for one in asked_for(tree)]
    assert {extra for _, extra in calls} == {"excel", "retrieval", "series", "sql", "umap"}
    for module, extra in calls:
        inside = {module_of(package) for package in requirements()[extra]}
        assert module.partition(".")[0] in inside, f"{module} is not in the extra {extra}"
    for path, tree in trees():
        handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)]
        caught = [path.name for node in handlers if "ImportError" in ast.unparse(node.type or node)]
        assert set(caught) <= {"importing.py", "verify.py", "_objects.py"}, path


@pytest.fixture
def hidden(monkeypatch):
    """Hides an installed package, as if it were not."""

    def hide(root):
        for name in [root, *(name for name in sys.modules if name.startswith(f"{root}."))]:
            monkeypatch.setitem(sys.modules, name, None)

    return hide


@pytest.mark.parametrize("module", ["numpy", "scipy.stats"])
def test_a_hidden_package_is_asked_for_in_one_line(module, hidden):
    hidden(module.partition(".")[0])
    with pytest.raises(ImportError) as caught:
        import_extra(module, "umap", "`map='umap'`", package="umap-learn")
    expected = "`map='umap'` needs umap-learn, which is not installed: pip install 'kerasae[umap]'."
    assert str(caught.value) == expected


def test_a_broken_package_is_not_called_missing(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("raise ImportError('numpy 3\\nis needed.')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError) as caught:
        import_extra("broken_package", "umap", "This")
    expected = "This needs broken_package, which cannot be imported (numpy 3 is needed): pip install -U"
    assert str(caught.value) == f"{expected} 'kerasae[umap]'."


def test_a_command_names_the_extra_and_writes_nothing(hidden, tmp_path, kerasae):
    hidden("sqlalchemy")
    status, _, err = kerasae("train", "sqlite:///x.db", "--sql", "select 1", "--out", tmp_path / "run")
    assert status == 2 and err.count("\n") == 1
    assert "needs sqlalchemy, which is not installed: pip install 'kerasae[sql]'." in err
    assert not list(tmp_path.iterdir())


def test_an_import_takes_no_time(run_python):
    """Below 0.2 s of processor time, and without any large library."""
    script = (
        "import sys, time; began = time.process_time(); import kerasae\n"
        "took = time.process_time() - began; assert took < 0.2, took\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = {*run_python(script, cold=True).split()}
    third_party = {module_of(package) for package in requirements()[""]}
    assert loaded & third_party == set()


def test_the_oldest_versions_are_those_of_the_requirements():
    """`tests/oldest.txt` pins each bound of setup.cfg, for an installation of the oldest versions."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    lines = config["options"]["install_requires"].splitlines()
    lines += config["options.extras_require"]["test"].splitlines()
    bounds = {}
    for line in lines:
        if line and line[0] != "#":
            requirement = Requirement(line)
            (bound,) = [one for one in requirement.specifier if one.operator == ">="]
            bounds[requirement.name] = bound.version
    pinned = [line for line in (ROOT / "tests/oldest.txt").read_text().splitlines() if line[0] != "#"]
    assert pinned == [f"{name}=={version}" for name, version in sorted(bounds.items())]


def test_every_extra_is_in_the_documentation():
    page = (ROOT / "docs/start/install.md").read_text().partition("## Extras")[2]
    cells = re.findall(r"^\| (`[^|]*) \|", page, re.MULTILINE)
    assert {*re.findall(r"`(\w+)`", " ".join(cells))} == {*requirements()} - {""}
