"""FusedAdam has the numbers of Adam, and an optimizer has the decay that a training names."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae.optimizers import FusedAdam
from kerasae.training._optimizer import make_optimizer


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


@pytest.mark.parametrize("name", ["adam", "adamw", "lion", "muon", "sgd"])
@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_every_variable_decays_as_told_and_otherwise_not(name, decay):
    """A gradient of 0 moves a variable by the decay alone."""
    optimizer = make_optimizer(name, 0.1, decay, None, 1)
    variables = [keras.Variable(np.ones(shape, "float32")) for shape in [(3, 2), (2,)]]
    optimizer.apply_gradients([(tf.zeros(variable.shape), variable) for variable in variables])
    for variable in variables:
        np.testing.assert_allclose(variable.numpy(), 1 - 0.1 * decay, rtol=1e-6)


@pytest.mark.parametrize("name", ["multioptimizer", "optimizermap", "optimizer", "lossscaleoptimizer"])
def test_what_only_holds_optimizers_is_unknown(name):
    with pytest.raises(ValueError, match=f"Unknown `optimizer` '{name}'"):
        make_optimizer(name, 0.1, 0.0, None, 1)
