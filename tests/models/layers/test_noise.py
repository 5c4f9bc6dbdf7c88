"""Layers that draw: a seed fixes the sequence, and a file keeps the place in it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasae import Recipe, registry
from kerasae.layers import NoiseLayer, Rounding, Sampling
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


@pytest.mark.parametrize("steps", [(0, 1), (2, 1), (1,), 3, ("a", 1), (1, np.inf), (True, 2)])
def test_wrong_steps_are_refused(steps):
    with pytest.raises(ValueError, match="`steps` must be two positive numbers, the smaller one first, rec"):
        Rounding(steps)


def rounded(h, step):
    return step * np.sign(h) * np.floor(np.abs(h) / step + 0.35)


def test_a_code_is_rounded_to_one_step_with_a_dead_zone():
    h = np.array([[0.64, 0.66, -1.6, -1.7, 0.0, 260.3]], "float32")
    z = np.asarray(Rounding((1.0, 1.0), seed=0)(h, training=True))
    np.testing.assert_array_equal(z, [[0, 1, -1, -2, 0, 260]])
    np.testing.assert_array_equal(np.asarray(Rounding((1.0, 1.0))(h)), h)


def test_the_steps_of_rounding_are_uniform_in_their_power_of_minus_2():
    """Of an increasing row of numbers, the smallest that is not 0 becomes the step itself."""
    rows, grid = 4000, np.linspace(0, 8, 2000, dtype="float32")
    z = np.asarray(Rounding((0.5, 4), seed=0)(np.tile(grid, (rows, 1)), training=True))
    steps = np.where(z > 0, z, np.inf).min(axis=1)
    assert steps.min() >= 0.5 and steps.max() <= 4
    shares = np.histogram(steps**-2.0, np.linspace(4**-2, 0.5**-2, 9))[0] / rows
    np.testing.assert_allclose(shares, 1 / 8, atol=0.02)


def test_the_gradient_of_rounding_is_that_of_the_identity():
    h = tf.Variable(np.random.default_rng(0).normal(size=(3, 4)), dtype="float32")
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(Rounding((1.0, 2.0), seed=0)(h, training=True) * np.arange(4, dtype="float32"))
    np.testing.assert_array_equal(tape.gradient(total, h), np.tile(np.arange(4.0), (3, 1)))


def test_the_decoder_alone_sees_the_rounded_code():
    recipe = Recipe.of(latent_dim=3, model={"code_steps": [1, 1]}, network={"name": "dense", "depth": 0})
    model = recipe.build(Spec("vector", (6,)))
    x = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
    codes = np.asarray(model.encode(x))
    seen = model.decoder(rounded(codes, 1.0).astype("float32"))
    np.testing.assert_allclose(model(x, training=True), seen, atol=1e-5)
    np.testing.assert_allclose(model(x), model.decoder(codes), atol=1e-5)
    np.testing.assert_array_equal(model.transform(x), codes)
    with pytest.raises(ValueError, match="`code_steps` must be two positive numbers"):
        recipe.override({"model.code_steps": [1, 0]}).build(Spec("vector", (6,)))
