"""What every penalty promises."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from penalty_inputs import BATCH, RTOL, UNITS, inputs_of, loss_of, structure

from kerasae import registry
from kerasae.penalties import L1, GaussianKL, KLSparsity, Penalty, SquaredJacobian
from kerasae.penalties._base import average

NAMES = registry.names("penalty")


#: Terms of a collection of samples: a weight moves the collection's mean, not the term's share.
COLLECTIVE = {"kl_sparsity"}


every_penalty = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def mixed_float16():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


def make(name, **arguments):
    return registry.get("penalty", {"name": name, **arguments})


# What every penalty promises -------------------------------------------------------------------------


@every_penalty
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_passes_its_argument_through(name, dtype):
    inputs, arguments = inputs_of(name)
    inputs = structure(lambda value: tf.cast(value, dtype), inputs)
    outputs = make(name)(inputs, **arguments)
    tf.nest.assert_same_structure(inputs, outputs)
    for before, after in zip(tf.nest.flatten(inputs), tf.nest.flatten(outputs), strict=True):
        assert after.dtype == dtype
        np.testing.assert_array_equal(before, after)


def assert_one_float32_scalar(penalty):
    (loss,) = penalty.losses
    assert loss.shape == ()
    assert loss.dtype == "float32"
    assert np.isfinite(loss)


@every_penalty
def test_adds_one_float32_scalar(name):
    inputs, arguments = inputs_of(name)
    penalty = make(name)
    penalty(inputs, **arguments)
    assert_one_float32_scalar(penalty)
    assert isinstance(penalty, Penalty)


@every_penalty
def test_adds_one_float32_scalar_under_mixed_float16(name, mixed_float16):
    inputs, arguments = inputs_of(name)
    exact = loss_of(make(name, weight=1.0), inputs, **arguments)
    penalty = make(name, weight=1.0)
    inputs = structure(lambda value: tf.cast(value, "float16"), inputs)
    penalty(inputs, **arguments)
    assert_one_float32_scalar(penalty)
    assert all(variable.dtype != "float16" for variable in penalty.variables)
    # Only the rounding of the input to float16, 5e-4 of itself, may be left; sums are float32.
    assert float(penalty.losses[0]) == pytest.approx(exact, rel=5e-3)


@every_penalty
def test_is_proportional_to_its_weight(name):
    inputs, arguments = inputs_of(name)
    once = loss_of(make(name, weight=1.0), inputs, **arguments)
    assert once > 0
    assert loss_of(make(name, weight=2.5), inputs, **arguments) == pytest.approx(2.5 * once, rel=RTOL)
    assert loss_of(make(name, weight=0), inputs, **arguments) == 0


@every_penalty
def test_weights_of_zero_drop_rows(name):
    inputs, arguments = inputs_of(name)
    kept = np.arange(BATCH) % 3 > 0
    weighted = loss_of(make(name), inputs, sample_weight=kept.astype("float32"), **arguments)
    dropped = loss_of(make(name), structure(lambda value: value[kept], inputs), **arguments)
    # Keras divides a weighted loss by the number of examples, not by the sum of the weights.
    share = 1.0 if name in COLLECTIVE else kept.mean()
    assert weighted == pytest.approx(dropped * share, rel=RTOL)


@every_penalty
@pytest.mark.parametrize("shape", [(BATCH,), (BATCH, 1)])
def test_weights_of_one_change_nothing(name, shape):
    inputs, arguments = inputs_of(name)
    plain = loss_of(make(name), inputs, **arguments)
    weights = np.ones(shape, "float32")
    assert loss_of(make(name), inputs, sample_weight=weights, **arguments) == pytest.approx(plain, rel=RTOL)


@every_penalty
def test_the_graph_gives_what_eager_gives(name):
    inputs, arguments = inputs_of(name)
    eager = loss_of(make(name), inputs, **arguments)
    penalty = make(name)
    penalty(structure(tf.constant, inputs), **arguments)

    @tf.function
    def in_graph(inputs):
        penalty(inputs, **arguments)
        return tf.add_n(penalty.losses)

    assert float(in_graph(structure(tf.constant, inputs))) == pytest.approx(eager, rel=RTOL)


@every_penalty
def test_a_call_moves_no_state(name):
    inputs, arguments = inputs_of(name)
    penalty = make(name)
    penalty(inputs, training=True, **arguments)
    before = [variable.numpy() for variable in penalty.variables]
    penalty(inputs, training=True, **arguments)
    for value, variable in zip(before, penalty.variables, strict=True):
        np.testing.assert_array_equal(value, variable)


@every_penalty
def test_comes_back_from_its_config(name):
    member = registry.resolve("penalty", name)
    penalty = member(weight=0.625, name="another")
    assert set(registry.parameters(member)) <= set(penalty.get_config())
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(penalty))
    assert type(again) is member
    assert again.get_config() == penalty.get_config()
    assert (again.weight, again.name) == (0.625, "another")


@every_penalty
@pytest.mark.parametrize("weight", [-0.1, float("nan"), True, "1"])
def test_a_wrong_weight_is_refused(name, weight):
    with pytest.raises(ValueError, match="`weight` must be non-negative, received"):
        registry.resolve("penalty", name)(weight)


def test_a_mask_passes_through_without_a_warning():
    masked = keras.layers.Masking()(np.eye(BATCH, UNITS, dtype="float32")[None])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = L1()(masked)
    np.testing.assert_array_equal(out._keras_mask, np.arange(BATCH)[None] < UNITS)


def test_a_typo_is_not_swallowed():
    for member in registry.members("penalty").values():
        with pytest.raises((TypeError, ValueError), match="wieght"):
            member(wieght=1.0)


def test_the_defaults_are_what_they_are_said_to_be():
    weights = {name: make(name).weight for name in NAMES}
    assert weights == {
        "gaussian_kl": 1.0,
        "kl_sparsity": 0.1,
        "l1": 3e-3,
        "rate": 1e-3,
        "squared_jacobian": 1e-4,
    }
    assert (KLSparsity().rho, KLSparsity().momentum) == (0.1, 0.0)
    assert (GaussianKL().free_bits, GaussianKL().warmup_steps, SquaredJacobian().probes) == (0.0, 0, 0)
    assert {name for name in NAMES if registry.resolve("penalty", name).escapable} == {
        "l1",
        "rate",
        "squared_jacobian",
    }
    assert {name for name in NAMES if registry.resolve("penalty", name).needs_unit_interval} == {
        "kl_sparsity"
    }
    for member in registry.members("penalty").values():
        assert member(0).weight == 0
    assert Penalty().weight == 1


def test_a_device_that_has_no_row_adds_nothing_to_the_mean():
    # The mean of no row is NaN, and one device's NaN is that of all of them.
    with tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]).scope():
        assert float(average(tf.zeros((0,)))) == 0
        assert float(average(tf.zeros((0,)), tf.zeros((0,)))) == 0
        assert float(average(tf.constant([4.0]))) == 4
        assert float(average(tf.constant([1.0, 5.0, 2.0]), tf.constant([3.0, 0.0, 3.0]))) == 3
        # A term of a collection is one number already.
        assert float(average(tf.constant(3.0))) == 3


@pytest.mark.parametrize(
    "penalty",
    [GaussianKL(free_bits=0.1), KLSparsity(), KLSparsity(momentum=0.9)],
    ids=["kl", "batch", "moved"],
)
def test_a_penalty_of_a_device_that_has_no_row_is_zero(penalty):
    none = tf.zeros((0, 3))
    with tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"]).scope():
        penalty((none, none) if isinstance(penalty, GaussianKL) else none, training=True)
        assert [float(loss) for loss in penalty.losses] == [0.0]
        if isinstance(penalty, KLSparsity):
            penalty.update(tf.ones((4, 3)))
            before = penalty.average.numpy()
            penalty.update(none)
            np.testing.assert_array_equal(penalty.average, before)


def test_the_base_is_abstract():
    with pytest.raises(NotImplementedError, match="must write `measure`"):
        Penalty()(tf.zeros((2, 2)))
