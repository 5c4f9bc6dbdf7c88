"""The KL of a Gaussian posterior: closed form, Monte Carlo, free bits, warm-up."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from penalty_inputs import ATOL, BATCH, RTOL, UNITS, loss_of

from kerasae.penalties import GaussianKL


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
