"""SpectralNorm: the bound holds, and costs little where it was not needed."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.constraints import SpectralNorm

SHAPES = [(4, 4), (8, 5), (5, 8), (64, 64), (784, 32), (3, 3, 4, 6), (1, 7)]


def largest(kernel):
    kernel = np.asarray(kernel)
    return np.linalg.svd(kernel.reshape(-1, kernel.shape[-1]), compute_uv=False)[0]


def kernel(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bound", [0.5, 1.0, 3.0])
def test_the_largest_singular_value_is_at_most_the_bound(shape, bound):
    for seed in range(5):
        value = largest(SpectralNorm(bound)(tf.constant(kernel(shape, seed) * 5)))
        rank = min(int(np.prod(shape[:-1])), shape[-1])
        # float32 above; below, what the Schatten norm of order 2^7 exceeds the spectral norm by.
        assert value <= bound * (1 + 1e-5)
        if largest(kernel(shape, seed) * 5) > bound * rank ** (1 / 128):
            assert value >= bound / rank ** (1 / 128) * (1 - 1e-5)


def test_equal_singular_values_are_estimated_furthest_above():
    basis = np.linalg.qr(kernel((16, 16), 0))[0].astype("float32")
    assert largest(SpectralNorm()(tf.constant(5 * basis))) == pytest.approx(16 ** (-1 / 128), rel=1e-5)


def test_no_direction_is_overlooked():
    """Any start of a power iteration is at right angles to some kernel's first direction."""
    for seed in range(50):
        basis = np.linalg.qr(kernel((4, 4), seed))[0]
        w = (np.diag([3, 1.5, 1, 1]) @ basis.T).astype("float32")
        assert largest(SpectralNorm()(tf.constant(w))) <= 1 + 1e-5


def test_a_small_kernel_is_left_alone():
    w = kernel((6, 4)) / 100
    np.testing.assert_array_equal(SpectralNorm()(tf.constant(w)), w)


@pytest.mark.parametrize("value", [0.0, 1e-20, 1e15])
def test_extreme_kernels_stay_finite(value):
    found = np.array(SpectralNorm()(tf.fill((5, 3), tf.constant(value, tf.float32))))
    assert np.isfinite(found).all()
    assert largest(found) <= 1 + 1e-5


def test_a_training_keeps_the_bound():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(6, kernel_constraint=SpectralNorm(0.7))])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    x = kernel((64, 8))
    model.fit(x, 10 * x[:, :6], epochs=3, verbose=0)
    assert largest(model.layers[-1].kernel) <= 0.7 * (1 + 1e-5)


@pytest.mark.parametrize(("arguments", "name"), [({"bound": 0.0}, "bound"), ({"squarings": 0}, "squarings")])
def test_wrong_numbers_are_refused(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        SpectralNorm(**arguments)


def test_config_round_trip():
    layer = keras.layers.Dense(3, kernel_constraint=SpectralNorm(0.5, squarings=7))
    again = keras.layers.Dense.from_config(layer.get_config())
    assert again.kernel_constraint.get_config() == {"bound": 0.5, "squarings": 7}
