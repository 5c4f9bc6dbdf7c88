"""A library in C of each small model."""

import pytest
from c_libraries import MODELS, write_source
from kerasae.export import C99

from kerasae import Recipe
from kerasae.runs import run_recipe
from kerasae.workflows import apply


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """Writes the library of a model with a detector, once for each."""
    made = {}

    def library(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            family = MODELS[name].get("model", "undercomplete")
            score = {"score": MODELS[name]["score"]} if "score" in MODELS[name] else {}
            settings = {key: MODELS[name].get(key, {}) for key in ("latent_dim", "network", "data")}
            recipe = Recipe.of(
                family, source=write_source(name, folder), train={"epochs": 8, "batch_size": 32}, **settings
            )
            run = run_recipe(recipe, folder / "run")
            apply("anomaly", run, folder / "found", baselines=False, **score)
            made[name] = C99().write(run, folder / f"{name}_c"), run
        return made[name]

    return library
