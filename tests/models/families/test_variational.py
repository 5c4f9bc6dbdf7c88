"""The variational family by identity: bounds, their gradients, and the exact likelihood of a linear model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from kerasae import Recipe, evaluate, train
from kerasae.losses import Gaussian
from kerasae.models import (
    VariationalAutoencoder,
)


@pytest.fixture(scope="module")
def linear_gaussian():
    """A variational model whose marginal likelihood is known: x = W z + noise, z ~ N(0, I)."""
    rng = np.random.default_rng(0)
    W, sigma = rng.normal(size=(2, 5)).astype("float32"), 0.5
    encoder = keras.Sequential([keras.Input((5,)), keras.layers.Activation("linear")])
    decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(5)])
    model = VariationalAutoencoder(encoder, decoder, reconstruction_loss=Gaussian(sigma))
    model.build((None, 5))
    decoder.layers[-1].set_weights([W, np.zeros(5)])
    # The exact posterior: covariance S = (I + W W^T / s^2)^-1, mean S W x / s^2.
    S = np.linalg.inv(np.eye(2) + W @ W.T / sigma**2)
    model.to_mean.set_weights([(S @ W / sigma**2).T, np.zeros(2)])
    model.to_log_var.set_weights([np.zeros((5, 2)), np.log(np.diag(S))])
    x = (rng.normal(size=(40, 2)) @ W + sigma * rng.normal(size=(40, 5))).astype("float32")
    exact = -multivariate_normal(np.zeros(5), W.T @ W + sigma**2 * np.eye(5)).logpdf(x)
    return model, x, exact


def test_importance_sampled_nll_reaches_the_exact_one(linear_gaussian):
    model, x, exact = linear_gaussian
    # The mean-field posterior is not exact, so a few draws are not enough and many are.
    np.testing.assert_allclose(model.nll(x, samples=20_000), exact, atol=0.1)
    assert model.nll(x, samples=20_000).mean() == pytest.approx(exact.mean(), abs=0.02)


@pytest.mark.slow
def test_nll_tightens_with_samples_and_elbo_is_its_bound(linear_gaussian):
    model, x, exact = linear_gaussian
    one = np.mean([model.nll(x, samples=1, seed=s).mean() for s in range(50)])
    ten = np.mean([model.nll(x, samples=10, seed=100 + s).mean() for s in range(20)])
    assert exact.mean() < ten < one
    elbo = np.mean([model.elbo(x, seed=s)["elbo"] for s in range(50)])
    # One importance sample is the ELBO, in expectation.
    assert -elbo == pytest.approx(one, abs=0.15)


def test_draws_are_shared_with_no_neighbour(linear_gaussian):
    """Seed 0 in the second batch had the draws of seed 1 in the first."""
    model, x, _ = linear_gaussian
    same = np.repeat(x[:1], 6, axis=0)
    found = np.concatenate([model.nll(same, samples=1, seed=seed, batch_size=2) for seed in range(4)])
    assert len(np.unique(found)) == len(found)
    ones = [model.elbo(x[:1], samples=2, seed=seed)["reconstruction"] for seed in range(3)]
    twos = [2 * ones[seed] - model.elbo(x[:1], samples=1, seed=seed)["reconstruction"] for seed in range(3)]
    assert not np.isclose(twos[0], model.elbo(x[:1], seed=1)["reconstruction"], rtol=1e-4)


def test_the_noise_of_x_and_the_draws_of_codes_have_seeds_of_their_own(linear_gaussian, monkeypatch):
    model, x, _ = linear_gaussian
    seeds = []
    normal = tf.random.stateless_normal
    monkeypatch.setattr(
        tf.random, "stateless_normal", lambda *of: seeds.append(tuple(of[1].numpy())) or normal(*of)
    )
    monkeypatch.setattr(type(model), "_drawn", lambda self, x, seed: seeds.append(tuple(seed)) or x)
    tf.config.run_functions_eagerly(True)
    try:
        model.nll(x, samples=150, seed=3, batch_size=20)
        assert len(seeds) == 2 * 3
        model.elbo(x, samples=3, seed=4, batch_size=20)
    finally:
        tf.config.run_functions_eagerly(False)
    assert len(seeds) == 2 * 3 + 3 + 2
    assert len({*seeds}) == len(seeds)


@pytest.mark.parametrize("samples", [0, -1, 1.5])
def test_a_number_of_draws_is_a_positive_integer(linear_gaussian, samples):
    model, x, _ = linear_gaussian
    for measure in (model.nll, model.elbo):
        with pytest.raises(ValueError, match="`samples` must be a positive integer"):
            measure(x, samples=samples)


def test_rows_are_measured_in_batches(linear_gaussian, monkeypatch):
    model, x, _ = linear_gaussian
    whole = model.elbo(x, samples=3, seed=5)
    drawn = model.sample_posterior(x, seed=5)
    seen, original = [], type(model).posterior

    def posterior(self, x, training=False):
        seen.append(x.shape[0])
        return original(self, x, training=training)

    monkeypatch.setattr(type(model), "posterior", posterior)
    assert model.elbo(x, samples=3, seed=5, batch_size=16) == pytest.approx(whole, rel=1e-5)
    np.testing.assert_allclose(model.sample_posterior(x, seed=5, batch_size=16), drawn, rtol=1e-5)
    assert seen == 2 * [16, 16, 8]


def test_the_elbo_knows_no_beta(linear_gaussian):
    base, x, _ = linear_gaussian
    model = VariationalAutoencoder(
        base.encoder, base.decoder, reconstruction_loss=Gaussian(0.5), beta=3.0, warmup_steps=9
    )
    model.build((None, 5))
    for mine, theirs in ((model.to_mean, base.to_mean), (model.to_log_var, base.to_log_var)):
        mine.set_weights(theirs.get_weights())
    found = model.elbo(x, seed=2)
    mean, log_var = (np.asarray(one, "float64") for one in model.posterior(x))
    kl = 0.5 * (mean**2 + np.exp(log_var) - 1 - log_var).sum(axis=1).mean()
    assert found["kl"] == pytest.approx(kl, rel=1e-5)
    assert found["elbo"] == pytest.approx(-found["reconstruction"] - kl, rel=1e-6)
    assert found == pytest.approx(base.elbo(x, seed=2), rel=1e-6)


@pytest.mark.parametrize("samples", [1, 99, 100, 101, 250])
def test_the_number_of_samples_is_respected(linear_gaussian, samples, monkeypatch):
    model, x, _ = linear_gaussian
    drawn = []
    original = type(model)._log_weights

    def counted(self, x, samples, seed):
        weights = original(self, x, samples, seed)
        drawn.append(weights.shape[0])
        return weights

    monkeypatch.setattr(type(model), "_log_weights", counted)
    tf.config.run_functions_eagerly(True)
    try:
        model.nll(x[:8], samples=samples)
    finally:
        tf.config.run_functions_eagerly(False)
    assert sum(drawn) == samples


def test_importance_weighted_training_has_the_bounds_loss(linear_gaussian):
    """With k draws the loss is the k-sample bound: between the ELBO and the exact likelihood."""
    base, x, exact = linear_gaussian
    losses = {}
    for k in (1, 50):
        model = VariationalAutoencoder(
            base.encoder, base.decoder, reconstruction_loss=Gaussian(0.5), importance_samples=k
        )
        model.build((None, 5))
        model.to_mean.set_weights(base.to_mean.get_weights())
        model.to_log_var.set_weights(base.to_log_var.get_weights())
        model.compile("adam")
        found = [float(model.objective(x, None, None, training=True)[0]) for _ in range(40)]
        losses[k] = np.mean(found)
    assert losses[50] < losses[1]
    assert losses[50] == pytest.approx(exact.mean(), abs=0.1)


def importance_weighted(base, k, **arguments):
    model = VariationalAutoencoder(
        base.encoder, base.decoder, reconstruction_loss=Gaussian(0.5), importance_samples=k, **arguments
    )
    model.build((None, 5))
    model.to_mean.set_weights(base.to_mean.get_weights())
    model.to_log_var.set_weights([np.zeros((5, 2)), np.full(2, -1.0)])
    model.compile("adam", jit_compile=False)
    return model


def bound(model, x, k, beta, seed):
    """`-log 1/k sum_i p(x|z_i) (p(z_i) / q(z_i|x))^beta` from the densities themselves."""
    mean, log_var = model.posterior(tf.constant(x))
    means, log_vars = tf.repeat(mean, k, axis=0), tf.repeat(log_var, k, axis=0)
    z = np.asarray(model.sampling((means, log_vars), training=True, seed=seed), "float64")
    means, log_vars = np.asarray(means, "float64"), np.asarray(log_vars, "float64")
    log_p = -np.asarray(model.reconstruction_loss.per_example(tf.repeat(x, k, axis=0), model.decoder(z)))
    log_prior = norm.logpdf(z).sum(axis=1)
    log_q = norm.logpdf(z, means, np.exp(0.5 * log_vars)).sum(axis=1)
    weights = (log_p + beta * (log_prior - log_q)).reshape(-1, k)
    return (np.log(k) - logsumexp(weights, axis=1)).mean()


@pytest.mark.parametrize(("training", "beta"), [(True, 0.5), (False, 2.0)])
def test_the_importance_weighted_bound_warms_up_in_training_alone(linear_gaussian, training, beta):
    base, x, _ = linear_gaussian
    model = importance_weighted(base, 5, beta=2.0, warmup_steps=4)
    # A quarter of the way to 2.
    model.kl.step.assign(1)
    seed = tf.constant([3, 4])
    loss, _ = model.objective(tf.constant(x), None, None, training=training, seed=seed)
    assert float(loss) == pytest.approx(bound(model, x, 5, beta, seed), rel=1e-4)


def test_a_validation_judges_by_the_bound_that_is_trained(linear_gaussian):
    base, x, _ = linear_gaussian
    model = importance_weighted(base, 20)
    logs = model.evaluate(x, batch_size=40, verbose=0, return_dict=True)
    expected = bound(model, x, 20, 1.0, tf.constant(model.validation_seed))
    assert logs["loss"] == pytest.approx(expected, rel=1e-4)
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["kl"] + logs["tightening"], rel=1e-5)
    # The plain ELBO is another number: this posterior is far from the true one.
    assert logs["tightening"] < -0.5
    assert importance_weighted(base, 50).validation_rows == 2048 // 50


def test_the_importance_weighted_gradient_is_that_of_the_bound(linear_gaussian):
    """The terms are a telescope; their gradients must add up to that of logsumexp alone."""
    base, x, _ = linear_gaussian
    k = 5
    model = VariationalAutoencoder(
        base.encoder, base.decoder, reconstruction_loss=Gaussian(0.5), importance_samples=k
    )
    model.build((None, 5))
    model.to_mean.set_weights(base.to_mean.get_weights())
    model.to_log_var.set_weights([np.zeros((5, 2)), np.full(2, -1.0)])
    model.compile("adam")
    seed = tf.constant([3, 4])
    with tf.GradientTape() as tape:
        loss, _ = model.objective(tf.constant(x), None, None, training=True, seed=seed)
    ours = tape.gradient(loss, model.to_mean.kernel)
    with tf.GradientTape() as tape:
        mean, log_var = model.posterior(tf.constant(x))
        means, log_vars = tf.repeat(mean, k, axis=0), tf.repeat(log_var, k, axis=0)
        z = model.sampling((means, log_vars), training=True, seed=seed)
        log_p = -model.reconstruction_loss.per_example(tf.repeat(x, k, axis=0), model.decoder(z))
        log_prior = -0.5 * tf.reduce_sum(z**2, -1)
        log_q = -0.5 * tf.reduce_sum((z - means) ** 2 / tf.exp(log_vars) + log_vars, -1)
        weights = tf.reshape(log_p + log_prior - log_q, (-1, k))
        bound = tf.reduce_mean(np.log(k) - tf.reduce_logsumexp(weights, axis=1))
    np.testing.assert_allclose(float(loss), float(bound), rtol=1e-5)
    np.testing.assert_allclose(ours, tape.gradient(bound, model.to_mean.kernel), rtol=1e-3, atol=1e-4)


def test_warm_up_grows_in_training_and_not_in_validation(build, x):
    model = build("variational", model={"warmup_steps": 8})
    model.compile("adam", jit_compile=False)
    logs = model.fit(x[:128], epochs=4, batch_size=32, verbose=0, validation_data=(x[:64], None)).history
    share = np.array(logs["kl"]) / np.array(logs["kl_nats"])
    assert share[0] < 0.35
    assert share[-1] == pytest.approx(1, rel=0.1)
    np.testing.assert_allclose(logs["val_kl"], logs["val_kl_nats"], rtol=1e-5)


@pytest.mark.slow
def test_free_bits_keep_dimensions_alive(build, x):
    kept = []
    for free_bits in (0.0, 0.5):
        model = build("variational", model={"free_bits": free_bits, "beta": 30.0})
        model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
        logs = model.fit(x[:512], epochs=15, batch_size=64, verbose=0).history
        kept.append(logs["kl_nats"][-1])
    # Four dimensions of half a nat; the last updates may have gone a little below.
    assert kept[0] < 0.5
    assert kept[1] > 1.2


def test_samples_look_like_raw_examples_and_follow_from_the_seed(build):
    model = build("variational")
    one = model.sample(5, seed=1)
    assert one.shape == (5, 8, 8, 1)
    assert one.dtype == "uint8"
    np.testing.assert_array_equal(one, model.sample(5, seed=1))
    assert not np.array_equal(one, model.sample(5, seed=2))


def test_samples_of_vectors_are_draws_of_the_likelihood(linear_gaussian):
    model, _, _ = linear_gaussian
    W = model.decoder.layers[-1].get_weights()[0]
    made = model.sample(20_000, seed=0)
    # Decoded means would have W'W alone, which is of rank 2. Standard errors are about 1 % of a variance.
    np.testing.assert_allclose(np.cov(made, rowvar=False), W.T @ W + 0.25 * np.eye(5), atol=0.1)


def test_active_units_counts_dimensions_that_move(linear_gaussian):
    model, x, _ = linear_gaussian
    assert model.active_units(x) == 2
    assert model.active_units(np.repeat(x[:1], 30, axis=0)) == 0
    assert model.unused_units(x) == {"collapsed_units": 0}
    assert model.unused_units(np.repeat(x[:1], 10, axis=0)) == {"collapsed_units": 2}
    assert model.unused_units(x[:9]) == {}


@pytest.mark.parametrize("loss", ["bernoulli", pytest.param("laplace", marks=pytest.mark.slow), "gaussian"])
def test_every_likelihood_trains_without_collapse(digits, loss):
    recipe = Recipe.of("variational", latent_dim=4, loss={"name": loss}, network={"widths": [64]})
    model = recipe.build(digits)
    train(model, digits, epochs=40, learning_rate=3e-3, batch_size=64)
    assert model.active_units(digits.test.examples) == 4
    assert evaluate(model, digits)["explained_variance"] > 0.3
