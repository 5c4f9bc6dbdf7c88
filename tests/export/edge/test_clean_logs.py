"""A log without noise: residuals are so small that 8 bits of an activation drown them."""

import numpy as np
import pandas as pd
import pytest
from kerasae.export import Subject, TFLite
from kerasae.export.formats.tflite import tflite

from kerasae import Recipe, train
from kerasae.data.series import from_frame


@pytest.fixture(scope="module")
def clean():
    """A model of a log of which each reading follows from the others."""
    turn = 2 * np.pi * np.arange(1500) / 25
    load = 1 + 0.3 * np.sin(turn / 15)
    frame = pd.DataFrame({"flow": load * np.sin(turn), "heat": 350 + 8 * load})
    frame.insert(0, "time", pd.date_range("2026-01-01", periods=len(frame), freq="s"))
    recipe = Recipe.of(latent_dim=6, network={"name": "series", "filters": [8, 16]})
    data = recipe.prepare(from_frame(frame, window=12))
    model = recipe.build(data)
    # Longer trainings leave residuals that half precision drowns too, on some processors.
    train(model, data, epochs=20, batch_size=64, learning_rate=3e-3)
    x = data.x("test")
    assert np.mean((x - model.predict(x, verbose=0)) ** 2) < 4e-3
    return Subject.of(model, data=data, name="clean")


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_model_without_a_detector_keeps_the_order_of_its_scores(precision, clean, tmp_path, monkeypatch):
    tried = []

    def quantize(*arguments, bits="8x8"):
        tried.append(bits)
        return tflite_quantize(*arguments, bits=bits)

    tflite_quantize = tflite.quantize
    monkeypatch.setattr(tflite, "quantize", quantize)
    written = TFLite(precision).write(clean, tmp_path / "clean.tflite")
    assert written.parity.use["rank_correlation"] > 0.99
    # Without a detector the scores ask for more bits too.
    assert (len(tried) > 1) == (precision == "int8")
