"""TopK, LifetimeSparsity, SharedScale and TransposedDense by identity."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.layers import LifetimeSparsity, SharedScale, TopK, TransposedDense, top_k

# TopK ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3, 6])
def test_exactly_the_k_largest_stay(k):
    codes = np.random.default_rng(0).normal(size=(50, 6)).astype("float32")
    threshold = np.sort(codes, axis=1)[:, -k][:, None]
    expected = np.where(codes >= threshold, codes, 0)
    kept = np.array(TopK(k)(codes))
    np.testing.assert_array_equal(kept, expected)
    assert ((kept != 0).sum(axis=1) == k).all()


def test_the_gradient_flows_through_the_kept_alone():
    codes = tf.constant(np.random.default_rng(0).normal(size=(20, 6)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(codes)
        kept = TopK(2)(codes)
    np.testing.assert_array_equal(tape.gradient(kept, codes), np.array(kept) != 0)


def test_of_equals_the_first_are_kept():
    found = TopK(2)(np.float32([[1, 1, 1, 0], [0, 2, 2, 2]]))
    np.testing.assert_array_equal(found, np.float32([[1, 1, 0, 0], [0, 2, 2, 0]]))


@pytest.mark.parametrize("settings", [{}, {"by": "place", "channels": 6}, {"by": "channel", "channels": 4}])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_large_code_keeps_the_same_numbers_without_vectors_of_each(settings, jit_compile, monkeypatch):
    """Small integers have many equals."""
    codes = tf.constant(np.random.default_rng(1).integers(-2, 3, (30, 24)).astype("float32"))
    layer = TopK(3, **settings)
    expected = layer(codes)
    monkeypatch.setattr(top_k, "_MOST", 0)
    monkeypatch.setattr(keras.ops, "one_hot", None)
    with tf.GradientTape() as tape:
        tape.watch(codes)
        kept = tf.function(layer, jit_compile=jit_compile)(codes)
    np.testing.assert_array_equal(kept, expected)
    assert (np.asarray(tape.gradient(kept, codes))[np.asarray(kept) != 0] == 1).all()


def test_negative_numbers_stay_where_they_are_the_largest():
    np.testing.assert_array_equal(TopK(1)(np.float32([[-3, -1, -2]])), np.float32([[0, -1, 0]]))


@pytest.mark.parametrize("k", [0, -1, 1.5, True])
def test_wrong_ks_are_refused(k):
    with pytest.raises(ValueError, match="`k` must be a positive integer, received"):
        TopK(k)


def test_a_k_beyond_the_code_is_refused():
    with pytest.raises(ValueError, match="`k` must not exceed the code size 4, received 5"):
        TopK(5)(np.zeros((2, 4), "float32"))


# LifetimeSparsity ------------------------------------------------------------------------------------


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_each_unit_keeps_its_largest_numbers_over_the_batch(dtype, jit):
    layer = LifetimeSparsity(0.05, dtype=dtype)
    # The size of the batch is unknown when the graph is traced.
    graph = tf.function(lambda h: layer(h, training=True), [tf.TensorSpec((None, 6), dtype)], jit_compile=jit)
    # No two numbers of a unit are equal. Half of 0.05 * 50 is rounded to even.
    for batch, count in ((100, 5), (50, 2), (7, 1), (0, 0)):
        rng = np.random.default_rng(batch)
        codes = np.stack([rng.permutation(batch) - 3 for _ in range(6)], axis=1).astype(dtype)
        kept = np.asarray(graph(codes))
        np.testing.assert_array_equal(kept, np.where(codes >= batch - 3 - count, codes, 0))


def test_the_gradient_flows_through_the_numbers_that_a_unit_keeps():
    codes = tf.constant(np.random.default_rng(0).normal(size=(20, 6)).astype("float32"))
    with tf.GradientTape() as tape:
        tape.watch(codes)
        kept = LifetimeSparsity(0.2)(codes, training=True)
    np.testing.assert_array_equal(tape.gradient(kept, codes), np.array(kept) != 0)
    assert (np.sum(np.array(kept) != 0, axis=0) == 4).all()


def test_outside_training_a_code_does_not_depend_on_its_batch():
    codes = np.random.default_rng(0).normal(size=(20, 6)).astype("float32")
    np.testing.assert_array_equal(LifetimeSparsity(0.1)(codes), codes)


@pytest.mark.parametrize("lifetime", [0, -0.1, 1.1, True, "5 %", float("nan")])
def test_a_share_of_the_batch_is_in_bounds(lifetime):
    with pytest.raises(ValueError, match=r"`lifetime` must be in \(0, 1\], received"):
        LifetimeSparsity(lifetime)


# SharedScale -----------------------------------------------------------------------------------------


def test_one_scale_is_put_behind_the_locations():
    layer = SharedScale(0.5)
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 2)).astype("float32")
    outputs = np.array(layer(x))
    np.testing.assert_array_equal(outputs[..., :2], x)
    np.testing.assert_allclose(outputs[..., 2:], np.full(x.shape, np.log(0.5)), rtol=1e-6)
    assert layer.count_params() == 1
    assert layer.compute_output_shape((None, 3, 4, 2)) == (None, 3, 4, 4)


def test_the_scale_is_trained_by_the_sum_of_what_it_serves():
    layer = SharedScale()
    with tf.GradientTape() as tape:
        outputs = layer(np.zeros((5, 3), "float32"))
    assert float(tape.gradient(outputs, layer.log_scale)) == 15


@pytest.mark.parametrize("scale", [0, -1.0, float("nan")])
def test_wrong_scales_are_refused(scale):
    with pytest.raises(ValueError, match="`initial_scale` must be positive, received"):
        SharedScale(scale)


def test_a_scale_can_be_built_inside_a_graph():
    class Decoder(keras.Model):
        def __init__(self):
            super().__init__()
            self.scale = SharedScale(0.5)

        def call(self, inputs):
            return self.scale(inputs)

    model = Decoder()
    model.compile("sgd", "mse")
    model.fit(np.zeros((2, 3), "float32"), np.zeros((2, 6), "float32"), verbose=0)
    assert model.scale.built


# TransposedDense -------------------------------------------------------------------------------------


def tied(units=5, features=3, **arguments):
    """A tied layer with a bias other than 0, and its lender, `units` to `features`."""
    lender = keras.layers.Dense(features)
    lender.build((None, units))
    layer = TransposedDense(units, **arguments)
    layer.tie(lender)
    layer.build((None, features))
    if layer.use_bias:
        layer.bias.assign(np.random.default_rng(0).normal(size=units))
    return layer, lender


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("activation", [None, "tanh", keras.activations.relu])
def test_it_equals_a_dense_layer_with_the_transposed_kernel(use_bias, activation):
    layer, lender = tied(use_bias=use_bias, activation=activation)
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    dense = keras.layers.Dense(5, activation, use_bias=use_bias)
    dense.build((None, 3))
    bias = [layer.bias.numpy()] if use_bias else []
    dense.set_weights([lender.kernel.numpy().T, *bias])
    # The same product in another order of summation.
    np.testing.assert_allclose(layer(x), dense(x), rtol=1e-5, atol=1e-6)
    assert layer(x).shape == (4, 5)


@pytest.mark.parametrize("use_bias", [True, False])
def test_untied_computes_the_same_with_a_kernel_of_its_own(use_bias):
    layer, lender = tied(use_bias=use_bias, activation="tanh", name="last")
    plain = layer.plain()
    x = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    before = np.array(layer(x))
    assert type(plain) is keras.layers.Dense
    assert plain.name == "last"
    np.testing.assert_allclose(plain(x), before, rtol=1e-5, atol=1e-6)
    lender.kernel.assign(lender.kernel * 2)
    np.testing.assert_allclose(plain(x), before, rtol=1e-5, atol=1e-6)
    assert not np.allclose(layer(x), before)


def test_untied_keeps_the_dtype():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        layer, _ = tied(dtype="float32")
        assert layer.plain().compute_dtype == "float32"
    finally:
        keras.config.set_dtype_policy("float32")


def test_it_borrows_and_owns_its_bias_alone():
    layer, lender = tied()
    assert [weight.path.split("/")[-1] for weight in layer.weights] == ["bias"]
    x = tf.constant(np.random.default_rng(1).normal(size=(4, 3)).astype("float32"))
    with tf.GradientTape() as tape:
        outputs = layer(x)
    gradient = tape.gradient(outputs, lender.kernel.value)
    # d/dW_ij of the sum of x W^T is the sum over the batch of x_j.
    np.testing.assert_allclose(gradient, np.tile(np.sum(x, axis=0), (5, 1)), rtol=1e-5)


def test_untied_yet_it_says_what_to_do():
    layer = TransposedDense(5)
    with pytest.raises(ValueError, match="is not tied yet; give its decoder and the encoder"):
        layer(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match="is not tied yet"):
        layer.plain()


def test_a_symbolic_call_needs_no_kernel():
    model = keras.Sequential([keras.Input((3,)), TransposedDense(5, dtype="float32")])
    assert model.output_shape == (None, 5)


def test_a_kernel_that_does_not_fit_is_refused():
    lender = keras.layers.Dense(3)
    lender.build((None, 4))
    with pytest.raises(ValueError, match=r"kernel of shape \(5, 3\), received one of shape \(4, 3\)"):
        TransposedDense(5).tie(lender)


@pytest.mark.parametrize("units", [0, -1, 1.5, True])
def test_wrong_units_are_refused(units):
    with pytest.raises(ValueError, match="`units` must be a positive integer, received"):
        TransposedDense(units)
