"""What is private in KerasTuner: all of it is named in one file, and each name is where it was."""

import ast
import functools
import importlib
import inspect
import re
from pathlib import Path

import keras_tuner
import pytest

from kerasae.backend import import_tensorflow

ROOT = Path(__file__).parent.parent.parent
#: The one file that may name them.
HOME = ROOT / "tuning" / "cluster" / "_keras_tuner.py"
SRC = "keras_tuner.src"
#: Where each private name was in the version that `HOME` was written for, with its parameters.
PLACES = {
    "_retry_queue": (f"{SRC}.engine.oracle", "Oracle", None),
    "_set_project_dir": (f"{SRC}.engine.oracle", "Oracle", ["directory", "project_name"]),
    "_get_trial_dir": (f"{SRC}.engine.oracle", "Oracle", ["trial_id"]),
    "_save_trial": (f"{SRC}.engine.oracle", "Oracle", ["trial"]),
    "_populate_initial_space": (f"{SRC}.engine.base_tuner", "BaseTuner", []),
    "_build_hypermodel": (f"{SRC}.engine.tuner", "Tuner", ["hp"]),
    "_deepcopy_callbacks": (f"{SRC}.engine.tuner", "Tuner", ["callbacks"]),
    "_configure_tensorboard_dir": (f"{SRC}.engine.tuner", "Tuner", ["callbacks", "trial", "execution"]),
    "protos": (f"{SRC}.protos", "get_service_grpc", []),
    "OracleServicer": (f"{SRC}.distribute.oracle_chief", "OracleServicer", ["oracle"]),
    "conditions": (f"{SRC}.engine.conditions", "Condition", None),
    "oracle_client": (f"{SRC}.distribute.oracle_client", "OracleClient", ["oracle"]),
}


def sources():
    """The library's own files, each with its tree."""
    for folder in ("kerasae", "tuning", "export", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def named_in(tree):
    """What of KerasTuner's a file names that begins with an underscore, or comes out of `keras_tuner.src`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(SRC):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(SRC))
        elif isinstance(node, ast.Attribute) and node.attr in private_names():
            yield node.attr
        elif isinstance(node, ast.FunctionDef) and node.name in private_names():
            yield node.name
        elif isinstance(node, ast.Constant) and str(node.value).startswith(f"{SRC}."):
            yield node.value


@functools.cache
def private_names():
    """Every attribute and method with one underscore in the classes that ours derive from or are given."""
    kinds = (keras_tuner.Oracle, keras_tuner.Tuner, keras_tuner.HyperModel, keras_tuner.HyperParameters)
    texts = [inspect.getsource(base) for kind in kinds for base in kind.__mro__[:-1]]
    return {name for text in texts for name in re.findall(r"(?:self\.|def )(_[a-z]\w*)", text)}


def test_no_other_file_names_what_is_private():
    assert {"_retry_queue", "_build_hypermodel", "_populate_initial_space", "_retrieve"} <= private_names()
    users = {
        str(path.relative_to(ROOT)): sorted({*named_in(tree)})
        for path, tree in sources()
        if path != HOME and re.search("keras_?tuner", path.read_text(), re.IGNORECASE)
    }
    assert {"tuning/cluster/oracle.py", "tuning/cluster/tuner.py"} <= {*users}
    assert not {path: names for path, names in users.items() if names}


def test_every_private_name_is_looked_after():
    assert {*named_in(ast.parse(HOME.read_text()))} == {*PLACES}


@pytest.mark.parametrize("name", PLACES)
def test_a_private_name_is_where_it_was(name):
    module_name, owner, parameters = PLACES[name]
    advice = f"KerasTuner {keras_tuner.__version__} has moved {name}; mend {HOME.relative_to(ROOT)}"
    try:
        thing = getattr(importlib.import_module(module_name), owner)
    except (ImportError, AttributeError):
        pytest.fail(f"{advice}: there is no {owner} in {module_name}")
    if name.startswith("_"):
        assert name in re.findall(r"(?:self\.|def )(_\w+)", inspect.getsource(thing)), advice
        thing = vars(thing).get(name, thing)
    if parameters is not None:
        known = [key for key in inspect.signature(thing).parameters if key != "self"]
        assert known == parameters, f"{advice}: it takes {known}"


def test_what_is_replaced_is_still_used():
    """A constant or a function that is set from outside and that nobody reads any more would do nothing."""
    import_tensorflow()
    from keras_tuner.src.distribute import oracle_client
    from keras_tuner.src.engine import conditions

    client = inspect.getsource(oracle_client)
    assert client.count("timeout=TIMEOUT") == client.count("self.stub.") and "self.stub = " in client
    # Once this is gone from KerasTuner, its replacement goes too.
    assert re.search(r"^ +print\(", inspect.getsource(conditions), re.MULTILINE)
