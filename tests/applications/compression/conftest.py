"""What the tests of compression share: a model of digits, and a run."""

import pytest

from kerasae import Recipe, train
from kerasae.runs import run_recipe


@pytest.fixture(scope="session")
def model(digits):
    model = Recipe.of(latent_dim=4, network={"widths": [24]}).build(digits)
    train(model, digits, epochs=6, batch_size=32, learning_rate=0.01)
    return model


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    recipe = Recipe.of(latent_dim=4, network={"widths": [16]}, train={"epochs": 2})
    return run_recipe(recipe, tmp_path_factory.mktemp("runs") / "digits")
