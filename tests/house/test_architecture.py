"""The house: each file in its room, imports in one direction, one member a file."""

import ast
import importlib
import inspect
import re
import statistics
from pathlib import Path

import pytest

from kerasae import registry

ROOT = Path(__file__).parents[2]

#: Which rooms a room may import, itself aside. A look-up by name in `registry` does not count.
ALLOWED = {
    "arguments": set(),
    "progress": set(),
    "notations": set(),
    "precisions": set(),
    "spec": {"notations"},
    "backend": set(),
    "extras": set(),
    "registry": set(),
    "seeds": set(),
    "codec": set(),
    "constraints": set(),
    "optimizers": set(),
    "jacobian": set(),
    "keras_classes": set(),
    "image_decoding": set(),
    "layers": {"spec"},
    "kinds": {"spec", "registry", "layers"},
    "losses": {"spec", "registry", "layers"},
    "corruptions": {"registry", "layers"},
    "penalties": {"registry", "layers", "jacobian"},
    "preprocessing": {"spec", "registry", "layers", "notations"},
    "maps": set(),
    "networks": {"maps", "spec", "registry", "layers"},
    "models": {
        "maps",
        "kinds",
        "spec",
        "registry",
        "codec",
        "constraints",
        "corruptions",
        "files",
        "layers",
        "losses",
        "optimizers",
        "penalties",
        "preprocessing",
        "seeds",
    },
    "data": {
        "kinds",
        "files",
        "spec",
        "registry",
        "preprocessing",
        "image_decoding",
        "notations",
        "remote",
        "extras",
    },
    "files": set(),
    "remote": {"files", "extras"},
    "training": {
        "backend",
        "kinds",
        "files",
        "layers",
        "registry",
        "models",
        "data",
        "optimizers",
        "seeds",
        "extras",
    },
    "baselines": {"codec", "data", "kinds", "registry", "spec"},
    "metrics": {"baselines", "kinds", "codec", "data", "registry", "spec", "extras"},
    "report": {"files", "metrics"},
    "living": {"data", "kinds", "report", "spec"},
    "start": {"models", "preprocessing", "remote"},
    "recipe": {
        "files",
        "start",
        "kinds",
        "spec",
        "registry",
        "data",
        "models",
        "networks",
        "preprocessing",
        "seeds",
        "training",
    },
    "runs": {"data", "files", "models", "recipe", "remote", "training"},
    "trackers": {"__version__", "export", "extras", "files", "precisions", "registry", "remote", "runs"},
    "calibration": set(),
    "scores": {"calibration", "kinds", "codec", "data", "layers", "losses", "registry"},
    "thresholds": {"calibration", "registry"},
    "presets": {"kinds", "registry", "spec"},
    "applications": {
        "calibration",
        "baselines",
        "kinds",
        "codec",
        "corruptions",
        "data",
        "metrics",
        "files",
        "layers",
        "living",
        "losses",
        "models",
        "preprocessing",
        "recipe",
        "registry",
        "remote",
        "report",
        "runs",
        "scores",
        "seeds",
        "spec",
        "thresholds",
        "training",
        "extras",
    },
    "sklearn": {
        "applications",
        "presets",
        "scores",
        "seeds",
        "thresholds",
        "data",
        "models",
        "preprocessing",
        "recipe",
        "spec",
        "training",
    },
    "export": {
        "calibration",
        "kinds",
        "__version__",
        "backend",
        "codec",
        "data",
        "metrics",
        "files",
        "image_decoding",
        "layers",
        "losses",
        "models",
        "notations",
        "penalties",
        "precisions",
        "remote",
        "preprocessing",
        "registry",
        "runs",
        "scores",
        "spec",
        "thresholds",
        "extras",
    },
    "tuning": {
        "baselines",
        "kinds",
        "codec",
        "data",
        "metrics",
        "export",
        "files",
        "models",
        "networks",
        "precisions",
        "recipe",
        "registry",
        "report",
        "runs",
        "spec",
        "training",
        "extras",
    },
}
# The verbs use every room; only the command line is above them.
ALLOWED["workflows"] = {*ALLOWED}
ALLOWED["cli"] = {
    "workflows",
    "registry",
    "backend",
    "precisions",
    "__version__",
    # What parsing needs: a recipe, which source is meant, the settings of a search, a strategy.
    "recipe",
    "data",
    "remote",
    "tuning",
    "training",
    # That --out is new, before TensorFlow is imported.
    "files",
}


def files():
    for folder in ("kerasae", "tuning", "export"):
        yield from (ROOT / folder).rglob("*.py")


def room(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[0] if parts[0] in ("tuning", "export") else parts[1]


def imports(path):
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("kerasae"):
            if node.module == "kerasae":
                yield from (alias.name for alias in node.names)
            else:
                yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("kerasae."):
                    yield alias.name.split(".")[1]


def test_imports_run_one_way():
    wrong = []
    for path in files():
        where = room(path)
        if where in ("__init__", "__main__"):
            continue
        for target in imports(path):
            if target not in {where, "keras_classes", "arguments", "progress", *ALLOWED[where]}:
                wrong.append(f"{path.relative_to(ROOT)} imports {target}")
    assert not wrong


def test_kinds_are_asked_not_compared():
    """An `if` on the kind of an example outside `kinds/` is a method that is missing there.

    The few that are left: estimators, preprocessors and files take a data frame as well as an array, and say
    which they got; a preset is written for texts; a source reads images for a model of images.
    """
    names, places = {*registry.names("kind")}, []
    for path in files():
        if room(path) == "kinds":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Compare):
                asked = getattr(node.left, "attr", getattr(node.left, "id", "")) == "kind"
                parts = [part for side in node.comparators for part in ast.walk(side)]
                compared = {getattr(part, "value", None) for part in parts}
                found = asked and compared & names
            else:
                found = isinstance(node, ast.Call) and re.match(
                    r"isinstance\(.*\bpd\.DataFrame\b", ast.unparse(node)
                )
            if found:
                places.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert len(places) <= 20, places


def test_nobody_reaches_into_another_room():
    """What starts with an underscore is private to its folder and the folders below."""
    wrong = []
    for path in files():
        outer = [] if path.is_relative_to(ROOT / "kerasae") else ["kerasae"]
        here = ".".join([*outer, *path.parent.relative_to(ROOT).parts])
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("kerasae"):
                continue
            for alias in node.names:
                parts = [*node.module.split("."), alias.name]
                private = next((i for i, part in enumerate(parts) if re.match(r"_[^_]", part)), None)
                home = ".".join(parts[:private])
                if private is not None and not f"{here}.".startswith(f"{home}."):
                    wrong.append(f"{path.relative_to(ROOT)} imports {'.'.join(parts)}")
    assert not wrong


def test_nothing_imports_the_command_line():
    users = {room(path) for path in files() if "cli" in set(imports(path))}
    assert users <= {"cli", "__main__"}


def test_a_command_parses_calls_a_workflow_and_prints():
    """More than that does not fit into a file of 80 lines."""
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "kerasae/cli").rglob("*.py")}
    assert [str(path) for path, length in lengths.items() if length > 80] == []


def test_files_and_folders_are_small():
    """A file holds one idea, and a folder is looked through at a glance."""
    lengths = {path: len(path.read_text().splitlines()) for path in files()}
    assert [str(path) for path, length in lengths.items() if length > 350] == []
    assert statistics.median(lengths.values()) < 120
    for top in ("kerasae", "tuning", "export", "tests", "benchmarks"):
        for folder in [ROOT / top, *(ROOT / top).rglob("*/")]:
            if folder.name != "__pycache__":
                held = [path.name for path in folder.iterdir() if path.is_file()]
                assert len(held) <= 20, folder


@pytest.mark.parametrize("name", [name for name in registry.ROOMS if name != "command"])
def test_every_file_of_a_room_has_one_member(name):
    for member in registry.names(name):
        found = registry.resolve(name, member)
        assert inspect.getdoc(found), member
        module = importlib.import_module(found.__module__)
        assert module.__doc__


def test_public_families_document_every_argument_of_their_own():
    for name in registry.names("model"):
        family = registry.resolve("model", name)
        text = family.__doc__
        assert "Reference:" in text
        assert "Example:" in text
        for argument in inspect.signature(family.__init__).parameters:
            if argument not in ("self", "kwargs"):
                assert re.search(rf"^\s+{argument}: ", text, re.MULTILINE), f"{name}: {argument}"


def test_only_the_command_line_prints():
    for path in files():
        if room(path) != "cli":
            calls = [
                node.func.id
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            ]
            assert "print" not in calls, path


def test_no_module_needs_unix():
    """Modules of Python that other systems lack; what one system alone has is asked for where it is used."""
    unix = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios"}
    for path in files():
        for node in ast.parse(path.read_text()).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not unix & {*names}, path


def test_every_package_is_listed_for_the_wheel():
    """`find:` cannot see the remapped folders, so setup.cfg names each package."""
    text = (ROOT / "setup.cfg").read_text()
    for path in files():
        if path.name == "__init__.py":
            parts = path.parent.relative_to(ROOT).parts
            package = ".".join(parts if parts[0] == "kerasae" else ("kerasae", *parts))
            assert re.search(rf"^    {re.escape(package)}$", text, re.MULTILINE), package


def test_every_template_and_script_is_listed_for_the_wheel():
    text = (ROOT / "setup.cfg").read_text()
    for folder in ("kerasae", "tuning", "export"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix not in (".jinja", ".js", ".css", ".LICENSE"):
                continue
            parts = path.parent.relative_to(ROOT).parts
            package = ".".join(parts if parts[0] == "kerasae" else ("kerasae", *parts))
            assert re.search(rf"^{re.escape(package)} = .*{path.suffix}(,|$)", text, re.MULTILINE), path
