"""L1, and the squared Jacobian, whose mathematics is in test_jacobian.py."""

import numpy as np
import pytest
import tensorflow as tf
from penalty_inputs import BATCH, RTOL, UNITS, inputs_of, loss_of

from kerasae import Recipe
from kerasae.penalties import L1, Rate, SquaredJacobian
from kerasae.spec import Spec

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


# Rate ------------------------------------------------------------------------------------------------


def test_the_rate_of_a_gaussian_number_is_that_of_its_channel():
    """Of a code that is constant in size, log(size / step) and half the logarithm of 12."""
    codes = np.random.default_rng(0).choice([-1.0, 1.0], (BATCH, UNITS)).astype("float32")
    for size, step in ((100.0, 1.0), (1000.0, 5.0)):
        expected = UNITS * (np.log(size / step) + 0.5 * np.log(12))
        np.testing.assert_allclose(Rate(step=step).measure(size * codes), expected, rtol=1e-4)
    assert float(np.max(Rate().measure(0.001 * codes))) < 1e-4
    assert loss_of(Rate(0.5), codes) == pytest.approx(0.5 * UNITS * 0.5 * np.log(13), rel=RTOL)
    with pytest.raises(ValueError, match="`step` must be positive, received 0"):
        Rate(step=0)


def test_a_decoder_is_free_only_beside_a_rounded_code():
    for noise, free in ((None, False), ([1.0, 1.0], True)):
        settings = {"code_penalty": "rate", "code_steps": noise}
        model = Recipe.of(latent_dim=3, model=settings).build(Spec("vector", (6,)))
        constrained = [weight.constraint is not None for weight in model.decoder.trainable_variables]
        assert any(constrained) != free
