"""Which encoders are a plain stack of dense layers, and which way the penalty takes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from jacobians import (
    RTOL,
    by_batch_jacobian,
    by_central_differences,
    by_stack,
    conv_encoder,
    encoder,
    examples,
    in_float64,
)

from kerasae import jacobian
from kerasae.penalties import SquaredJacobian

# dense_stack -----------------------------------------------------------------------------------------


class OwnDense(keras.layers.Dense):
    """A subclass may compute anything."""


def built(*layers, size=6):
    return keras.Sequential([keras.Input((size,)), *layers]).layers


@pytest.mark.parametrize(
    "make",
    [
        keras.layers.BatchNormalization,
        keras.layers.LayerNormalization,
        keras.layers.Softmax,
        lambda: keras.layers.Activation("softmax"),
        lambda: keras.layers.Dense(3, "softmax"),
        lambda: keras.layers.Dense(3, activation=lambda x: x * tf.reduce_sum(x)),
        lambda: keras.layers.GaussianNoise(0.1),
        lambda: OwnDense(3),
    ],
    ids=["batch", "layer", "softmax", "activation", "dense_softmax", "unknown", "noise", "subclass"],
)
def test_what_is_no_plain_stack_is_refused(make):
    dense = keras.layers.Dense
    assert jacobian.dense_stack(built(make(), dense(2))) is None
    assert jacobian.dense_stack(built(dense(4, "tanh"), make())) is None
    assert jacobian.dense_stack(built(dense(4, "tanh"), make(), dense(2))) is None


def test_a_convolution_is_no_plain_stack():
    assert jacobian.dense_stack(conv_encoder().layers) is None
    conv = [keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3, activation="relu"), keras.layers.Flatten()]
    assert jacobian.dense_stack(keras.Sequential(conv).layers) is None


def test_no_dense_layer_is_no_plain_stack():
    assert jacobian.dense_stack([]) is None
    assert jacobian.dense_stack([keras.layers.Flatten()]) is None
    assert jacobian.dense_stack([keras.layers.Activation("tanh")]) is None
    assert jacobian.dense_stack(built(keras.layers.Activation("tanh"), keras.layers.Dense(2))) is None


def test_transparent_layers_are_passed_over():
    layers = [
        keras.layers.Reshape((3, 2)),
        keras.layers.Dropout(0.5),
        keras.layers.Flatten(),
        keras.layers.Dense(4, "tanh"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(2),
    ]
    model = keras.Sequential([keras.Input((6,)), *layers])
    steps = jacobian.dense_stack(model.layers)
    assert [step.kernel.shape for step in steps] == [(6, 4), (4, 2)]
    x = examples(6)
    np.testing.assert_allclose(by_stack(model, x), by_batch_jacobian(model, x), rtol=RTOL)


def test_an_activation_layer_joins_the_linear_layer_before_it():
    dense, activation = keras.layers.Dense, keras.layers.Activation
    layers = [dense(4), keras.layers.Dropout(0.5), activation("tanh"), dense(2), activation("sigmoid")]
    model = keras.Sequential([keras.Input((6,)), *layers])
    assert len(jacobian.dense_stack(model.layers)) == 2
    x = examples(6)
    np.testing.assert_allclose(by_stack(model, x), by_batch_jacobian(model, x), rtol=RTOL)
    # Two activations in a row are two functions, which the form has no place for.
    assert jacobian.dense_stack(built(dense(4, "tanh"), activation("tanh"))) is None


def test_dense_layers_over_the_last_axis_alone_are_no_plain_stack():
    dense = keras.layers.Dense(2, "tanh")
    model = keras.Sequential([keras.Input((4, 3)), dense, keras.layers.Flatten()])
    x = examples(4, 3)
    penalty = SquaredJacobian(1.0)
    penalty(x, layers=model.layers, encode=model, latent_dim=8)
    assert float(penalty.losses[0]) == pytest.approx(float(np.mean(by_batch_jacobian(model, x))), rel=RTOL)


def test_dense_layers_over_the_last_axis_before_a_head():
    layers = [keras.layers.Dense(5, "tanh"), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4, 3)), *layers])
    x = examples(4, 3)
    penalty = SquaredJacobian(1.0)
    penalty(x, layers=model.layers, encode=model, latent_dim=2)
    assert float(penalty.losses[0]) == pytest.approx(float(np.mean(by_batch_jacobian(model, x))), rel=RTOL)


# The penalty chooses among them ----------------------------------------------------------------------


def penalty_of(x, weight=1.0, probes=0, seed=None, **arguments):
    penalty = SquaredJacobian(weight, probes=probes, seed=seed)
    penalty(x, **arguments)
    (loss,) = penalty.losses
    return float(loss)


def test_the_penalty_takes_the_same_value_on_either_exact_way():
    model, x = encoder([6, 5, 4]), examples(6)
    expected = by_central_differences(in_float64(model), x).mean()
    by_layers = penalty_of(x, layers=model.layers)
    by_function = penalty_of(x, encode=model, latent_dim=4)
    assert by_layers == pytest.approx(expected, rel=RTOL)
    assert by_function == pytest.approx(expected, rel=RTOL)


def test_the_penalty_falls_back_where_the_layers_are_no_plain_stack():
    model, x = conv_encoder(), examples(6, 6, 2)
    measured = penalty_of(x, layers=model.layers, encode=model, latent_dim=4)
    assert measured == pytest.approx(float(np.mean(by_batch_jacobian(model, x))), rel=RTOL)


def test_the_penalty_estimates_when_asked():
    model, x = encoder([6, 5, 4]), tf.constant(examples(6))
    arguments = {"layers": model.layers, "encode": model, "latent_dim": 4, "probes": 2}
    first, again = (penalty_of(x, seed=7, **arguments) for _ in range(2))
    assert first == again
    assert first != pytest.approx(float(np.mean(by_stack(model, x))), rel=1e-3)
    given = SquaredJacobian(1.0, probes=2)
    given(x, encode=model, latent_dim=4, seed=[3, 5])
    expected = np.mean(jacobian.estimated_norm(model, x, 4, 2, given.signs.next_seed([3, 5])))
    assert float(given.losses[0]) == pytest.approx(float(expected), rel=RTOL)


def test_the_penalty_draws_anew_at_each_call():
    model, x = encoder([6, 5, 4]), examples(6)
    penalty = SquaredJacobian(1.0, probes=1, seed=0)
    draws = set()
    for _ in range(4):
        penalty(x, encode=model, latent_dim=4)
        draws.add(float(penalty.losses[0]))
    assert len(draws) == 4


def test_the_penalty_ignores_dropout_on_either_way():
    layers = [keras.layers.Dense(5, "tanh"), keras.layers.Dropout(0.9), keras.layers.Dense(3)]
    model, x = keras.Sequential([keras.Input((6,)), *layers]), examples(6)
    without = keras.Sequential([keras.Input((6,)), layers[0], layers[2]])
    expected = float(np.mean(by_batch_jacobian(without, x)))
    assert penalty_of(x, layers=model.layers) == pytest.approx(expected, rel=RTOL)
    encode = lambda x: model(x, training=False)  # noqa: E731
    assert penalty_of(x, encode=encode, latent_dim=3) == pytest.approx(expected, rel=RTOL)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
@pytest.mark.parametrize("probes", [0, 1])
def test_integers_have_no_jacobian(dtype, probes):
    model = keras.Sequential(
        [keras.Input((6,), dtype="int32"), keras.layers.Embedding(9, 2), keras.layers.Flatten()]
    )
    tokens = tf.ones((2, 6), dtype)
    with pytest.raises(ValueError, match=rf"needs floating-point x, received {dtype}: .* embedding"):
        penalty_of(tokens, probes=probes, encode=model, latent_dim=12)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floating_types_give_float32(dtype):
    model, x = encoder([6, 4, 3]), examples(6).astype("float16")
    norms = jacobian.stack_norm(jacobian.dense_stack(model.layers), tf.constant(x.astype(dtype)))
    assert norms.dtype == "float32"
    np.testing.assert_allclose(norms, by_stack(model, x.astype("float32")), rtol=RTOL)
