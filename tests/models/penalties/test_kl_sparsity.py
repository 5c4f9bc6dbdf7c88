"""KL sparsity against SciPy's relative entropy, and its moving average."""

import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from penalty_inputs import ATOL, BATCH, RTOL, UNITS, loss_of

from kerasae.penalties import KLSparsity


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
