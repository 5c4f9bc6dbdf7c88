"""Models of windows: missing readings, the likelihood, and the networks."""

import warnings

import keras
import numpy as np
import pytest
import scipy.stats
from keras import ops

from kerasae import Recipe
from kerasae.corruptions.channel import ChannelNoise
from kerasae.corruptions.stretch import StretchNoise
from kerasae.layers import GapMarks, TransposedDense
from kerasae.losses import HIGHEST
from kerasae.losses.readings import Readings
from kerasae.networks.dense import dense
from kerasae.networks.series import series
from kerasae.spec import Column, Spec, Timing

CHANNELS = (
    Column("flow", "number", "float64", stand_in=0.0),
    Column("pressure", "number", "float64", gap=2.0),
)
SPEC = Spec("series", (9, 2), channels=CHANNELS, timing=Timing(1.0))


def params_of(rng, scales=(0.5, 0.2), rows=3):
    mean = rng.normal(size=(rows, 9, 2)).astype("float32")
    log_scales = np.broadcast_to(np.log(np.float32(scales)), mean.shape)
    return mean, np.concatenate([mean, log_scales], axis=-1)


def test_the_loss_is_the_density_of_the_readings_that_are_there():
    rng = np.random.default_rng(0)
    mean, params = params_of(rng)
    x = rng.normal(size=mean.shape).astype("float32")
    missing = rng.random(x.shape) < 0.3
    densities = -scipy.stats.norm.logpdf(x, mean, [0.5, 0.2])
    found = Readings(SPEC).per_example(np.where(missing, np.nan, x).astype("float32"), params)
    expected = np.where(missing, 0.0, densities).sum(axis=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_missing_reading_has_no_gradient():
    import tensorflow as tf

    rng = np.random.default_rng(1)
    _, params = params_of(rng)
    x = rng.normal(size=(3, 9, 2)).astype("float32")
    x[:, 4, 1] = np.nan
    variable = tf.Variable(params)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(Readings(SPEC).per_example(x, variable))
    gradient = tape.gradient(loss, variable).numpy()
    assert np.isfinite(gradient).all()
    assert not gradient[:, 4, [1, 3]].any()
    assert gradient[:, 4, [0, 2]].all()


def test_the_account_of_a_gap_is_its_entropy_and_its_evidence():
    rng = np.random.default_rng(2)
    _, params = params_of(rng)
    x = np.zeros((3, 9, 2), "float32")
    x[0, 3] = np.nan
    account = {key: np.asarray(value) for key, value in Readings(SPEC).account(x, params).items()}
    entropies = scipy.stats.norm(0, [0.5, 0.2]).entropy()
    np.testing.assert_allclose(account["nll"][0, 6:8], np.add(entropies, [0.0, 2.0]), rtol=1e-5)
    np.testing.assert_allclose(account["residual"][0, 6:8], [0.0, np.sqrt(4.0)], rtol=1e-5)
    assert account["missing"].sum() == 2
    assert not account["x"][0, 6:8].any()


def test_a_window_without_readings_cannot_be_scored():
    _, params = params_of(np.random.default_rng(3))
    x = np.zeros((3, 9, 2), "float32")
    x[1] = np.nan
    x[2, 1:] = np.nan
    scores = np.asarray(Readings(SPEC).anomaly_score(x, params))
    assert scores[1] == np.float32(HIGHEST)
    assert (scores[[0, 2]] < HIGHEST).all()
    np.testing.assert_allclose(scores[2], np.square(params[2, 0, :2]).mean(), rtol=1e-5)


def test_draws_have_the_scale_of_their_channel():
    mean, params = params_of(np.random.default_rng(4), rows=2000)
    uniform = np.random.default_rng(5).random(mean.shape).astype("float32")
    spread = np.std(np.asarray(Readings(SPEC).draw(params, uniform)) - mean, axis=(0, 1))
    np.testing.assert_allclose(spread, [0.5, 0.2], rtol=0.03)


def test_other_examples_are_refused():
    with pytest.raises(ValueError, match="needs windows of a series, received a vector"):
        Readings(Spec("vector", (3,)))
    with pytest.raises(ValueError, match="`min_scale` must be positive"):
        Readings(SPEC, min_scale=0)


@pytest.mark.parametrize("marked", [(), (1,), (0, 1)])
def test_gaps_are_filled_by_the_mean_and_marked(marked):
    x = np.random.default_rng(6).normal(size=(4, 9, 2)).astype("float32")
    missing = np.random.default_rng(7).random(x.shape) < 0.3
    layer = GapMarks(marked)
    out = np.asarray(layer(np.where(missing, np.nan, x).astype("float32")))
    assert np.array_equal(out[..., :2], np.where(missing, 0.0, x).astype("float32"))
    assert np.array_equal(out[..., 2:], missing[..., list(marked)])
    plain = layer.plain()
    assert all(type(one).__module__.startswith("keras.") for one in plain.layers)
    gaps = np.where(missing, np.nan, x).astype("float32")
    assert np.array_equal(plain(gaps), out)


@pytest.mark.parametrize("network", [series, dense])
def test_channels_with_gaps_in_training_are_marked(network):
    encoder = network(SPEC, 3).encoder
    gaps = next(layer for layer in encoder.layers if isinstance(layer, GapMarks))
    # The first channel has a value that stands in for a missing reading, so it had none in training.
    assert gaps.marked == [1]
    for marks, expected in ((True, [0, 1]), (False, [])):
        encoder = network(SPEC, 3, marks=marks).encoder
        assert next(one for one in encoder.layers if isinstance(one, GapMarks)).marked == expected


@pytest.mark.parametrize("steps", [1, 2, 7, 30])
@pytest.mark.parametrize("strides", [1, 2, 3])
def test_every_length_comes_back(steps, strides):
    import dataclasses

    spec = dataclasses.replace(SPEC, shape=(steps, 2))
    encoder, decoder = series(
        spec, 3, strides=strides, filters=[4, 4], residual_blocks=steps % 2, kernel_size=3
    )
    x = np.zeros((2, steps, 2), "float32")
    assert decoder(np.zeros((2, 3), "float32")).shape == (2, steps, 2)
    assert np.isfinite(np.asarray(encoder(x))).all()


@pytest.mark.slow
def test_a_linear_map_beside_the_convolutions_reaches_pca():
    """Without hidden units that learn, what is left is the linear map: as good as PCA of windows."""
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(10)
    x = (rng.normal(size=(600, 2)) @ rng.normal(size=(2, 18)) + 0.1 * rng.normal(size=(600, 18))).astype(
        "float32"
    )
    x = x.reshape(-1, 9, 2) / x.std()
    model = Recipe.of("undercomplete", latent_dim=2, network={"filters": [2]}).build(SPEC)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(x, epochs=60, batch_size=60, verbose=0)
    flat = x.reshape(-1, 18)
    pca = PCA(2).fit(flat)
    best = np.mean(np.square(flat - pca.inverse_transform(pca.transform(flat))))
    assert np.mean(np.square(x - np.asarray(model.decode(model.encode(x))))) < 1.1 * best
    with_map, without = (series(SPEC, 2, linear=linear).encoder.output_shape[1] for linear in (True, False))
    assert with_map == without + 9 * 3


def test_the_network_is_for_series_alone():
    with pytest.raises(ValueError, match="needs windows of readings, received examples of kind 'vector'"):
        series(Spec("vector", (5,)))


def test_a_code_as_wide_as_a_window_is_warned_of():
    for latent_dim in (18, 17):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Recipe.of("undercomplete", latent_dim=latent_dim).build(SPEC)
        identity = [str(one.message) for one in caught if "learn the identity" in str(one.message)]
        assert len(identity) == (latent_dim == 18)


def test_tied_kernels_and_marks_exclude_each_other():
    with pytest.raises(ValueError, match="a series with missing readings, which are marked"):
        dense(SPEC, 3, tied=True)
    assert dense(SPEC, 3, tied=True, marks=False).decoder.output_shape == (None, 9, 2)


def test_a_tied_decoder_has_the_kernels_of_the_dense_layers_after_the_gaps():
    model = Recipe.of(
        "undercomplete", latent_dim=3, network={"name": "dense", "tied": True, "marks": False}
    ).build(SPEC)
    x = np.random.default_rng(8).normal(size=(64, 9, 2)).astype("float32")
    x[0, 3, 1] = np.nan
    history = model.fit(x, epochs=2, verbose=0).history
    assert history["reconstruction"][1] < history["reconstruction"][0]
    tied = [layer for layer in model.decoder.layers if isinstance(layer, TransposedDense)]
    dense_layers = [layer for layer in model.encoder.layers if isinstance(layer, keras.layers.Dense)]
    for layer, mirrored in zip([*dense_layers, model.to_code], reversed(tied), strict=True):
        np.testing.assert_array_equal(np.transpose(layer.kernel), mirrored.plain().kernel)


@pytest.mark.parametrize("together", [False, True])
def test_a_stretch_is_erased_in_each_channel(together):
    x = np.ones((400, 50, 3), "float32")
    layer = StretchNoise(0.2, together=together)
    layer.blank = float("nan")
    erased = np.isnan(np.asarray(layer(x, seed=[3, 4])))
    assert erased.mean() == pytest.approx(0.2, abs=0.01)
    assert erased.mean(axis=1).max() <= 0.4 + 1 / 50
    # Consecutive: the erased steps of a channel begin at most once.
    begins = (np.diff(erased.astype(int), axis=1) == 1).sum(axis=1) + erased[:, 0]
    assert begins.max() == 1
    assert (erased == erased[..., :1]).all() == together


def test_a_channel_is_erased_as_a_whole():
    layer = ChannelNoise(0.3)
    layer.blank = float("nan")
    erased = np.isnan(np.asarray(layer(np.ones((500, 20, 4), "float32"), seed=[5, 6])))
    assert (erased.all(axis=1) == erased.any(axis=1)).all()
    assert erased.mean() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("family", ["undercomplete", "sparse", "contractive", "denoising", "variational"])
@pytest.mark.parametrize("network", ["series", "dense"])
def test_every_family_learns_with_gaps(family, network):
    model = Recipe.of(family, latent_dim=3, network={"name": network}).build(SPEC)
    rng = np.random.default_rng(8)
    turn = rng.uniform(0, 6, (128, 1)) + np.arange(9) / 3
    x = np.stack([np.sin(turn), np.cos(turn)], axis=-1).astype("float32")
    x[rng.random(x.shape) < 0.1] = np.nan
    history = model.fit(x, epochs=3, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert history["reconstruction"][-1] < history["reconstruction"][0]
    assert np.isfinite(np.asarray(ops.convert_to_numpy(model.decode(model.encode(x))))).all()


def test_a_saved_model_keeps_its_scales(tmp_path):
    model = Recipe.of("denoising", latent_dim=3).build(SPEC)
    x = np.random.default_rng(9).normal(size=(64, 9, 2)).astype("float32")
    model.fit(x, epochs=1, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))
    x[0, 3, 1] = np.nan
    before, after = (np.asarray(one.account(x)["nll"]) for one in (model, again))
    np.testing.assert_array_equal(before, after)
