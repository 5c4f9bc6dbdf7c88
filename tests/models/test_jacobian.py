"""The squared Frobenius norm of a Jacobian: finite differences, `batch_jacobian`, and each other."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae import jacobian
from kerasae.penalties import SquaredJacobian

BATCH = 3
# Relative: sums of a few hundred float32 products, each good to 6e-8, some of them cancelling.
RTOL = 2e-5
#: Sizes from the input to the code. `wide` input: the Gram matrix ends the product; `narrow`: the kernel.
WIDTHS = {
    1: {"wide": [9, 4], "narrow": [3, 7]},
    2: {"wide": [12, 5, 3], "narrow": [3, 10, 4]},
    3: {"wide": [12, 5, 6, 3], "narrow": [3, 10, 6, 4]},
}
STACKS = [
    pytest.param(widths, code, id=f"{depth}-{shape}-{code}")
    for depth, shapes in WIDTHS.items()
    for shape, widths in shapes.items()
    for code in ("linear", "sigmoid")
]


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


# stack_norm ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("widths", "code"), STACKS)
def test_the_stack_equals_finite_differences(widths, code):
    model, x = encoder(widths, code=code), examples(widths[0])
    norms = by_stack(model, x)
    assert norms.shape == (BATCH,)
    assert norms.dtype == "float32"
    np.testing.assert_allclose(norms, by_central_differences(in_float64(model), x), rtol=RTOL)


@pytest.mark.parametrize(("widths", "code"), STACKS)
def test_the_stack_equals_batch_jacobian(widths, code):
    model, x = encoder(widths, code=code), examples(widths[0])
    np.testing.assert_allclose(by_stack(model, x), by_batch_jacobian(model, x), rtol=RTOL)


@pytest.mark.parametrize(("widths", "code"), STACKS)
def test_the_gradient_equals_that_of_batch_jacobian(widths, code):
    """This guards the custom gradient: training follows it, and no value shows it wrong."""
    model, x = encoder(widths, code=code), tf.constant(examples(widths[0]))
    # Examples of different weight, so that a gradient which mixes them up is seen.
    share = tf.constant([0.5, 2.0, -1.0])
    found = []
    for norm in (by_stack, by_batch_jacobian):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(share * norm(model, x))
        sources = [*(variable.value for variable in model.trainable_variables), x]
        found.append(tape.gradient(loss, sources, unconnected_gradients="zero"))
    for mine, reference in zip(*found, strict=True):
        # Some entries are near 0 by cancellation: the largest of a tensor sets its scale.
        scale = float(tf.reduce_max(tf.abs(reference)))
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-5 * scale + 1e-12)


@pytest.mark.parametrize("activation", jacobian._ELEMENTWISE)
def test_each_activation_of_the_list_inside_and_at_the_code(activation):
    # Neither so steep that float32 overflows, nor beyond the bounds where everything is flat.
    size = {"exponential": 0.2, "hard_tanh": 0.3}.get(activation, 0.6)
    for widths in ([5, 6], [12, 8, 6], [4, 12, 8, 6]):
        model = encoder(widths, hidden=activation, code=activation, size=size)
        x = examples(widths[0])
        expected = by_central_differences(in_float64(model), x)
        assert (expected > 0).all(), "a dead stack shows nothing"
        np.testing.assert_allclose(by_stack(model, x), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("activation", jacobian._ELEMENTWISE)
def test_each_activation_of_the_list_works_by_element(activation):
    function = keras.activations.get(activation)
    assert function.__name__ == activation
    x = examples(4)
    moved = x + np.float32([0, 0.5, 0, 0])
    before, after = np.array(function(tf.constant(x))), np.array(function(tf.constant(moved)))
    np.testing.assert_array_equal(np.delete(after, 1, axis=1), np.delete(before, 1, axis=1))


@pytest.mark.parametrize("widths", [[5, 4], [6, 4, 3], [6, 4, 5, 3], [3, 9, 8, 2]])
def test_a_linear_stack_is_the_norm_of_its_product(widths):
    model = encoder(widths, hidden="linear")
    product = np.linalg.multi_dot([np.eye(widths[0]), *(layer.kernel.numpy() for layer in model.layers)])
    expected = np.full(BATCH, np.square(product).sum())
    np.testing.assert_allclose(by_stack(model, examples(widths[0])), expected, rtol=RTOL)


@pytest.mark.parametrize(("first", "second"), list(itertools.product(["linear", "relu"], repeat=2)))
@pytest.mark.parametrize("widths", [[12, 5, 6, 3], [3, 10, 6, 4]])
def test_linear_layers_between_others(widths, first, second):
    model = encoder(widths, code="tanh")
    model.layers[0].activation = keras.activations.get(first)
    model.layers[1].activation = keras.activations.get(second)
    x = examples(widths[0])
    np.testing.assert_allclose(by_stack(model, x), by_central_differences(in_float64(model), x), rtol=RTOL)


def test_a_stack_without_biases():
    model, x = encoder([6, 4, 3], use_bias=False), examples(6)
    np.testing.assert_allclose(by_stack(model, x), by_batch_jacobian(model, x), rtol=RTOL)


@pytest.mark.parametrize("widths", [[9, 4], [12, 5, 3], [3, 10, 6, 4]])
def test_a_graph_with_an_unknown_batch(widths):
    model = encoder(widths, code="tanh")
    graph = tf.function(
        lambda x: by_stack(model, x), input_signature=[tf.TensorSpec((None, widths[0]), "float32")]
    )
    for batch in (1, 5):
        x = examples(widths[0], batch=batch)
        np.testing.assert_allclose(graph(x), by_batch_jacobian(model, x), rtol=RTOL)


def test_an_image_is_flattened():
    layers = [keras.layers.Flatten(), keras.layers.Dense(4, "tanh"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((3, 2, 2)), *layers])
    x = examples(3, 2, 2)
    np.testing.assert_allclose(by_stack(model, x), by_batch_jacobian(model, x), rtol=RTOL)


# exact_norm and estimated_norm -----------------------------------------------------------------------


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


@pytest.mark.parametrize(("widths", "code"), STACKS)
def test_the_exact_norm_equals_finite_differences(widths, code):
    model, x = encoder(widths, code=code), examples(widths[0])
    norms = jacobian.exact_norm(model, tf.constant(x), widths[-1])
    assert norms.shape == (BATCH,)
    np.testing.assert_allclose(norms, by_central_differences(in_float64(model), x), rtol=RTOL)


def test_the_exact_norm_of_any_encoder():
    model, x = conv_encoder(), tf.constant(examples(6, 6, 2))
    np.testing.assert_allclose(jacobian.exact_norm(model, x, 4), by_batch_jacobian(model, x), rtol=RTOL)


def test_the_gradient_of_the_exact_norm():
    model, x = encoder([6, 4, 3]), tf.constant(examples(6))
    found = []
    for norm in (lambda: jacobian.exact_norm(model, x, 3), lambda: by_batch_jacobian(model, x)):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(norm())
        found.append(tape.gradient(loss, [layer.kernel.value for layer in model.layers]))
    for mine, reference in zip(*found, strict=True):
        np.testing.assert_allclose(mine, reference, rtol=1e-4, atol=1e-5)


def test_the_estimate_is_unbiased():
    model, x = encoder([6, 5, 4]), examples(6)
    draws = 4000
    repeated = tf.repeat(tf.constant(x), draws, axis=0)
    estimates = np.array(jacobian.estimated_norm(model, repeated, 4, 1, [3, 5])).reshape(BATCH, draws)
    exact = by_central_differences(in_float64(model), x)
    error = estimates.std(axis=1) / np.sqrt(draws)
    assert (np.abs(estimates.mean(axis=1) - exact) < 4 * error).all()
    assert (error < 0.02 * exact).all(), "too few draws to say anything"
    # One number each, not one for the batch: otherwise the deviations of the examples would agree.
    assert (estimates.std(axis=1) > 0).all()


def test_the_signs_are_fair():
    # All rows agree, so that the estimate is (sum of v)^2: 4 on average for four fair signs that do
    # not depend on each other, with a variance of 2 * 4 * 3; signs by 0.6 and 0.4 would give 4.48.
    draws = 20_000
    estimates = np.array(
        jacobian.estimated_norm(lambda x: tf.repeat(x, 4, 1), tf.ones((draws, 1)), 4, 1, [0, 1])
    )
    assert set(np.unique(estimates)) == {0, 4, 16}
    assert abs(estimates.mean() - 4) < 4 * np.sqrt(24 / draws)


def test_more_probes_are_averaged_example_by_example():
    model, x = encoder([6, 5, 4]), examples(6)
    estimate = jacobian.estimated_norm(model, tf.constant(x), 4, 4000, [3, 5])
    assert estimate.shape == (BATCH,)
    exact = by_central_differences(in_float64(model), x)
    # The standard error of 4,000 probes is below 2 % of the norm, as the test above checks.
    np.testing.assert_allclose(estimate, exact, rtol=0.08)


@pytest.mark.parametrize("probes", [1, 3])
def test_the_estimate_is_exact_where_no_rows_mix(probes):
    # v^2 = 1, so that one number of code leaves nothing to chance, nor do rows at right angles.
    model, x = encoder([6, 5, 1]), tf.constant(examples(6))
    estimate = jacobian.estimated_norm(model, x, 1, probes, [0, 1])
    np.testing.assert_allclose(estimate, jacobian.exact_norm(model, x, 1), rtol=RTOL)
    scales = tf.constant([1.0, 2.0, 3.0])
    diagonal = jacobian.estimated_norm(lambda x: x * scales, tf.constant(examples(3)), 3, probes, [0, 1])
    np.testing.assert_allclose(diagonal, np.full(BATCH, 14.0), rtol=RTOL)


def test_the_estimate_follows_its_seed():
    model, x = encoder([6, 5, 4]), tf.constant(examples(6))
    first, again, other = (jacobian.estimated_norm(model, x, 4, 1, [3, last]) for last in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


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
