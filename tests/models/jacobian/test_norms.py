"""The norms of a Jacobian against finite differences and TensorFlow's."""

import itertools

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from jacobians import (
    BATCH,
    RTOL,
    by_batch_jacobian,
    by_central_differences,
    by_stack,
    conv_encoder,
    encoder,
    examples,
    in_float64,
)
from keras import ops

from kerasae import Recipe, jacobian
from kerasae.data.tables import from_frame
from kerasae.models import ContractiveAutoencoder
from kerasae.models._training.contraction import contract
from kerasae.spec import Spec

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


@pytest.mark.parametrize(("widths", "code"), STACKS)
def test_the_exact_norm_equals_finite_differences(widths, code):
    model, x = encoder(widths, code=code), examples(widths[0])
    norms = jacobian.exact_norm(model, tf.constant(x), widths[-1])
    assert norms.shape == (BATCH,)
    np.testing.assert_allclose(norms, by_central_differences(in_float64(model), x), rtol=RTOL)


def test_the_exact_norm_of_any_encoder():
    model, x = conv_encoder(), tf.constant(examples(6, 6, 2))
    np.testing.assert_allclose(jacobian.exact_norm(model, x, 4), by_batch_jacobian(model, x), rtol=RTOL)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_passes_that_take_turns_give_the_same_norms(jit_compile):
    model, x = conv_encoder(), tf.constant(examples(6, 6, 2))
    widest = []

    def encode(rows):
        widest.append(rows.shape[0])
        return model(rows)

    def in_turn(rows):
        return jacobian.exact_norm(encode, rows, 4, in_turn=True)

    found = tf.function(in_turn, jit_compile=jit_compile)(x)
    assert {*widest} == {BATCH}
    np.testing.assert_allclose(found, jacobian.exact_norm(model, x, 4), rtol=RTOL)
    any_number = tf.function(in_turn, [tf.TensorSpec((None, 6, 6, 2))])
    np.testing.assert_allclose(any_number(x[:2]), found[:2], rtol=RTOL)


def test_a_validation_repeats_no_rows(monkeypatch):
    """A validation batch has more rows than one of the training, and needs no gradient."""
    recipe = Recipe.of("contractive", latent_dim=4, network={"name": "conv"})
    model = recipe.build(Spec("image", (8, 8, 1)))
    x = np.random.default_rng(0).random((20, 8, 8, 1)).astype("float32")
    expected = model.contraction.weight * float(tf.reduce_mean(by_batch_jacobian(model.encode, x)))
    widest = []
    pulled = jacobian._pulled_back
    monkeypatch.setattr(
        jacobian, "_pulled_back", lambda encode, x, v: widest.append(x.shape[0]) or pulled(encode, x, v)
    )
    model.compile(run_eagerly=True, jit_compile=False)
    logs = model.evaluate(x, batch_size=20, verbose=0, return_dict=True)
    assert {*widest} == {20}
    assert logs["contraction"] == pytest.approx(expected, rel=1e-4)


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


@pytest.mark.parametrize("probes", [0, 2])
def test_dropout_is_off_in_the_norm_behind_an_embedding(probes):
    frame = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0)[::-1], "c": ["x", "y"] * 20})
    settings = {"network": {"widths": [8], "dropout": 0.5}, "model": {"probes": probes}, "latent_dim": 2}
    data = Recipe.of("contractive", **settings).prepare(from_frame(frame))
    model = Recipe.of("contractive", **settings).build(data)
    x = ops.convert_to_tensor(data.x("train"))
    norms = []
    for _ in range(2):
        contract(model, model._embedding, x, None, ops.array([1, 2], "int32"), True)
        norms.append(float(model.contraction.losses[-1]))
    assert norms[0] == norms[1] > 0


def test_a_model_whose_layers_add_losses_is_validated():
    layers = keras.layers
    kept = layers.Conv2D(2, 3, activity_regularizer="l1")
    encoder = keras.Sequential([keras.Input((6, 6, 1)), kept, layers.Flatten()])
    decoder = keras.Sequential([keras.Input((3,)), layers.Dense(36), layers.Reshape((6, 6, 1))])
    model = ContractiveAutoencoder(encoder, decoder)
    model.build((None, 6, 6, 1))
    model.compile(jit_compile=False)
    x = np.random.default_rng(0).random((8, 6, 6, 1)).astype("float32")
    logs = model.evaluate(x, batch_size=8, verbose=0, return_dict=True)
    expected = model.contraction.weight * float(tf.reduce_mean(by_batch_jacobian(model.encode, x)))
    assert logs["contraction"] == pytest.approx(expected, rel=1e-4)
