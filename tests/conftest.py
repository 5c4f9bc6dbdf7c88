"""What the tests share: the digits of scikit-learn, and models of every family on them."""

import gc
import os
import shutil
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Trackers report their use over the network otherwise.
os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_ERROR_REPORTING": "false"}

import keras
import pytest
from warm_processes import run_script

from kerasae import Recipe, cli


def pytest_collection_modifyitems(items):
    """The tests of the house come first, because the longest are among them.

    At the end one of them would keep one worker busy while the other has nothing left.
    """
    items.sort(key=lambda item: "house" not in item.path.parts)


def pytest_collection_finish():
    """Python looks for garbage less often, and not among the half million objects that imports made.

    A model is many objects, and TensorFlow's converter asks for a full collection at each export: a sixth of
    the time of the suite went there.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(7)
    yield
    keras.config.set_dtype_policy("float32")


@pytest.fixture(scope="session")
def digits():
    return Recipe.of().load()


@pytest.fixture(scope="session")
def x(digits):
    return digits.x("train")


@pytest.fixture
def build(digits):
    """A small built and compiled model of a family on digits; sections as for a recipe."""

    def build(family, latent_dim=4, **sections):
        sections.setdefault("network", {})
        sections["network"] = {"widths": [24], **sections["network"]}
        return Recipe.of(family, latent_dim=latent_dim, **sections).build(digits)

    return build


@pytest.fixture
def run_python():
    """Runs a script in a fresh process and returns what it printed.

    TensorFlow has been imported in it, but for one that is `cold` or has variables of its own.
    """

    def run(script, *arguments, check=True, cold=False, **environment):
        if cold or environment:
            done = subprocess.run(
                [sys.executable, "-c", script, *map(str, arguments)],
                capture_output=True,
                text=True,
                env={**os.environ, **environment},
                timeout=300,
            )
        else:
            done = run_script(Path.cwd(), script, *arguments)
        if check and done.returncode:
            raise AssertionError(done.stderr[-3000:])
        return done if not check else done.stdout

    return run


@pytest.fixture
def kerasae(capsys):
    """Runs a command line; returns status, stdout and stderr."""

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([*map(str, arguments)])
        return ended.value.code, *capsys.readouterr()

    return run


@pytest.fixture
def home(trained, tmp_path, monkeypatch):
    """A copy of the folder of a file's fixture `trained`, with a run in `run`, as the working folder."""
    home = shutil.copytree(trained, tmp_path / "home")
    monkeypatch.chdir(home)
    path = home / "run" / "data.json"
    path.write_text(path.read_text().replace(str(trained), str(home)))
    return home
