"""Every example in a docstring runs, and gives the answer that stands below it.

A line without an answer may give any. Names that an example does not make, such as `model`, stand for what a
reader has: `names_of` says what. Trainings are shortened to an epoch.
"""

import ast
import doctest
import importlib
import inspect
import re
import shutil
import zipfile

import numpy as np
import pytest
from keras import ops
from pages import ROOT
from small_logs import sines
from small_maps import built, images
from table_rows import rows, table_model, with_gaps

import kerasae
from kerasae import Recipe, train

PARSER = doctest.DocTestParser()
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
#: Numbers in the answers of a trained model, which are not those of the training here.
FIGURE = re.compile(r"-?\d+\.\d+(e-?\d+)?")
#: Examples that take long, and that other tests run: here only their names and arguments are checked.
BOUND = {
    "kerasae.export.formats.": "tests/export/test_formats.py writes every format",
    "kerasae.export.opening": "tests/export/test_codec.py",
    "kerasae.export.scoring.streams.stream": "tests/export/edge/test_stream.py",
    "kerasae.tuning.hypermodel": "tests/tuning/test_search.py",
    "kerasae.workflows.comparison.families": "tests/cli/test_compare.py",
    "kerasae.workflows.exporting": "tests/export/test_bundle.py",
    "kerasae.workflows.training": "tests/cli/test_run.py",
    "kerasae.workflows.tuning": "tests/tuning/test_winner.py",
}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts if parts[0] == "kerasae" else ("kerasae", *parts)).removesuffix(".__init__")


def docstrings():
    """The module, the name and the text of each docstring with an example."""
    for folder in ("kerasae", "export", "tuning"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ">>>" not in (source := path.read_text()):
                continue
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    text = ast.get_docstring(node) or ""
                    if ">>>" in text:
                        yield module_name(path), getattr(node, "name", "module"), text


EXAMPLES = list(docstrings())
#: Rooms whose examples train a model.
SLOW = ("kerasae.applications", "kerasae.models", "kerasae.sklearn")
RUN = [
    pytest.param(*one, marks=[pytest.mark.slow] if one[0].startswith(SLOW) else [], id=f"{one[0]}.{one[1]}")
    for one in EXAMPLES
    if not one[0].startswith(tuple(BOUND))
]
LONG = [one for one in EXAMPLES if one[0].startswith(tuple(BOUND))]


class Checker(doctest.OutputChecker):
    """Takes any answer where none is given, and other figures where a trained model gives them."""

    def check_output(self, want, got, optionflags):
        if not want or super().check_output(want, got, optionflags):
            return True
        # Only an answer of several kinds, such as a dict of figures, is that of a trained model.
        alike = [FIGURE.sub("0.0", text) for text in (want, got)]
        return want.startswith("{") and super().check_output(*alike, optionflags)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with what examples name: a run, a bundle of another one, and rows for it."""
    home = tmp_path_factory.mktemp("examples")
    (release,) = (ROOT / "tests" / "releases").glob(f"{kerasae.__version__}.zip")
    with zipfile.ZipFile(release) as archive:
        archive.extractall(home)
    (home / "bundle").rename(home / "ship")
    for name in ("new.csv", "site.csv"):
        shutil.copy(home / "rows.csv", home / name)
    (home / "runs" / "denoiser").mkdir(parents=True)
    built((16, 16, 1), "denoising").save(home / "runs" / "denoiser" / "model.keras")
    return home


@pytest.fixture(scope="module")
def trained(digits):
    """A variational model on digits, after an epoch."""
    model = Recipe.of("variational", latent_dim=8, network={"widths": [16]}).build(digits)
    train(model, digits, epochs=1, batch_size=512)
    return model


@pytest.fixture
def names_of(digits, trained):
    """What the names in the examples of a module stand for."""

    def names_of(module):
        names = {"kerasae": kerasae, "np": np, "ops": ops, "data": digits, "model": trained}
        names |= {
            "noisy": digits.test.examples,
            "X": digits.x("train").reshape(len(digits.train), -1),
            "y": digits.train.labels,
        }
        if "imputation" in module:
            names["model"], names["data"] = table_model("undercomplete", rows(200))
            names["frame"] = with_gaps(rows(20))
        if module.endswith("stacking"):
            names["model"] = Recipe.of(latent_dim=4, network={"widths": [16]}).build(digits)
        if "pretraining" in module:
            names["model"] = Recipe.of(latent_dim=4, network={"widths": [16]}).build(digits)
        if module.startswith("kerasae.models._"):
            names["model"] = built((16, 16, 1))
            names |= {"photograph": images(40, 60, 1), "photographs": images(1, 480, 640, 1)}
        if module.endswith("frames"):
            names["frame"] = sines(2000)
        return names

    return names_of


def shorter(source):
    """An example with few epochs."""
    return re.sub(r"(epochs\"?[=:] ?)\d+", r"\g<1>1", source)


@pytest.mark.parametrize(("module", "name", "text"), RUN)
def test_an_example_gives_its_answer(module, name, text, names_of, made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    names = {**vars(importlib.import_module(module)), **names_of(module)}
    test = PARSER.get_doctest(text, names, name, module, 0)
    for example in test.examples:
        example.source = shorter(example.source)
    messages = []
    runner = doctest.DocTestRunner(Checker(), optionflags=FLAGS)
    results = runner.run(test, out=messages.append, clear_globs=False)
    assert results.attempted and not results.failed, "".join(messages)


def resolved(node, names):
    """The function of a call: a name, or an attribute of a class that is made on the spot."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Call):
        return resolved(node.func, names)
    if isinstance(node, ast.Attribute):
        return getattr(resolved(node.value, names), node.attr, None)
    return None


@pytest.mark.parametrize(("module", "name", "text"), LONG, ids=[f"{one[0]}.{one[1]}" for one in LONG])
def test_an_example_names_what_there_is(module, name, text):
    names, checked = {"kerasae": kerasae, "__name__": name}, 0
    for example in PARSER.get_examples(text):
        tree = ast.parse(example.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom | ast.Import):
                exec(ast.unparse(node), names)
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            function = resolved(call.func, names)
            if function is None:
                continue
            given = [*call.args]
            if isinstance(call.func, ast.Attribute) and not inspect.ismethod(function):
                owner = resolved(call.func.value, names)
                given = [None, *given] if inspect.isclass(owner) else given
            inspect.signature(function).bind(*given, **{one.arg: one.value for one in call.keywords})
            checked += 1
    assert checked


def test_the_long_examples_are_run_elsewhere():
    for place in BOUND.values():
        path = place.split(" ")[0]
        assert (ROOT / path).is_file(), path
