"""FusedAdam: the numbers of Adam."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.optimizers import FusedAdam


def moved(optimizer):
    """Return a variable with dense gradients and one with sparse gradients, after a few steps."""
    rng = np.random.default_rng(0)
    variables = [keras.Variable(rng.normal(size=(6, 4)).astype("float32")) for _ in range(2)]
    for _ in range(5):
        dense, values = (tf.constant(rng.normal(size=(n, 4)).astype("float32")) for n in (6, 3))
        rows = tf.IndexedSlices(values, tf.constant([0, 2, 2]), tf.constant([6, 4]))
        optimizer.apply_gradients(zip([dense, rows], variables, strict=True))
    return [variable.numpy() for variable in [*variables, *optimizer.variables]]


@pytest.mark.parametrize("arguments", [{}, {"amsgrad": True}, {"beta_1": 0.5, "epsilon": 1e-3}])
def test_the_numbers_are_those_of_adam(arguments):
    theirs = moved(keras.optimizers.Adam(0.01, **arguments))
    ours = moved(FusedAdam(0.01, **arguments))
    for one, other in zip(ours, theirs, strict=True):
        # Rounding of a few steps in float32.
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
