"""Scaling of any type and size gives raw examples back."""

import keras
import numpy as np
import pytest
from scipy import stats

from kerasae import Recipe, registry, train
from kerasae.data import Data, Split
from kerasae.losses import Bernoulli
from kerasae.models import VariationalAutoencoder
from kerasae.preprocessing import Binarization, Rescaling
from kerasae.spec import Spec


def test_more_rows_in_a_batch_than_there_are(digits):
    batches, steps, _ = digits.training_batches(5000)
    assert (steps, next(iter(batches)).shape[0]) == (1, 1150)


def test_examples_of_another_shape_or_range_are_named(digits):
    raw = digits.test.head(3)
    model = Recipe.of(latent_dim=2).build(digits)
    for wrong in (raw[0], raw[:, :3], np.array(["a"])):
        with pytest.raises(ValueError, match=r"Expected examples of shape \(rows, 8, 8, 1\), received"):
            model.transform(wrong)
    np.testing.assert_array_equal(model.transform(raw[..., 0]), model.transform(raw))
    with pytest.raises(ValueError, match=r"Expected codes of shape \(rows, 2\), received shape \(3, 3\)"):
        model.inverse_transform(np.zeros((3, 3)))
    photos = Rescaling(Spec("image", (2, 2, 1), "uint8", 0.0, 255.0))
    with pytest.warns(UserWarning, match="the model scales its input itself"):
        photos.to_x(np.full((1, 2, 2, 1), 0.5))


@pytest.mark.parametrize("kind", ["identity", "rescaling", "standardization"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_preprocessors_give_raw_examples_back(kind, dtype):
    raw = np.random.default_rng(0).integers(0, 200, (50, 4)).astype(dtype)
    spec = Spec("vector", (4,), dtype)
    layer = registry.resolve("preprocessing", kind)(spec).fit(raw)
    again = layer.restore(layer(raw))
    assert again.dtype == raw.dtype
    np.testing.assert_allclose(again, raw, rtol=1e-5)
    x = layer(raw).numpy()
    if kind == "rescaling":
        assert (x.min(), x.max()) == (0, 1)
    if kind == "standardization":
        np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(x.std(0), 1, rtol=1e-4)


@pytest.mark.parametrize("kind", ["rescaling", "standardization"])
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint32"])
def test_an_offset_takes_no_digit(kind, dtype):
    # Seconds, counters, coordinates: 1.7e9 +- 60 had 5 values of 2,000 where float32 came first.
    raw = np.round(np.random.default_rng(0).normal(size=(500, 2)) * 60, 3 if dtype == "float64" else 0)
    far = (raw + 1.7e9).astype(dtype)

    def scaled(raw):
        layer = registry.resolve("preprocessing", kind)(Spec("vector", (2,), str(raw.dtype))).fit(raw)
        return layer, layer.to_x(raw)

    layer, x = scaled(far)
    np.testing.assert_allclose(x, scaled(raw)[1], atol=1e-6)
    assert x.dtype == "float32"
    assert len(np.unique(x[:, 0])) == len(np.unique(far[:, 0]))
    # As near as float32 holds x: within 1e-7 of the spread.
    np.testing.assert_allclose(layer.restore(x) - 1.7e9, raw, atol=1e-4)
    # The affine map is that of the layer, in all its digits.
    shift, slope = layer.affine
    np.testing.assert_allclose((far.astype("float64") - shift) / slope, x, atol=1e-6)


@pytest.mark.parametrize("kind", ["rescaling", "standardization"])
@pytest.mark.parametrize("size", [1e200, 4e307, 1e-320])
def test_numbers_that_cannot_be_scaled_are_named(kind, size):
    raw = np.random.default_rng(0).normal(size=(50, 3)) * [1, size, 1]
    layer = registry.resolve("preprocessing", kind)(Spec("vector", (3,), "float64"))
    if kind == "rescaling" and size == 1e200:
        # One range for all features, which holds them.
        assert layer.fit(raw).to_x(raw).max() == 1
        return
    if kind == "rescaling" and size < 1:
        raw *= [size, 1, size]
    with pytest.raises(ValueError, match=r"Expected numbers that can be scaled .* take its logarithm"):
        layer.fit(raw)


@pytest.mark.parametrize("size", [1e-30, 1e30, 1e100])
def test_numbers_of_any_size_are_scaled_as_they_are(size):
    raw = np.random.default_rng(0).normal(size=(50, 3))
    spec = Spec("vector", (3,), "float64")
    near, far = (
        registry.resolve("preprocessing", "standardization")(spec).fit(rows) for rows in (raw, raw * size)
    )
    np.testing.assert_allclose(far.to_x(raw * size), near.to_x(raw), atol=1e-5)
    np.testing.assert_allclose(far.restore(near.to_x(raw)), raw * size, rtol=1e-4)


def test_a_loss_that_scaling_spoils_blames_no_learning_rate(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 3)).astype("float32") * np.float32(1e30)
    np.save(tmp_path / "rows.npy", rows)
    recipe = Recipe.of(source=str(tmp_path / "rows.npy"), latent_dim=2, network={"widths": [4]})
    recipe = recipe.override({"preprocessing.name": "identity"})
    data = recipe.load()
    with pytest.raises(
        FloatingPointError, match=r"epoch 1; .*: x reaches .*e\+30 in the train split.*standardization"
    ):
        train(recipe.build(data), data, epochs=2)


def test_digits_that_are_fed_away_are_named():
    raw = np.random.default_rng(0).normal([0, 1e8], size=(50, 2))
    spec = Spec("vector", (2,), "float64")
    with pytest.warns(
        UserWarning, match=r"Feature 1 \(counted from 0\) spans .* steps of 8: .*standardization"
    ):
        registry.resolve("preprocessing", "identity")(spec).fit(raw)


def test_dequantised_integers_fill_their_intervals_in_training_and_come_back():
    spec = Spec("image", (16, 16, 1), "uint8", 0.0, 255.0)
    raw = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1).repeat(40, axis=0)
    data = Data("v", spec, Split(raw[:20]), Split(raw[20:30]), Split(raw[30:]))
    data = data.with_preprocessor(Rescaling(spec, dequantize=True))
    layer = Rescaling.from_config(data.preprocessor.get_config())
    assert layer.dequantize
    np.testing.assert_allclose(layer.to_x(raw), (raw + 0.5) / 256, rtol=1e-6)
    np.testing.assert_array_equal(layer.restore(layer.to_x(raw)), raw)
    batches = iter(data.training_batches(20, seed=3)[0])
    first, second = (next(batches).numpy() * 256 - raw[:20] for _ in range(2))
    for shift in (first, second, np.concatenate([*data.validation_batches()]) * 256 - raw[20:30]):
        assert -1e-4 <= shift.min() < 0.01
        assert 0.99 < shift.max() <= 1 + 1e-4
        assert stats.kstest(shift.ravel(), "uniform").pvalue > 1e-3
    assert not np.allclose(first, second)
    again = [np.concatenate([*data.validation_batches()]) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    with pytest.raises(ValueError, match="`dequantize` is for integers, received data of type float32"):
        Rescaling(Spec("vector", (2,)), dequantize=True)


def test_grey_levels_are_the_probabilities_of_what_is_drawn():
    spec = Spec("image", (10, 10, 1), "uint8", 0.0, 255.0)
    raw = np.resize(np.array([0, 51, 128, 204, 255], "uint8"), (600, 10, 10, 1))
    data = Data("v", spec, Split(raw[:400]), Split(raw[400:500]), Split(raw[500:]))
    data = data.with_preprocessor(Binarization(spec))
    layer = Binarization.from_config(data.preprocessor.get_config())
    # What is encoded or served is always the same.
    np.testing.assert_allclose(layer.to_x(raw), raw / 255, rtol=1e-6)
    np.testing.assert_array_equal(layer.restore(layer.to_x(raw)), raw)
    batches = iter(data.training_batches(400, seed=3)[0])
    first, second = (next(batches).numpy() for _ in range(2))
    validation = np.concatenate([*data.validation_batches()])
    for drawn in (first, second, validation):
        assert {*np.unique(drawn)} == {0.0, 1.0}
        for level in np.unique(raw):
            found = drawn[raw[: len(drawn)] == level]
            # Five standard errors; none at the ends, which are never drawn otherwise.
            slack = 2.5 / np.sqrt(len(found)) * (0 < level < 255)
            assert found.mean() == pytest.approx(level / 255, abs=slack)
    assert (first != second).any()
    np.testing.assert_array_equal(np.concatenate([*data.validation_batches()]), validation)
    assert layer.draws == "binarised"


def test_the_likelihood_of_binarised_images_is_that_of_draws():
    """A decoder that knows each probability has the entropy of the draws, 0 where there is none."""
    spec = Spec("image", (2, 2, 1), "uint8", 0.0, 255.0)
    levels = np.array([0, 51, 128, 255], "uint8").reshape(1, 2, 2, 1)
    raw = levels.repeat(20_000, axis=0)
    layers = keras.layers
    encoder = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2)])
    decoder = keras.Sequential([keras.Input((1,)), layers.Dense(4), layers.Reshape((2, 2, 1))])
    model = VariationalAutoencoder(
        encoder, decoder, reconstruction_loss=Bernoulli(), preprocessor=Binarization(spec)
    )
    model.build((None, 2, 2, 1))
    p = np.clip(levels.ravel() / 255.0, 1e-9, 1 - 1e-9)
    decoder.layers[0].set_weights([np.zeros((1, 4)), np.log(p / (1 - p))])
    for head in (model.to_mean, model.to_log_var):
        head.set_weights([np.zeros((2, 1)), np.zeros(1)])
    entropy = -(p * np.log(p) + (1 - p) * np.log1p(-p)).sum()
    assert model.nll(raw, samples=1, batch_size=5000).mean() == pytest.approx(entropy, rel=0.01)
    assert -model.elbo(raw)["elbo"] == pytest.approx(entropy, rel=0.01)
    assert model.nll_unit("x").endswith("binarised")
