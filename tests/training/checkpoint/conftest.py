"""A short training, whole and unfinished."""

import numpy as np
import pytest
from stopped import Fail

from kerasae import Recipe
from kerasae.runs import run_recipe


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    """A training of six epochs on a small file, with a checkpoint after each."""
    path = tmp_path_factory.mktemp("data") / "rows.npy"
    np.save(path, np.random.default_rng(0).normal(size=(200, 8)).astype("float32"))
    return Recipe.of(
        "denoising",
        source=str(path),
        latent_dim=2,
        network={"widths": [24], "dropout": 0.1},
        train={"epochs": 6, "batch_size": 64, "checkpoint_seconds": 0.0},
    )


@pytest.fixture(scope="session")
def whole(recipe, tmp_path_factory):
    """The run of a training that nothing disturbed."""
    return run_recipe(recipe, tmp_path_factory.mktemp("runs") / "whole")


@pytest.fixture(scope="session")
def unfinished(recipe, tmp_path_factory):
    """The folder of a training that was interrupted in its fourth epoch."""
    out = tmp_path_factory.mktemp("runs") / "unfinished"

    def stop(model):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_recipe(recipe, out, callbacks=[Fail(stop, 4)])
    return out
