"""Units of a likelihood: those of the raw examples, and bits of integers."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from scipy.stats import norm
from sentences import text_data

from kerasae import Recipe, evaluate
from kerasae.data.tables import from_frame
from kerasae.losses import Gaussian
from kerasae.models import (
    VariationalAutoencoder,
)
from kerasae.preprocessing import Rescaling, Standardization, TablePreprocessing
from kerasae.spec import Spec


def test_a_likelihood_in_raw_units_does_not_depend_on_the_scaling():
    """One Gaussian, seen through two scalings: `nll` of x differs, that of raw units is SciPy's."""
    rng = np.random.default_rng(0)
    raw = rng.normal(50.0, 20.0, size=(30, 3)).astype("float32")
    for mean, std in ((50.0, 20.0), (0.0, 4.0)):
        scaling = Standardization(Spec("vector", (3,)), mean=[mean] * 3, std=[std] * 3)
        decoder = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3)])
        encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model = VariationalAutoencoder(
            encoder, decoder, reconstruction_loss=Gaussian(20.0 / std), preprocessor=scaling
        )
        model.build((None, 3))
        # The code says nothing: each number is N(50, 20^2), and the posterior is the prior.
        decoder.layers[-1].set_weights([np.zeros((1, 3)), np.full(3, (50.0 - mean) / std)])
        for head in (model.to_mean, model.to_log_var):
            head.set_weights([np.zeros((2, 1)), np.zeros(1)])
        exact = -norm(50.0, 20.0).logpdf(raw).sum(axis=1)
        np.testing.assert_allclose(model.nll(raw, samples=4, unit="raw"), exact, rtol=1e-4)
        np.testing.assert_allclose(model.nll(raw, samples=4, unit="bits"), exact / 3 / np.log(2), rtol=1e-4)
        np.testing.assert_allclose(model.nll(raw, samples=4), exact - 3 * np.log(std), rtol=1e-4)
    with pytest.raises(ValueError, match="`unit` must be x, raw or bits"):
        model.nll(raw, unit="nats")


@pytest.mark.parametrize("scale", [0.1 / 256, 0.7 / 256, 20 / 256])
def test_bits_of_dequantised_integers_bound_their_code_length(scale):
    """Pixels of one value under a Gaussian of x: closed forms by SciPy, with the noise and without."""
    raw = np.full((4000, 2, 2, 1), 77, "uint8")
    spec = Spec("image", (2, 2, 1), "uint8", 0.0, 255.0)
    found = {}
    for dequantize in (True, False):
        scaling = Rescaling(spec, dequantize=dequantize)
        layers = keras.layers
        encoder = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2)])
        decoder = keras.Sequential([keras.Input((1,)), layers.Dense(4), layers.Reshape((2, 2, 1))])
        loss = Gaussian(scale, min_scale=scale)
        model = VariationalAutoencoder(encoder, decoder, reconstruction_loss=loss, preprocessor=scaling)
        model.build((None, 2, 2, 1))
        # The code says nothing, and the posterior is the prior.
        mean = scaling.to_x(raw[:1])[0, 0, 0, 0]
        decoder.layers[0].set_weights([np.zeros((1, 4)), np.full(4, mean)])
        for head in (model.to_mean, model.to_log_var):
            head.set_weights([np.zeros((2, 1)), np.zeros(1)])
        found[dequantize] = model.nll(raw, samples=1, unit="bits", batch_size=1000).mean()
        # `elbo` is exact here, and of x.
        elbo = model.elbo(raw)["elbo"]
        slope = np.log(256 if dequantize else 255)
        assert found[dequantize] == pytest.approx((slope - elbo / 4) / np.log(2), rel=0.03, abs=0.03)
    sigma = 256 * scale
    expected = np.log2(sigma * np.sqrt(2 * np.pi)) + 1 / (24 * sigma**2 * np.log(2))
    assert found[True] == pytest.approx(expected, rel=0.03, abs=0.02)
    length = -np.log2(norm.cdf(0.5 / sigma) - norm.cdf(-0.5 / sigma))
    assert found[True] >= length - 0.01
    assert found[False] == pytest.approx(np.log2(255 * scale * np.sqrt(2 * np.pi)), abs=1e-3)
    # Below no bits at all for a narrow density, which no code reaches.
    assert (found[False] < 0) == (scale < 1 / 255 / np.sqrt(2 * np.pi))


def test_texts_have_no_raw_unit():
    data = text_data()
    model = Recipe.of("variational", latent_dim=2).build(data)
    assert np.isfinite(model.nll(data.test.head(2), samples=2)).all()
    for unit in ("raw", "bits"):
        with pytest.raises(ValueError, match=f"`unit` must be x for texts.*'{unit}'"):
            model.nll(data.test.head(2), samples=2, unit=unit)


def test_only_the_numbers_of_a_table_that_are_there_have_a_unit():
    frame = pd.DataFrame({"a": [0.0, 10.0, np.nan], "b": ["x", "y", "x"], "c": [True, False, True]})
    data = from_frame(pd.concat([frame] * 20, ignore_index=True))
    view = TablePreprocessing(data.spec).fit_chunks(lambda: [data.train.examples])
    x = view.to_x(frame)
    std = frame["a"].reindex(data.train.examples.index % 3).std(ddof=0)
    np.testing.assert_allclose(view.log_volume(x), [np.log(std), np.log(std), 0.0], rtol=1e-5)


def test_no_examples_are_refused_in_one_line(build, digits):
    """Where `fit` gave an empty history and `evaluate` an empty list."""
    model, x = build("undercomplete"), digits.x("train")[:8]
    none, empty = x[:0], tf.data.Dataset.from_tensor_slices(x[:0]).batch(4)
    before = model.get_weights()
    for call in (
        lambda: model.fit(none, verbose=0),
        lambda: model.fit(none, none, verbose=0),
        lambda: model.fit(empty, verbose=0),
        lambda: model.fit(x, validation_data=(none, none), verbose=0),
        lambda: model.fit(x, validation_data=empty, verbose=0),
        lambda: model.evaluate(none, verbose=0),
        lambda: model.evaluate(empty, verbose=0),
        lambda: model.predict(none, verbose=0),
        lambda: model.predict(empty, verbose=0),
    ):
        with pytest.raises(ValueError, match=r"^Expected at least one example, received none\.$"):
            call()
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    without = dataclasses.replace(digits, test=digits.test.head(0))
    with pytest.raises(ValueError, match=r"^Expected rows in the test split of digits, received none\.$"):
        evaluate(model, without)
