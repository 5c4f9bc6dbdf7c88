"""Penalties: each against its closed form, and all against what a penalty of ours promises."""

import warnings

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf

from kerasae import registry
from kerasae.penalties import L1, GaussianKL, KLSparsity, Penalty, SquaredJacobian
from kerasae.penalties._base import average

NAMES = registry.names("penalty")
#: Terms of a collection of samples: a weight moves the collection's mean, not the term's share.
COLLECTIVE = {"kl_sparsity"}
BATCH, UNITS = 12, 4
# A sum of a few dozen float32 terms of size about 1.
RTOL, ATOL = 2e-5, 1e-6

every_penalty = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def mixed_float16():
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy("float32")


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
    assert weights == {"gaussian_kl": 1.0, "kl_sparsity": 0.1, "l1": 3e-3, "squared_jacobian": 1e-4}
    assert (KLSparsity().rho, KLSparsity().momentum) == (0.1, 0.0)
    assert (GaussianKL().free_bits, GaussianKL().warmup_steps, SquaredJacobian().probes) == (0.0, 0, 0)
    assert {name for name in NAMES if registry.resolve("penalty", name).escapable} == {
        "l1",
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


def test_the_base_is_abstract():
    with pytest.raises(NotImplementedError, match="must write `measure`"):
        Penalty()(tf.zeros((2, 2)))


# GaussianKL ------------------------------------------------------------------------------------------


def closed_form(mean, log_var):
    """KL per dimension between N(mean, var) and N(0, 1), written with the standard deviations."""
    mean, std = mean.astype("float64"), np.exp(log_var.astype("float64") / 2)
    return np.log(1 / std) + (std**2 + mean**2) / 2 - 0.5


@pytest.fixture
def posterior():
    rng = np.random.default_rng(3)
    return tuple(rng.normal(size=(2, BATCH, UNITS)).astype("float32"))


def test_kl_equals_its_closed_form(posterior):
    kl = GaussianKL()
    np.testing.assert_allclose(kl.per_dimension(*posterior), closed_form(*posterior), rtol=RTOL, atol=ATOL)
    each = closed_form(*posterior).sum(axis=1)
    np.testing.assert_allclose(kl.measure(posterior), each, rtol=RTOL, atol=ATOL)
    assert loss_of(GaussianKL(0.5), posterior) == pytest.approx(0.5 * each.mean(), rel=RTOL)


def test_kl_equals_monte_carlo(posterior):
    # KL = E_q[log q(z) - log p(z)]; from 100,000 draws within 4 standard errors of that mean.
    mean, log_var = (value[:2].astype("float64") for value in posterior)
    std = np.exp(log_var / 2)
    z = mean + std * np.random.default_rng(0).normal(size=(100_000, *mean.shape))
    ratio = (scipy.stats.norm.logpdf(z, mean, std) - scipy.stats.norm.logpdf(z)).sum(axis=-1)
    error = ratio.std(axis=0) / np.sqrt(len(z))
    measured = np.array(GaussianKL().measure(posterior))[:2]
    assert (np.abs(measured - ratio.mean(axis=0)) < 4 * error).all()
    assert (error < 0.02 * measured).all(), "too few draws to say anything"


def test_kl_is_zero_at_the_prior_and_only_there(posterior):
    zeros = np.zeros((BATCH, UNITS), "float32")
    kl = GaussianKL()
    np.testing.assert_array_equal(kl.measure((zeros, zeros)), 0)
    assert (np.array(kl.per_dimension(*posterior)) > 0).all()


def test_kl_keeps_its_digits_near_the_prior():
    # KL of N(0, exp(v)) is v^2/4 for small v; exp(v) - 1 by subtraction would be 12 % off here.
    small = np.full((1, 1), 1e-3, "float32")
    measured = float(GaussianKL().measure((np.zeros_like(small), small))[0])
    assert measured == pytest.approx(float(closed_form(np.zeros_like(small), small)[0, 0]), rel=1e-3)


def test_free_bits_spare_a_dimension_on_the_average_of_the_batch(posterior):
    per_dimension = closed_form(*posterior).mean(axis=0)
    bits = float(np.sort(per_dimension)[1:3].mean())
    expected = np.maximum(per_dimension, bits).sum()
    assert loss_of(GaussianKL(2.0, free_bits=bits), posterior) == pytest.approx(2 * expected, rel=RTOL)


@pytest.mark.parametrize("shape", [(BATCH,), (BATCH, 1)])
def test_free_bits_count_a_row_as_often_as_its_weight(posterior, shape):
    weights = np.random.default_rng(0).integers(0, 3, BATCH)
    repeated = tuple(np.repeat(value, weights, axis=0) for value in posterior)
    per_dimension = closed_form(*repeated).mean(axis=0)
    bits = float(np.sort(per_dimension)[1:3].mean())
    # A weighted loss is a mean over the rows that there are, so that of the repeated ones times their share.
    expected = np.maximum(per_dimension, bits).sum() * weights.sum() / BATCH
    given = tf.constant(weights.reshape(shape), tf.float32)
    assert loss_of(GaussianKL(free_bits=bits), posterior, sample_weight=given) == pytest.approx(
        expected, rel=RTOL
    )
    nothing = tf.zeros(shape)
    assert loss_of(GaussianKL(free_bits=bits), posterior, sample_weight=nothing) == 0


def test_free_bits_stop_the_gradient_below_them(posterior):
    per_dimension = closed_form(*posterior).mean(axis=0)
    bits = float(np.sort(per_dimension)[1:3].mean())
    kl = GaussianKL(free_bits=bits)
    mean, log_var = map(tf.constant, posterior)
    with tf.GradientTape() as tape:
        tape.watch([mean, log_var])
        kl((mean, log_var))
        (loss,) = kl.losses
    for gradient in tape.gradient(loss, [mean, log_var]):
        moved = np.abs(gradient).sum(axis=0) > 0
        np.testing.assert_array_equal(moved, per_dimension > bits)


def test_warm_up_grows_to_the_full_weight_in_training_alone(posterior):
    kl = GaussianKL(2.0, warmup_steps=4)
    full = 2 * closed_form(*posterior).sum(axis=1).mean()
    for step in range(7):
        share = min(1, step / 4)
        kl(posterior, training=True)
        assert float(kl.losses[0]) == pytest.approx(share * full, rel=RTOL)
        kl(posterior, training=False)
        assert float(kl.losses[0]) == pytest.approx(full, rel=RTOL)
        kl(posterior)
        assert float(kl.losses[0]) == pytest.approx(full, rel=RTOL)
        assert float(kl.share()) == pytest.approx(share)
        kl.update(posterior[0])


def test_warm_up_applies_to_free_bits_too(posterior):
    kl = GaussianKL(free_bits=5.0, warmup_steps=2)
    kl(posterior, training=True)
    assert float(kl.losses[0]) == 0
    kl.update(posterior[0])
    kl(posterior, training=True)
    assert float(kl.losses[0]) == pytest.approx(UNITS * 5 / 2)


def test_without_warm_up_the_weight_is_whole_from_the_first_step(posterior):
    kl = GaussianKL(2.0)
    kl(posterior, training=True)
    assert float(kl.losses[0]) == pytest.approx(2 * closed_form(*posterior).sum(axis=1).mean(), rel=RTOL)


def test_the_warm_up_moves_inside_a_graph(posterior):
    kl = GaussianKL(warmup_steps=10)
    kl(posterior)
    step = tf.function(kl.update)
    for _ in range(3):
        step(tf.constant(posterior[0]))
    assert int(kl.step) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"free_bits": -0.1}, "`free_bits` must be non-negative, received -0.1"),
        ({"warmup_steps": -1}, "`warmup_steps` must be a non-negative integer, received -1"),
        ({"warmup_steps": 1.5}, "`warmup_steps` must be a non-negative integer, received 1.5"),
        ({"warmup_steps": True}, "`warmup_steps` must be a non-negative integer, received True"),
    ],
)
def test_wrong_numbers_of_the_kl_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianKL(**arguments)


def test_the_kl_keeps_its_arguments():
    config = GaussianKL(3.0, free_bits=0.25, warmup_steps=7).get_config()
    again = GaussianKL.from_config(config)
    assert (again.weight, again.free_bits, again.warmup_steps, again.name) == (3.0, 0.25, 7, "kl")


# KLSparsity ------------------------------------------------------------------------------------------


def coins(rho, mean):
    """KL between two coins, summed over units, by SciPy's relative entropy."""
    mean = np.asarray(mean, "float64")
    return sum(scipy.stats.entropy([rho, 1 - rho], [m, 1 - m]) for m in mean)


@pytest.fixture
def codes():
    return np.random.default_rng(4).uniform(0, 1, (BATCH, UNITS)).astype("float32")


@pytest.mark.parametrize("rho", [0.05, 0.3])
def test_sparsity_equals_scipys_relative_entropy(codes, rho):
    expected = coins(rho, codes.astype("float64").mean(axis=0))
    assert loss_of(KLSparsity(0.5, rho), codes) == pytest.approx(0.5 * expected, rel=RTOL)


def test_sparsity_is_zero_where_the_mean_is_rho():
    codes = np.tile(np.array([[0.0], [0.4]], "float32"), (3, UNITS))
    # 0.2 is no binary fraction: its rounding, 1e-8, enters squared, that of the logarithms once.
    assert loss_of(KLSparsity(1.0, 0.2), codes) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_sparsity_is_a_statement_about_the_collection(codes, momentum):
    once = loss_of(KLSparsity(1.0, momentum=momentum), codes)
    for times in (2, 8):
        many = loss_of(KLSparsity(1.0, momentum=momentum), np.tile(codes, (times, 1)))
        assert many == pytest.approx(once, rel=RTOL)


def test_sparsity_weighs_the_samples_of_the_mean(codes):
    weights = np.random.default_rng(0).uniform(0, 3, BATCH).astype("float32")
    mean = np.average(codes.astype("float64"), axis=0, weights=weights)
    measured = loss_of(KLSparsity(1.0, 0.1), codes, sample_weight=weights)
    assert measured == pytest.approx(coins(0.1, mean), rel=RTOL)
    assert np.isfinite(loss_of(KLSparsity(1.0, 0.1), codes, sample_weight=np.zeros(BATCH, "float32")))


def test_sparsity_is_finite_at_both_ends():
    for value in (0.0, 1.0):
        codes = tf.fill((BATCH, UNITS), value)
        penalty = KLSparsity(1.0, 0.1)
        with tf.GradientTape() as tape:
            tape.watch(codes)
            penalty(codes)
            (loss,) = penalty.losses
        assert np.isfinite(loss) and float(loss) > 0
        assert np.isfinite(tape.gradient(loss, codes)).all()


def batches_of(codes):
    return [tf.constant(np.roll(codes, step, axis=1) * (1 - 0.1 * step)) for step in range(6)]


def test_the_average_starts_from_data_and_then_forgets(codes):
    rho, momentum = 0.1, 0.75
    penalty = KLSparsity(1.0, rho, momentum=momentum)
    means = [batch.numpy().astype("float64").mean(axis=0) for batch in batches_of(codes)]
    average = np.zeros(UNITS)
    for step, batch in enumerate(batches_of(codes)):
        # Three quarters of an average are kept from the fourth batch on; before, all batches count alike.
        kept = min(momentum, step / (step + 1))
        mixed = kept * average + (1 - kept) * means[step]
        if step < 4:
            np.testing.assert_allclose(mixed, np.mean(means[: step + 1], axis=0))
        penalty(batch, training=True)
        assert float(penalty.losses[0]) == pytest.approx(coins(rho, mixed), rel=RTOL, abs=ATOL)
        penalty.update(batch)
        average = mixed
        np.testing.assert_allclose(penalty.average, average, rtol=RTOL)


def test_a_validation_measures_the_batch_alone(codes):
    penalty = KLSparsity(1.0, 0.1, momentum=0.9)
    for batch in batches_of(codes):
        penalty(batch, training=True)
        penalty.update(batch)
    assert loss_of(penalty, codes) == pytest.approx(loss_of(KLSparsity(1.0, 0.1), codes), rel=RTOL)


def test_the_average_takes_weights(codes):
    penalty = KLSparsity(momentum=0.5, rho=0.2)
    penalty.build((None, UNITS))
    weights = np.arange(BATCH, dtype="float32")
    penalty.update(tf.constant(codes), tf.constant(weights))
    expected = np.average(codes.astype("float64"), axis=0, weights=weights)
    np.testing.assert_allclose(penalty.average, expected, rtol=RTOL)


def test_without_momentum_the_average_rests(codes):
    penalty = KLSparsity(rho=0.2)
    penalty.build((None, UNITS))
    penalty.update(tf.constant(codes))
    np.testing.assert_array_equal(penalty.average, np.zeros(UNITS, "float32"))


@pytest.mark.parametrize("momentum", [0.0, 0.75, 0.99])
def test_the_gradient_does_not_shrink_with_momentum(codes, momentum):
    # d/dh is 1/batch times the slope of the KL at the average, whatever the share of the batch in it.
    rho = 0.1
    penalty = KLSparsity(1.0, rho, momentum=momentum)
    inputs = tf.constant(codes)
    penalty(inputs, training=True)
    penalty.update(inputs)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        penalty(inputs, training=True)
        (loss,) = penalty.losses
    mean = codes.astype("float64").mean(axis=0)
    slope = ((1 - rho) / (1 - mean) - rho / mean) / BATCH
    np.testing.assert_allclose(tape.gradient(loss, inputs), np.tile(slope, (BATCH, 1)), rtol=1e-4)


def test_no_gradient_moves_the_average(codes):
    penalty = KLSparsity(momentum=0.5)
    penalty.build((None, UNITS))
    assert len(penalty.weights) == 2
    assert not penalty.trainable_weights


@pytest.mark.parametrize("rho", [0, 1, -0.1, 1.5])
def test_wrong_rhos_are_refused(rho):
    with pytest.raises(ValueError, match=r"`rho` must be in \(0, 1\), received"):
        KLSparsity(rho=rho)


@pytest.mark.parametrize("momentum", [1, -0.1, 2.0])
def test_wrong_momenta_are_refused(momentum):
    with pytest.raises(ValueError, match=r"`momentum` must be in \[0, 1\), received"):
        KLSparsity(momentum=momentum)


def test_sparsity_keeps_its_arguments():
    again = KLSparsity.from_config(KLSparsity(0.7, 0.2, momentum=0.9).get_config())
    assert (again.weight, again.rho, again.momentum, again.name) == (0.7, 0.2, 0.9, "sparsity")


# L1 --------------------------------------------------------------------------------------------------


def test_l1_is_the_sum_of_sizes_averaged_over_examples():
    codes = np.random.default_rng(5).normal(size=(BATCH, UNITS)).astype("float32")
    each = np.abs(codes).sum(axis=1)
    np.testing.assert_allclose(L1().measure(codes), each, rtol=RTOL)
    assert loss_of(L1(0.5), codes) == pytest.approx(0.5 * each.mean(), rel=RTOL)


def test_l1_takes_any_weights():
    codes = np.random.default_rng(5).normal(size=(BATCH, UNITS)).astype("float32")
    weights = np.linspace(0, 3, BATCH, dtype="float32")
    expected = (np.abs(codes).sum(axis=1) * weights).mean()
    assert loss_of(L1(1.0), codes, sample_weight=weights) == pytest.approx(expected, rel=RTOL)


# SquaredJacobian: its mathematics is in test_jacobian.py ---------------------------------------------


def test_the_jacobian_of_one_tanh_layer():
    x, arguments = inputs_of("squared_jacobian")
    (dense,) = arguments["layers"]
    kernel, bias = (value.numpy().astype("float64") for value in (dense.kernel, dense.bias))
    slopes = 1 - np.tanh(x @ kernel + bias) ** 2
    each = slopes**2 @ (kernel**2).sum(axis=0)
    assert loss_of(SquaredJacobian(0.5), x, **arguments) == pytest.approx(0.5 * each.mean(), rel=RTOL)


def test_a_code_of_one_number_has_a_gradient_for_its_jacobian():
    x = tf.constant(np.random.default_rng(0).normal(size=(BATCH, UNITS)).astype("float32"))

    def encode(rows):
        return tf.reduce_sum(tf.sin(rows), axis=1, keepdims=True)

    each = (np.cos(x.numpy().astype("float64")) ** 2).sum(axis=1)
    np.testing.assert_allclose(SquaredJacobian().measure(x, encode=encode), each, rtol=RTOL)
    assert loss_of(SquaredJacobian(0.5), x, encode=encode) == pytest.approx(0.5 * each.mean(), rel=RTOL)


@pytest.mark.parametrize("probes", [-1, 1.5, True])
def test_wrong_probes_are_refused(probes):
    with pytest.raises(ValueError, match="`probes` must be a non-negative integer, received"):
        SquaredJacobian(probes=probes)


def test_the_jacobian_keeps_its_arguments():
    again = SquaredJacobian.from_config(SquaredJacobian(0.7, probes=3, seed=11).get_config())
    assert (again.weight, again.probes, again.seed, again.name) == (0.7, 3, 11, "contraction")
