"""Gaps that training never saw are odd, and named first."""

import keras
import numpy as np
import pandas as pd
import pytest

from kerasae import Recipe, registry, train
from kerasae.applications import AnomalyDetector
from kerasae.data.tables import from_frame


def _measurements(count, seed):
    """Eight numbers, a category and a boolean that follow three hidden numbers closely."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(count, 3))
    numbers = np.tanh(hidden @ np.random.default_rng(9).normal(size=(3, 8)))
    frame = pd.DataFrame(np.round(numbers + 0.05 * rng.normal(size=(count, 8)), 3), columns=list("abcdefgh"))
    frame["color"] = np.select([hidden[:, 0] > 1, hidden[:, 0] > -1], ["red", "green"], "blue")
    frame["on"] = hidden[:, 1] > 0
    return frame


@pytest.mark.slow
@pytest.mark.parametrize("family", registry.names("model"))
def test_a_gap_that_training_never_had_is_odd_and_named_first(family):
    """Without masking in training. A mark with random weights made the other columns look odd."""
    data = from_frame(_measurements(1000, 0))
    recipe = Recipe.of(family, latent_dim=6, train={"epochs": 25})
    data = data.with_preprocessor(registry.resolve("preprocessing", "table")(data.spec))
    model = recipe.build(data)
    train(model, data, **recipe.train)
    detector = AnomalyDetector(model).fit(data)
    where = np.arange(400) % 10
    gaps = _measurements(400, 1).astype(object).mask(where[:, None] == np.arange(10))
    parts = detector.explain(gaps)
    assert detector.predict(gaps).mean() > 0.95
    assert (parts.argmax(axis=1) == where).mean() >= 0.95
    marking = keras.models.clone_model(model)
    marking.set_weights(model.get_weights())
    next(layer for layer in marking.encoder.layers if hasattr(layer, "mark_all")).mark_all()
    others = where[:, None] != np.arange(10)
    residuals = [np.square(one.accounts(gaps)["residual"])[others].mean() for one in (model, marking)]
    assert residuals[0] < residuals[1]
