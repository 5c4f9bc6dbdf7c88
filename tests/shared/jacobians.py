"""Encoders, examples, and Jacobians by other ways."""

import keras
import numpy as np
import tensorflow as tf

from kerasae import jacobian

BATCH = 3


# Relative: sums of a few hundred float32 products, each good to 6e-8, some of them cancelling.
RTOL = 2e-5


def encoder(widths, hidden="tanh", code="linear", use_bias=True, size=0.6):
    """A plain stack of dense layers with biases other than 0, built."""
    activations = [hidden] * (len(widths) - 2) + [code]
    dense = [
        keras.layers.Dense(units, activation=activation, use_bias=use_bias)
        for units, activation in zip(widths[1:], activations, strict=True)
    ]
    model = keras.Sequential([keras.Input((widths[0],)), *dense])
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(scale=size, size=w.shape) for w in model.get_weights()])
    return model


def examples(*shape, batch=BATCH):
    return np.random.default_rng(2).normal(size=(batch, *shape)).astype("float32")


def in_float64(model):
    """The stack as a NumPy function in float64."""
    steps = [
        (layer.kernel.numpy().astype("float64"), layer.bias.numpy().astype("float64"), layer.activation)
        for layer in model.layers
    ]

    def encode(x):
        for kernel, bias, activation in steps:
            x = np.array(activation(tf.constant(x @ kernel + bias)))
        return x

    return encode


def by_central_differences(encode, x, step=1e-5):
    """Central differences in float64: off by step^2 and by 1e-16/step, some 1e-10."""
    features = x.shape[1]
    moves = step * np.eye(features)[:, None, :]
    moved = np.concatenate([x + moves, x - moves]).reshape(-1, features)
    above, below = np.split(encode(moved).reshape(2 * features, len(x), -1), 2)
    return np.square((above - below) / (2 * step)).sum(axis=(0, 2))


def by_batch_jacobian(encode, x):
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        codes = tf.reshape(encode(x), (tf.shape(x)[0], -1))
    return tf.reduce_sum(tf.square(tf.reshape(tape.batch_jacobian(codes, x), (x.shape[0], -1))), axis=-1)


def by_stack(model, x):
    return jacobian.stack_norm(jacobian.dense_stack(model.layers), tf.convert_to_tensor(x))


def conv_encoder():
    return keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            keras.layers.Conv2D(3, 3, strides=2, activation="gelu"),
            keras.layers.Flatten(),
            keras.layers.LayerNormalization(),
            keras.layers.Dense(4),
        ]
    )
