"""A run and its bundle, logged into every tracker as a user does it."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from kerasae import Recipe
from kerasae.workflows import export, train

#: Nothing is reported or sent over the network.
VARIABLES = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "WANDB_MODE": "offline",
    "WANDB_ERROR_REPORTING": "false",
}


@pytest.fixture(scope="session", autouse=True)
def no_reports(tmp_path_factory):
    """Variables that keep the trackers silent, and their caches in a temporary folder."""
    cache = tmp_path_factory.mktemp("wandb")
    with pytest.MonkeyPatch.context() as patch:
        for key in [key for key in os.environ if key.startswith(("MLFLOW_", "WANDB_"))]:
            patch.delenv(key)
        for key, value in VARIABLES.items():
            patch.setenv(key, value)
        for key in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
            patch.setenv(key, str(cache))
        yield


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    """A training of a few epochs on rows of four numbers."""
    path = tmp_path_factory.mktemp("data") / "rows.npy"
    np.save(path, np.random.default_rng(0).normal(size=(200, 4)).astype("float32"))
    return Recipe.of(
        "sparse",
        source=str(path),
        latent_dim=2,
        network={"widths": [8]},
        train={"epochs": 4, "checkpoint_seconds": 0.0},
    )


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    """A store of MLflow in SQLite."""
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}"


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A working folder, into which MLflow writes artifacts of a store without a server."""
    folder = tmp_path_factory.mktemp("home")
    before = os.getcwd()  # noqa: PTH109
    os.chdir(folder)
    yield folder
    os.chdir(before)


@pytest.fixture(scope="session")
def logged(recipe, store, home, tmp_path_factory):
    """A run and its bundle, with what the workflows said of them, and both trackers."""
    pytest.importorskip("mlflow", reason="pip install 'kerasae[mlflow]'")
    pytest.importorskip("wandb", reason="pip install 'kerasae[wandb]'")
    folder = tmp_path_factory.mktemp("runs")
    log_to = [f"mlflow(uri='{store}', experiment=pumps)", "wandb(project=pumps)"]
    trained = train(recipe, folder / "rows", log_to=log_to)
    exported = export(
        folder / "rows", folder / "ship", formats=["tflite"], precisions=["float32"], log_to=log_to
    )
    return SimpleNamespace(run=trained.run, trained=trained, exported=exported, log_to=log_to)
