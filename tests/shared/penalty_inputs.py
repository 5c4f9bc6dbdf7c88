"""What a penalty is called with, and what one call adds to the loss."""

import keras
import numpy as np
import tensorflow as tf

BATCH, UNITS = 12, 4


# A sum of a few dozen float32 terms of size about 1.
RTOL, ATOL = 2e-5, 1e-6


def inputs_of(name, batch=BATCH):
    """What a penalty is called with: its first argument, as float32 NumPy, and the further ones."""
    rng = np.random.default_rng(0)
    codes = rng.uniform(0.05, 0.95, (batch, UNITS)).astype("float32")
    if name == "gaussian_kl":
        return (codes, (codes - 1.5).astype("float32")), {}
    if name == "squared_jacobian":
        keras.utils.set_random_seed(0)
        dense = keras.layers.Dense(3, activation="tanh", dtype="float32")
        dense.build((None, UNITS))
        return codes, {"layers": [dense], "latent_dim": 3}
    return codes, {}


def structure(function, value):
    return tuple(map(function, value)) if isinstance(value, tuple) else function(value)


def loss_of(penalty, inputs, **arguments):
    """The number that one call adds to the loss."""
    penalty(structure(tf.constant, inputs), **arguments)
    (loss,) = penalty.losses
    return float(loss)
