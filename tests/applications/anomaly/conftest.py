"""What the tests of the detector share: rows near a plane, and a model of them."""

import keras
import pytest
from plane_rows import correlated, rows_data

from kerasae import Recipe


@pytest.fixture(scope="session")
def rows():
    return rows_data(correlated(600, 0), correlated(300, 1), correlated(200, 2))


@pytest.fixture(scope="session")
def model(rows):
    keras.utils.set_random_seed(7)
    recipe = Recipe.of("denoising", latent_dim=2, network={"widths": [16]})
    model = recipe.build(rows)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(rows.x("train"), epochs=15, verbose=0)
    return model
