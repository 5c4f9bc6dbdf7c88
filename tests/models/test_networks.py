"""Networks: shapes that come back, styles that reach every layer, and what they refuse."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasae import Recipe, load_model, registry
from kerasae.layers import PeriodicFeatures
from kerasae.models import UndercompleteAutoencoder, all_layers
from kerasae.networks import conv, dense
from kerasae.spec import Spec

#: Networks over arrays of numbers; `table` and `text` have tests of their own.
NETWORKS = [name for name in registry.names("network") if name not in registry.names("preprocessing")]
#: Those whose hidden layers share a `Style`.
STYLED = [name for name in NETWORKS if "dropout" in registry.parameters(registry.resolve("network", name))]
FAMILIES = registry.names("model")
#: Arguments that make a network quick to build, where its defaults are not.
SMALL = {
    "dense": {"widths": [8]},
    "conv": {"filters": [3, 4]},
    "spatial": {"filters": [3, 4], "residual_blocks": 0},
}

sizes = st.integers(1, 65)


#: A start that is not drawn, whose initialisers are our own.
COSINES = {"filters": [5], "shortcut": "cosines", "model": {"code_initializer": "identity"}}


@pytest.fixture
def small(digits):
    """A small built and compiled model on digits, of any network and family."""

    def small(network, family, model=None, **arguments):
        section = {"name": network, **SMALL.get(network, {}), **arguments}
        return Recipe.of(family, latent_dim=4, network=section, model=model or {}).build(digits)

    return small


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=8, deadline=None, derandomize=True)
@given(height=sizes, width=sizes, channels=st.integers(1, 4), seed=st.integers(0, 99))
def test_an_image_of_any_size_comes_back_in_its_shape(network, family, height, width, channels, seed):
    shape = (height, width, channels)
    recipe = Recipe.of(family, latent_dim=2, network={"name": network, **SMALL.get(network, {})})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`latent_dim` is expected below")
        model = recipe.build(Spec("image", shape))
    x = np.random.default_rng(seed).random((3, *shape)).astype("float32")
    assert model.predict(x, verbose=0).shape == x.shape
    assert model.inverse_transform(model.transform(x)).shape == x.shape


@pytest.mark.slow
@pytest.mark.parametrize("strides", [1, 2, 3])
def test_conv_mirrors_every_size(strides):
    for size in range(1, 66):
        shape = (size, 66 - size, 1 + size % 4)
        encoder, decoder = conv(
            Spec("image", shape), 2, outputs=2, filters=[2, 2, 2], strides=strides, residual_blocks=size % 2
        )
        assert encoder.input_shape == (None, *shape)
        assert decoder.output_shape == (None, *shape[:2], 2 * shape[2])


@pytest.mark.parametrize(
    ("shape", "levels"), [((1, 1, 1), 1), ((4, 4, 1), 1), ((8, 8, 1), 1), ((28, 28, 1), 3), ((9, 65, 3), 5)]
)
def test_conv_halves_until_neither_side_exceeds_4(shape, levels):
    encoder, _ = conv(Spec("image", shape))
    found = [layer for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(found) == levels
    height, width = found[-1].output.shape[1:3]
    assert max(height, width) <= 4
    assert [layer.filters for layer in found] == [32, 64, 128, 256, 256][:levels]


def test_every_pixel_reaches_the_code_and_comes_from_it():
    encoder, decoder = conv(Spec("image", (7, 5, 2)), 3, filters=[4, 4], activation="tanh")
    x = tf.random.stateless_uniform((1, 7, 5, 2), (1, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(encoder(x) * tf.random.stateless_normal(encoder(x).shape, (3, 4)))
    assert np.all(np.abs(tape.gradient(total, x)) > 0)
    a, b = (decoder(tf.constant([[v, -v, 1.0]])) for v in (0.5, 2.0))
    assert np.all(np.abs(a - b) > 0)


def test_a_residual_block_of_zero_kernels_changes_nothing():
    """The shortcut carries its input past both convolutions."""
    spec = Spec("image", (6, 6, 1))
    plain, _ = conv(spec, filters=[4])
    encoder, _ = conv(spec, filters=[4], residual_blocks=2)
    first, *rest = [layer for layer in encoder.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(rest) == 4
    first.set_weights(plain.layers[1].get_weights())
    for layer in rest:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    x = np.random.default_rng(0).normal(size=(5, 6, 6, 1)).astype("float32")
    np.testing.assert_array_equal(encoder(x), plain(x))
    rest[-1].set_weights([np.ones_like(weight) for weight in rest[-1].get_weights()])
    assert np.abs(encoder(x) - plain(x)).max() > 0.5


@pytest.mark.parametrize("network", STYLED)
def test_a_style_reaches_every_hidden_layer(network):
    encoder, decoder = registry.resolve("network", network)(
        Spec("image", (6, 6, 2)),
        3,
        activation="tanh",
        normalization="layer",
        dropout=0.2,
        l1=1e-3,
        l2=1e-2,
        dtype="mixed_float16",
        **SMALL.get(network, {}),
    )
    for model in (encoder, decoder):
        counts = dict.fromkeys(("LayerNormalization", "Activation", "Dropout"), 0)
        kernels = [layer for layer in all_layers(model) if hasattr(layer, "kernel")]
        for layer in all_layers(model):
            if type(layer).__name__ in counts:
                counts[type(layer).__name__] += 1
                assert layer.dtype_policy.name == "mixed_float16"
            if isinstance(layer, keras.layers.Activation):
                assert layer.activation is keras.activations.tanh
        hidden = kernels if model is encoder else kernels[:-1]
        assert set(counts.values()) == {len(hidden)}
        for layer in kernels:
            assert layer.kernel_regularizer.l1 == pytest.approx(1e-3)
            assert layer.kernel_regularizer.l2 == pytest.approx(1e-2)
        assert all(layer.dtype_policy.name == "mixed_float16" for layer in hidden)
        if model is decoder:
            assert kernels[-1].dtype_policy.name == decoder.layers[-1].dtype_policy.name == "float32"
    draws = [layer.get_weights()[0].ravel()[:6] for layer in all_layers(encoder) if hasattr(layer, "kernel")]
    assert len({draw.tobytes() for draw in draws}) == len(draws), "layers drew the same kernels"


@pytest.mark.parametrize("widths", [[], [8]])
def test_tied_kernels_are_penalised_once_and_that_of_the_code_too(widths, digits):
    recipe = Recipe.of("sparse", latent_dim=3, network={"widths": widths, "tied": True, "l2": 0.5})
    model = recipe.build(digits)
    kernels = [variable for variable in model.trainable_variables if variable.name == "kernel"]
    assert len(kernels) == len(widths) + 1
    expected = [0.5 * np.square(kernel).sum() for kernel in kernels]
    assert sorted(map(float, model._get_regularization_losses())) == pytest.approx(sorted(expected))
    again = keras.models.clone_model(model.decoder)
    assert again.layers[0].kernel_regularizer.l2 == pytest.approx(0.5)


def test_conv_refuses_what_is_no_image():
    with pytest.raises(ValueError, match=r"needs images .*shape \(5,\).*--network dense"):
        conv(Spec("vector", (5,)))


@pytest.mark.parametrize("network", STYLED)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"latent_dim": 0}, "`latent_dim` must be a positive integer"),
        ({"dropout": 1.0}, r"`dropout` must be in \[0, 1\)"),
        ({"l2": -1.0}, "`l1` and `l2` must be non-negative"),
        ({"activation": "rellu"}, "did you mean 'relu'"),
        ({"kernel_initializer": "glorot"}, "Unknown `kernel_initializer`"),
    ],
)
def test_bad_styles(network, arguments, message):
    with pytest.raises(ValueError, match=message):
        registry.resolve("network", network)(Spec("image", (4, 4, 1)), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filters": [4, 0]}, "`filters` must be a positive integer"),
        ({"kernel_size": 0}, "`kernel_size`"),
        ({"strides": 0}, "`strides`"),
        ({"residual_blocks": -1}, "`residual_blocks` must be non-negative"),
    ],
)
def test_bad_convolutions(arguments, message):
    with pytest.raises(ValueError, match=message):
        conv(Spec("image", (4, 4, 1)), **arguments)


@pytest.mark.parametrize(
    ("network", "family", "arguments"),
    [
        *(
            pytest.param("conv", family, {"residual_blocks": 1}, marks=pytest.mark.slow)
            for family in FAMILIES
        ),
        ("dense", "undercomplete", {"frequencies": 3}),
        pytest.param("spatial", "variational", {"residual_blocks": 1}, marks=pytest.mark.slow),
        pytest.param("spatial", "sparse", {"filters": [5]}, marks=pytest.mark.slow),
        ("spatial", "undercomplete", COSINES),
    ],
)
def test_it_is_the_same_when_it_is_loaded_and_where_kerasae_is_not(
    small, digits, network, family, arguments, tmp_path, run_python
):
    model = small(network, family, **arguments)
    model.fit(digits.x("train")[:128], epochs=1, verbose=0)
    raw = digits.test.examples[:20]
    model.save(tmp_path / "model.keras")
    model.plain_encoder().save(tmp_path / "encoder.keras")
    model.plain_decoder().save(tmp_path / "decoder.keras")
    codes = model.transform(raw)
    np.savez(tmp_path / "found.npz", raw=raw, codes=codes)
    script = """
import sys
sys.modules["kerasae"] = None
import keras, numpy as np
folder = sys.argv[1]
found = np.load(folder + "/found.npz")
codes = keras.models.load_model(folder + "/encoder.keras").predict(found["raw"], verbose=0)
np.testing.assert_allclose(codes, found["codes"], rtol=1e-5, atol=1e-5)
np.save(folder + "/raw.npy", keras.models.load_model(folder + "/decoder.keras").predict(codes, verbose=0))
"""
    run_python(script, tmp_path)
    again = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.transform(raw), codes)
    restored = np.clip(np.rint(np.load(tmp_path / "raw.npy")), 0, 16)
    assert np.abs(restored - again.inverse_transform(codes)).max() <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_conv_learns(small, digits, family):
    model = small("conv", family, filters=[8, 8])
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    x = digits.x("train")[:512]
    before = model.evaluate(x, verbose=0, return_dict=True)["reconstruction"]
    model.fit(x, epochs=6, batch_size=64, verbose=0)
    after = model.evaluate(x, verbose=0, return_dict=True)["reconstruction"]
    assert after < before - 0.25 * abs(before)


def test_the_jacobian_of_a_convolution_is_exact(small, digits):
    model = small("conv", "contractive", activation="tanh")
    x = tf.constant(digits.x("train")[:5])
    found = model.contraction.measure(x, encode=model.encode, latent_dim=4)
    with tf.GradientTape() as tape:
        tape.watch(x)
        codes = model.encode(x)
    jacobian = tape.batch_jacobian(codes, x)
    np.testing.assert_allclose(found, np.sum(np.square(jacobian), axis=(1, 2, 3, 4)), rtol=1e-4)


def test_batch_normalisation_is_refused_in_a_contractive_convolution(small):
    # The decoder is looked at first, and refuses any normalisation; so the encoder is tried alone.
    with pytest.raises(ValueError, match="without normalisation"):
        small("conv", "denoising", model={"contraction": 0.1}, normalization="batch")
    spec = Spec("image", (4, 4, 1))
    model = UndercompleteAutoencoder(
        conv(spec, 2, filters=[3], normalization="batch").encoder,
        conv(spec, 2, filters=[3]).decoder,
        contraction=0.1,
    )
    with pytest.raises(ValueError, match="without batch normalisation"):
        model.build((None, 4, 4, 1))


def test_what_xla_compiles(small):
    from kerasae.training import gains_from_xla

    # 64 inputs; 8, 4, 8 and 64 units; and 64 x 8 + 8 x 4 + 4 x 8 + 8 x 64 weights beside their biases.
    model = small("dense", "undercomplete")
    numbers = 64 + 84 + (1088 + 84) / 20
    enough = int(2.0 / 3e-9 / numbers) + 1
    assert gains_from_xla(model, enough, epochs=1, batch_size=20)
    assert not gains_from_xla(model, enough // 2, epochs=1, batch_size=20)
    assert gains_from_xla(model, enough // 2, epochs=3, batch_size=20)
    assert not gains_from_xla(small("conv", "undercomplete"), enough * 1000)


@pytest.mark.slow
def test_auto_is_what_gains(small, digits, monkeypatch):
    """Not Keras's own, which never compiles on a CPU."""
    from kerasae.training import _train

    for gains in (True, False):
        monkeypatch.setattr(_train, "gains_from_xla", lambda *_, gains=gains, **__: gains)
        model = small("dense", "undercomplete")
        _train.train(model, digits, epochs=1)
        assert model.jit_compile is gains


def test_dense_without_hidden_layers_is_linear():
    encoder, decoder = dense(Spec("vector", (5,)), 2, depth=0)
    assert not encoder.trainable_variables
    assert len(decoder.trainable_variables) == 2


def test_frequencies_add_sines_and_cosines_of_the_numbers():
    x = np.linspace(-3, 3, 20, dtype="float32").reshape(4, 5)
    layer = PeriodicFeatures(3, scale=0.5, first=2)
    found = np.asarray(layer(x))
    assert found.shape == layer.compute_output_shape((4, 5)) == (4, 5 + 2 * 3 * 2)
    # Quantiles of |N(0, 0.5)| at 1/6, 1/2 and 5/6.
    np.testing.assert_allclose(layer.frequencies, [0.1052, 0.3372, 0.6915], atol=1e-4)
    angles = 2 * np.pi * np.concatenate([x[:, :2] * one for one in layer.frequencies], axis=1)
    np.testing.assert_allclose(found, np.concatenate([x, np.sin(angles), np.cos(angles)], 1), atol=1e-5)


@pytest.mark.slow
def test_frequencies_show_what_lies_within_a_deviation():
    """A function that turns four times within a deviation is learnt with them and not without."""
    x = np.random.default_rng(0).uniform(-1, 1, (2000, 2)).astype("float32")
    target = np.sin(4 * np.pi * x[:, :1]) * x[:, 1:]
    errors = []
    for frequencies in (0, 16):
        keras.utils.set_random_seed(0)
        network = dense(Spec("vector", (2,)), 4, widths=[64, 64], frequencies=frequencies).encoder
        model = keras.Sequential([network, keras.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, target, epochs=20, verbose=0)
        errors.append(model.evaluate(x, target, verbose=0))
    assert errors[1] < 0.3 * errors[0]
