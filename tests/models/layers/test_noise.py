"""Layers that draw: a seed fixes the sequence, and a file keeps the place in it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasae import Recipe, registry
from kerasae.layers import NoiseLayer, RoundingNoise, Sampling
from kerasae.spec import Spec

# NoiseLayer ------------------------------------------------------------------------------------------


class Draw(NoiseLayer):
    """The plainest noise layer."""

    def call(self, inputs):
        return self.uniform(ops.shape(inputs), self.next_seed())


def drawn(layer, times=1):
    return [np.array(layer(tf.zeros((3, 4)))) for _ in range(times)]


def test_a_seed_fixes_the_sequence_of_draws():
    first, again, other = (drawn(Draw(seed=seed), 3) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.isclose(first, other).any()
    assert not np.isclose(first[0], first[1]).any()


def test_without_a_seed_the_global_one_fixes_it():
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        found.append(drawn(Draw())[0])
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.isclose(found[0], found[2]).any()
    assert not np.isclose(*(drawn(Draw())[0] for _ in range(2))).any()


def test_a_graph_draws_what_eager_draws():
    layer = Draw(seed=5)
    layer.build((3, 4))
    graph = tf.function(layer)
    np.testing.assert_array_equal([graph(tf.zeros((3, 4))) for _ in range(3)], drawn(Draw(seed=5), 3))


def test_the_place_in_the_sequence_is_saved_and_restored(tmp_path):
    def model():
        return keras.Sequential([keras.Input((4,)), Draw(seed=5)])

    path = tmp_path / "model.weights.h5"
    interrupted, uninterrupted = model(), model()
    x = tf.zeros((3, 4))
    for _ in range(2):
        interrupted(x), uninterrupted(x)
    interrupted.save_weights(path)
    resumed = model()
    resumed.load_weights(path)
    for _ in range(2):
        np.testing.assert_array_equal(resumed(x), uninterrupted(x))


class ShiftedDraw(Draw):
    """Owns a weight besides, which must be saved too."""

    def build(self, input_shape):
        self.shift = self.add_weight(shape=(), initializer="random_normal", name="shift")
        super().build(input_shape)

    def call(self, inputs):
        return super().call(inputs) + ops.stop_gradient(self.shift)


def test_the_weights_beside_the_seed_are_restored(tmp_path):
    path = tmp_path / "model.weights.h5"
    first, second = (keras.Sequential([keras.Input((4,)), ShiftedDraw(seed=seed)]) for seed in (5, 6))
    first.save_weights(path)
    second.load_weights(path)
    np.testing.assert_array_equal(first.get_weights(), second.get_weights())
    np.testing.assert_array_equal(first(tf.zeros((3, 4))), second(tf.zeros((3, 4))))


@pytest.mark.parametrize("member", [Sampling, *registry.members("corruption").values()])
def test_a_keras_file_holds_the_place_in_the_sequence(member, tmp_path):
    shape = (6,)
    inputs = keras.Input(shape)
    layer = member(seed=3)
    outputs = layer((inputs, inputs) if member is Sampling else inputs, training=True)
    model = keras.Model(inputs, outputs)
    x = np.random.default_rng(0).uniform(size=(50, *shape)).astype("float32")
    model(x)
    model.save(tmp_path / "model.keras")
    resumed = keras.saving.load_model(tmp_path / "model.keras")
    first, second = np.array(model(x)), np.array(model(x))
    np.testing.assert_array_equal(resumed(x), first)
    np.testing.assert_array_equal(resumed(x), second)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_wrong_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="`seed` must be a non-negative integer or None, received"):
        Draw(seed=seed)


# Sampling --------------------------------------------------------------------------------------------


def test_the_moments_of_a_draw():
    mean, log_var = np.float32([0.0, 2.0, -1.0]), np.float32([0.0, -2.0, 1.0])
    count = 40_000
    pair = [np.tile(value, (count, 1)) for value in (mean, log_var)]
    z = np.array(Sampling(seed=0)(pair, training=True)).astype("float64")
    std = np.exp(log_var / 2)
    # Four standard errors: of a mean std/sqrt(n), of a standard deviation std/sqrt(2n).
    assert (np.abs(z.mean(axis=0) - mean) < 4 * std / np.sqrt(count)).all()
    assert (np.abs(z.std(axis=0) - std) < 4 * std / np.sqrt(2 * count)).all()
    correlation = np.corrcoef(z.T)[np.triu_indices(3, 1)]
    assert (np.abs(correlation) < 4 / np.sqrt(count)).all()


def test_outside_training_the_mean_is_returned_to_the_bit():
    pair = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    for arguments in ({}, {"training": False}):
        np.testing.assert_array_equal(Sampling()(list(pair), **arguments), pair[0])


def test_a_given_seed_draws_in_any_mode_and_leaves_the_sequence():
    pair = list(np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32"))
    layer, untouched = Sampling(seed=1), Sampling(seed=1)
    first = layer(pair, seed=[3, 5])
    np.testing.assert_array_equal(layer(pair, seed=[3, 5], training=True), first)
    assert not np.allclose(layer(pair, seed=[3, 6]), first)
    assert not np.allclose(pair[0], first)
    np.testing.assert_array_equal(layer(pair, training=True), untouched(pair, training=True))


def test_the_gradient_reaches_both_moments():
    mean, log_var = (tf.constant(value) for value in np.float32([[[0.5, 1.0]], [[-1.0, 2.0]]]))
    with tf.GradientTape() as tape:
        tape.watch([mean, log_var])
        z = Sampling()((mean, log_var), seed=[1, 2])
    to_mean, to_log_var = tape.gradient(z, [mean, log_var])
    np.testing.assert_array_equal(to_mean, np.ones((1, 2)))
    # z = mean + exp(v/2) eps, so dz/dv = (z - mean)/2.
    np.testing.assert_allclose(to_log_var, (z - mean) / 2, rtol=1e-6)


def test_the_noise_of_each_example_has_a_factor_whose_logarithm_is_uniform():
    rows, width = 4000, 200
    pair = [np.zeros((rows, width), "float32")] * 2
    z = np.array(Sampling((0.25, 4), seed=0)(pair, training=True)).astype("float64")
    octaves = np.log2(np.sqrt(np.mean(z**2, axis=1)))
    # The spread of 200 numbers is known to a twentieth of itself, a tenth of an octave.
    shares = np.histogram(octaves, np.linspace(-2, 2, 9))[0] / rows
    np.testing.assert_allclose(shares, 1 / 8, atol=0.03)
    assert octaves.min() > -2.3 and octaves.max() < 2.3
    np.testing.assert_array_equal(Sampling((0.25, 4))(pair), pair[0])


def test_a_factor_of_one_changes_no_draw():
    pair = list(np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32"))
    first, double = (Sampling(scales)(pair, seed=[3, 5]) for scales in ((1, 1), (2, 2)))
    np.testing.assert_allclose(double - pair[0], 2 * (first - pair[0]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scales", [(0, 1), (2, 1), (1,), 3, ("a", 1), (1, np.inf), (True, 2)])
def test_wrong_scales_are_refused(scales):
    with pytest.raises(ValueError, match="`scales` must be two positive numbers, the smaller one first, rec"):
        Sampling(scales)


def test_the_noise_of_rounding_is_uniform_and_as_wide_as_a_step():
    rows, width = 4000, 200
    z = np.array(RoundingNoise((0.5, 4), seed=0)(np.zeros((rows, width), "float32"), training=True))
    steps = z.max(axis=1) - z.min(axis=1)
    # The range of 200 uniform numbers is a hundredth short of their width.
    assert steps.min() > 0.45 and steps.max() < 4
    # The density s^-3 between two steps is uniform in s^-2.
    shares = np.histogram((steps / 0.99) ** -2.0, np.linspace(4**-2, 0.5**-2, 9))[0] / rows
    np.testing.assert_allclose(shares[:-1], 1 / 8, atol=0.03)
    widest = z[steps > 2] / steps[steps > 2, None]
    np.testing.assert_allclose(np.quantile(widest, [0.25, 0.5, 0.75]), [-0.25, 0, 0.25], atol=0.01)


def test_the_decoder_alone_sees_the_noise_of_rounding():
    recipe = Recipe.of(latent_dim=3, model={"code_noise": [1, 1]}, network={"name": "dense", "depth": 0})
    model = recipe.build(Spec("vector", (6,)))
    x = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
    kernel = np.asarray(model.decoder.weights[0])
    moved = np.asarray(model(x, training=True)) - np.asarray(model(x))
    noise = np.linalg.lstsq(kernel.T, moved.T, rcond=None)[0]
    assert np.abs(noise).max() == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(model.transform(x), np.asarray(model.encode(x)))
    with pytest.raises(ValueError, match="`code_noise` must be two positive numbers"):
        recipe.override({"model.code_noise": [1, 0]}).build(Spec("vector", (6,)))
