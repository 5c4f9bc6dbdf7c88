"""What is particular to each family: identities, closed forms, and what the objective promises."""

import dataclasses
import importlib.util
import zipfile

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import ops
from scipy.special import logsumexp
from scipy.stats import multivariate_normal, norm

from kerasae import PCA, Recipe, evaluate, registry, train
from kerasae.corruptions import MaskingNoise
from kerasae.data.tables import from_frame
from kerasae.losses import Gaussian
from kerasae.models import (
    ContractiveAutoencoder,
    SparseAutoencoder,
    UndercompleteAutoencoder,
    VariationalAutoencoder,
    load_model,
)
from kerasae.preprocessing import Rescaling, Standardization, TablePreprocessing
from kerasae.spec import Spec


def plain(inputs=6, code=2, hidden=5, outputs=1):
    encoder = keras.Sequential([keras.Input((inputs,)), keras.layers.Dense(hidden, "tanh")])
    decoder = keras.Sequential(
        [keras.Input((code,)), keras.layers.Dense(hidden, "tanh"), keras.layers.Dense(inputs * outputs)]
    )
    return encoder, decoder


# Undercomplete ------------------------------------------------------------------------------------


def test_a_linear_autoencoder_reaches_the_error_of_pca(digits):
    """Baldi and Hornik 1989: no local minima but the subspace of PCA."""
    recipe = Recipe.of("undercomplete", latent_dim=8, network={"depth": 0})
    model = recipe.build(digits)
    train(model, digits, epochs=400, learning_rate=1e-2, patience=60, reduce_patience=15)
    ours, pca = (evaluate(codec, digits)["error"] for codec in (model, PCA(8).fit(digits)))
    # PCA is fitted on a tenth more rows.
    assert ours == pytest.approx(pca, rel=0.02)


def test_a_code_as_wide_as_the_input_is_warned_of():
    with pytest.warns(UserWarning, match="learn the identity"):
        UndercompleteAutoencoder(*plain(inputs=4, code=4))


# Sparse -------------------------------------------------------------------------------------------


def test_top_k_codes_have_k_numbers(build, digits):
    model = build("sparse", latent_dim=16, model={"penalty": None, "k": 3})
    codes = model.transform(digits.test.examples)
    assert ((codes != 0).sum(axis=1) <= 3).all()
    assert ((codes != 0).sum(axis=1) == 3).mean() > 0.95


@pytest.mark.parametrize("tied", [False, True])
def test_top_k_alone_is_plain_top_k(build, tied):
    model = build("sparse", latent_dim=16, model={"k": 3}, network={"tied": tied})
    assert model.penalties() == []
    assert all(variable.constraint is None for variable in model.decoder.trainable_variables)
    # Beside a penalty that is asked for, and without `k`, nothing is different.
    both = build("sparse", latent_dim=16, model={"k": 3, "penalty": "l1"})
    assert [type(one).__name__ for one in both.penalties()] == ["L1"]
    assert [type(one).__name__ for one in build("sparse").penalties()] == ["L1"]


def test_the_log_counts_active_and_dead_units():
    """Three units: one always on, one on for half of the rows, one never."""
    encoder = keras.Sequential([keras.Input((3,)), keras.layers.Activation("linear")])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    model = SparseAutoencoder(encoder, decoder, code_activation="relu")
    model.build((None, 3))
    model.to_code.set_weights([np.eye(3), np.zeros(3)])
    model.compile("adam", jit_compile=False)
    x = np.array([[1, 1, -1], [2, -1, -1]] * 8, "float32")
    logs = model.evaluate(x, batch_size=2, verbose=0, return_dict=True)
    assert logs["active"] == pytest.approx(0.5)
    assert logs["dead"] == pytest.approx(1 / 3)


def test_l1_makes_codes_sparser(build, x):
    active = []
    for weight in (0.0, 1.0):
        model = build("sparse", latent_dim=12, model={"weight": weight, "code_activation": "relu"})
        model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
        logs = model.fit(x[:512], epochs=20, batch_size=64, verbose=0).history
        active.append(logs["active"][-1])
    assert active[1] < 0.7 * active[0]


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_kl_holds_the_mean_activation(build, x, momentum):
    settings = {"penalty": "kl", "rho": 0.15, "weight": 50.0, "momentum": momentum}
    model = build("sparse", latent_dim=12, model=settings)
    model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
    logs = model.fit(x[:512], epochs=15, batch_size=32, verbose=0, validation_data=(x[512:768], None)).history
    np.testing.assert_allclose(ops.mean(model.encode(x[:512]), axis=0), 0.15, atol=0.06)
    # The first validation sees codes far from `rho`; an average that started at `rho` called them good.
    assert logs["val_sparsity"][0] > 10 * logs["val_sparsity"][-1]


@pytest.mark.parametrize("family", registry.names("model"))
def test_kl_refuses_an_unbounded_code(family, build):
    options = (
        {"penalty": "kl", "code_activation": "relu"}
        if family == "sparse"
        else {"code_penalty": "kl_sparsity"}
    )
    with pytest.raises(ValueError, match=r"a code in \[0, 1\].*received"):
        build(family, model=options)
    if family not in ("sparse", "variational"):
        build(family, model={**options, "code_activation": "sigmoid"})


@pytest.mark.parametrize("family", ["sparse", "contractive"])
def test_a_penalty_cannot_be_escaped_by_scaling(build, x, family):
    """A decoder that stretches no distance needs codes spread as widely as its output."""
    model = build(family, model={"weight": 0.02})
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(x[:512], epochs=10, batch_size=64, verbose=0)
    codes = model.encode(x[:512])
    rebuilt = ops.reshape(model.decode(codes), (512, -1))
    spread = float(ops.sum(ops.var(codes, axis=0)))
    assert float(ops.sum(ops.var(rebuilt, axis=0))) <= spread * (1 + 1e-4)


def test_without_the_bound_scaling_does_escape(x):
    """The reason for the bound: code times 1/1000, decoder times 1000, the same output."""
    model = Recipe.of("contractive", network={"depth": 0}).build(Spec("image", (8, 8, 1)))
    before = model.predict(x[:50], verbose=0)
    penalty = float(model.contraction.measure(x[:50], [*model.encoder.layers, model.to_code])[0])
    kernel, bias = model.to_code.get_weights()
    model.to_code.set_weights([kernel / 1000, bias / 1000])
    dense = next(layer for layer in model.decoder.layers if isinstance(layer, keras.layers.Dense))
    weights, offset = dense.get_weights()
    dense.set_weights([weights * 1000, offset])
    np.testing.assert_allclose(model.predict(x[:50], verbose=0), before, rtol=1e-3, atol=1e-4)
    after = float(model.contraction.measure(x[:50], [*model.encoder.layers, model.to_code])[0])
    assert after == pytest.approx(penalty / 1e6, rel=1e-3)
    bound = dense.kernel.constraint(ops.convert_to_tensor(dense.kernel))
    # From above, by a few percent at most.
    assert np.linalg.svd(bound, compute_uv=False)[0] == pytest.approx(1, rel=0.1)


def test_a_normalised_decoder_is_refused_where_it_undoes_the_penalty(build):
    with pytest.raises(ValueError, match="needs a decoder without normalisation"):
        build("contractive", network={"normalization": "layer"})


# Tied ---------------------------------------------------------------------------------------------


def test_tied_decoders_have_the_encoders_kernels_transposed(build, x):
    tied, free = build("undercomplete", network={"tied": True}), build("undercomplete")
    assert tied.count_params() < 0.6 * free.count_params()
    model = tied
    model.fit(x[:256], epochs=2, verbose=0)
    kernels = [layer.kernel for layer in model.encoder.layers if isinstance(layer, keras.layers.Dense)]
    z = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    hidden, output = (layer for layer in model.decoder.layers if "dense" in layer.name)
    h = np.maximum(z @ np.array(model.to_code.kernel).T + np.array(hidden.bias), 0)
    expected = h @ np.array(kernels[0]).T + np.array(output.bias)
    np.testing.assert_allclose(ops.reshape(model.decode(z), (5, -1)), expected, rtol=1e-4, atol=1e-5)


# Contractive --------------------------------------------------------------------------------------


def test_the_logged_contraction_is_the_jacobians_norm(build, x):
    model = build("contractive", model={"weight": 0.5})
    model.compile("adam", jit_compile=False)
    logged = model.evaluate(x[:20], verbose=0, return_dict=True)["contraction"]
    inputs = tf.constant(x[:20])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        codes = model.encode(inputs)
    jacobian = tape.batch_jacobian(codes, inputs)
    expected = 0.5 * float(tf.reduce_mean(tf.reduce_sum(tf.square(jacobian), axis=[1, 2, 3, 4])))
    assert logged == pytest.approx(expected, rel=1e-4)


def test_contraction_falls_with_its_weight(build, x):
    norms = []
    for weight in (0.0, 1.0):
        model = build("contractive", model={"weight": weight}, network={"tied": True})
        model.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
        model.fit(x[:512], epochs=10, batch_size=64, verbose=0)
        layers = [*model.encoder.layers, model.to_code]
        norms.append(float(ops.mean(model.contraction.measure(x[:100], layers))))
    assert norms[1] < 0.5 * norms[0]


@pytest.mark.parametrize("probes", [0, 1])
def test_any_encoder_can_contract(probes):
    """An encoder that is no plain stack of dense layers takes the general way."""
    inputs = keras.Input((6,))
    h = keras.layers.Dense(5, "tanh")(inputs)
    h = keras.layers.LayerNormalization()(keras.layers.Concatenate()([h, inputs]))
    encoder, decoder = keras.Model(inputs, h), plain()[1]
    model = ContractiveAutoencoder(encoder, decoder, weight=1.0, probes=probes)
    model.compile("adam", jit_compile=False)
    x = np.random.default_rng(0).normal(size=(64, 6)).astype("float32")
    logs = model.fit(x, epochs=2, verbose=0).history
    assert logs["contraction"][-1] > 0


def test_batch_normalisation_in_a_contractive_encoder_is_refused():
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5), keras.layers.BatchNormalization()])
    model = ContractiveAutoencoder(encoder, plain()[1])
    with pytest.raises(ValueError, match="without batch normalisation"):
        model.build((None, 6))


# Denoising ----------------------------------------------------------------------------------------


def test_denoising_beats_a_plain_model_on_noisy_input(build, digits, x):
    noise = MaskingNoise(0.3, seed=0)
    clean = digits.x("test")
    noisy = noise(clean, training=True)
    errors = {}
    for family, arguments in (("undercomplete", {}), ("denoising", {"corruption": "masking", "level": 0.3})):
        model = build(family, latent_dim=12, model=arguments, network={"widths": [128]})
        model.compile(keras.optimizers.Adam(2e-3), jit_compile=False)
        model.fit(x, epochs=25, batch_size=64, verbose=0)
        errors[family] = float(ops.mean(ops.square(model.predict(noisy, verbose=0) - clean)))
    assert errors["denoising"] < 0.8 * errors["undercomplete"]


def test_noise_is_new_at_each_step_and_fixed_in_validation(build, x):
    model = build("denoising", model={"level": 0.5})
    one, two = (float(model.objective(x[:64], None, None, training=True)[0]) for _ in range(2))
    assert one != two
    model.compile("adam", jit_compile=False)
    assert model.evaluate(x[:64], verbose=0) == model.evaluate(x[:64], verbose=0)
    clean = float(ops.mean(ops.sum(ops.square(model(x[:64]) - x[:64]), axis=(1, 2, 3))))
    assert model.evaluate(x[:64], verbose=0) != pytest.approx(clean, rel=1e-3)


def test_a_pair_stands_in_for_the_corruption(build, x):
    """fit(noisy, clean) adds no noise of its own: its loss is that of the pair."""
    model = build("denoising", model={"level": 5.0})
    noisy = x[:64] * 0.5
    loss, outputs = model.objective(noisy, x[:64], None, training=True)
    np.testing.assert_allclose(outputs, model(noisy), rtol=1e-5, atol=1e-6)
    expected = np.square(np.array(outputs) - x[:64]).sum(axis=(1, 2, 3)).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


# Variational --------------------------------------------------------------------------------------


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


@pytest.mark.parametrize("loss", ["bernoulli", "laplace", "gaussian"])
def test_every_likelihood_trains_without_collapse(digits, loss):
    recipe = Recipe.of("variational", latent_dim=4, loss={"name": loss}, network={"widths": [64]})
    model = recipe.build(digits)
    train(model, digits, epochs=40, learning_rate=3e-3, batch_size=64)
    assert model.active_units(digits.test.examples) == 4
    assert evaluate(model, digits)["explained_variance"] > 0.3


# The base -----------------------------------------------------------------------------------------


def test_exports_hold_no_noise(build, x):
    """A traced call at inference holds no random operation."""
    for family in ("denoising", "variational"):
        model = build(family)
        graph = tf.function(lambda a, model=model: model(a)).get_concrete_function(
            tf.TensorSpec((None, 8, 8, 1))
        )
        assert not [op.type for op in graph.graph.get_operations() if "andom" in op.type]


@pytest.mark.parametrize(
    ("loss", "width", "expected"),
    [("squared_error", 11, 12), ({"name": "gaussian", "scale": 0.5}, 6, 12), ("gaussian", 12, 24)],
)
def test_a_decoder_of_another_width_is_refused(loss, width, expected):
    def model():
        encoder = keras.Sequential([keras.Input((12,)), keras.layers.Dense(4)])
        decoder = keras.Sequential([keras.Input((2,)), keras.layers.Dense(width)])
        return VariationalAutoencoder(encoder, decoder, reconstruction_loss=loss)

    said = rf"has the shape \({expected},\) .*received one of shape \({width},\)"
    with pytest.raises(ValueError, match=said):
        model().build((None, 12))
    rows = np.zeros((4, 12), "float32")
    unbuilt = model()
    unbuilt.compile()
    for verb in (unbuilt.fit, model().predict):
        with pytest.raises(ValueError, match=said):
            verb(rows, verbose=0)


def test_abstract_classes_say_so():
    from kerasae.models import Autoencoder, DeterministicAutoencoder

    for family in (Autoencoder, DeterministicAutoencoder):
        with pytest.raises(TypeError, match="is abstract"):
            family(*plain())


@pytest.mark.parametrize("shape", [(8, 8, 8), (8, 64), (4, 16, 8, 1)])
def test_examples_of_another_shape_are_refused_by_every_verb(build, digits, shape):
    """A channel axis that lacks was broadcast against the reconstruction: 512 residuals for 64."""
    model = build("undercomplete")
    wrong = digits.x("train")[:8].reshape(shape)
    for verb in (model, model.account):
        with pytest.raises(ValueError):
            verb(wrong)
    for verb in (model.predict, model.evaluate, model.fit):
        with pytest.raises(ValueError, match="incompatible with the layer"):
            verb(wrong, verbose=0)
    bare = UndercompleteAutoencoder(model.encoder, model.decoder)
    bare.build((None, 8, 8, 1))
    for verb in (bare.transform, bare.accounts):
        with pytest.raises(ValueError, match=r"shape \(rows, 8, 8, 1\), received"):
            verb(wrong)


@pytest.mark.parametrize(
    ("name", "received"),
    [
        ("reconstruction_loss", keras.losses.MeanSquaredError()),
        ("corruption", keras.layers.GaussianNoise(0.1)),
        ("code_penalty", keras.regularizers.L2(0.1)),
        ("contraction", "strong"),
        ("preprocessor", keras.layers.Rescaling(1 / 255)),
    ],
)
def test_a_part_of_another_type_is_refused(name, received):
    """Some were taken in silence and did nothing; others ended in an AttributeError of a later step."""
    with pytest.raises(TypeError, match=rf"`{name}` must be of type \w+( \| None)?, received"):
        UndercompleteAutoencoder(*plain(), **{name: received})


@pytest.fixture(scope="module")
def stored_parts(tmp_path_factory):
    """The files inside a `.keras` file, by name."""
    path = tmp_path_factory.mktemp("stored") / "m.keras"
    model = UndercompleteAutoencoder(*plain())
    model.compile("adam")
    model.build((None, 6))
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("model.weights.h5", lambda content: content[: len(content) // 2]),
        ("model.weights.h5", lambda content: content.replace(b"SNOD", b"SNOX")),
        ("model.weights.h5", lambda content: content.replace(b"layers", b"layerz")),
        ("config.json", lambda content: content[:-9]),
        ("config.json", lambda content: b"\xfe" + content),
        ("config.json", lambda content: content.replace(b"UndercompleteAutoencoder", b"Other")),
        ("config.json", lambda content: content.replace(b'"trim": 0.0', b'"trim": 2')),
        ("config.json", lambda content: content.replace(b'"corruption": null', b'"corruption": 3')),
        ("config.json", lambda content: b"[]"),
    ],
)
def test_a_whole_archive_of_damaged_parts_is_refused_in_one_line(name, damage, stored_parts, tmp_path):
    damaged = damage(stored_parts[name])
    assert damaged != stored_parts[name]
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        for part, content in {**stored_parts, name: damaged}.items():
            archive.writestr(part, content)
    with pytest.raises(ValueError, match=r"Expected a \.keras file that Keras can load") as refusal:
        load_model(path)
    assert "\n" not in str(refusal.value) and len(str(refusal.value)) < 600


def test_a_handle_is_no_path(tmp_path):
    """Keras fetches what lies elsewhere; TensorFlow's own file system in memory stands for all of them."""
    model = UndercompleteAutoencoder(*plain())
    model.build((None, 6))
    model.save(tmp_path / "m.keras")
    tf.io.gfile.copy(str(tmp_path / "m.keras"), "ram://models/m.keras")
    loaded = load_model("ram://models/m.keras")
    for ours, theirs in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(
        OSError, match=r"can be read at https://a/m\.keras, received: File system scheme 'https'"
    ):
        load_model("https://a/m.keras")
    if importlib.util.find_spec("huggingface_hub") is None:
        with pytest.raises(ImportError, match="huggingface_hub"):
            load_model("hf://a/m")


# Units of a likelihood ---------------------------------------------------------------------------


def test_a_likelihood_in_raw_units_does_not_depend_on_the_scaling():
    """One Gaussian, seen through two scalings: `nll` of x differs, that of raw units is SciPy's."""
    rng = np.random.default_rng(0)
    raw = rng.normal(50.0, 20.0, size=(30, 3)).astype("float32")
    for mean, std in ((50.0, 20.0), (0.0, 4.0)):
        scaling = Standardization(Spec("vector", (3,)), mean=[mean] * 3, std=[std] * 3)
        decoder = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3)])
        encoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        model = VariationalAutoencoder(
            encoder, decoder, reconstruction_loss=Gaussian(20.0 / std), preprocessor=scaling
        )
        model.build((None, 3))
        # The code says nothing: each number is N(50, 20^2), and the posterior is the prior.
        decoder.layers[-1].set_weights([np.zeros((1, 3)), np.full(3, (50.0 - mean) / std)])
        for head in (model.to_mean, model.to_log_var):
            head.set_weights([np.zeros((2, 1)), np.zeros(1)])
        exact = -norm(50.0, 20.0).logpdf(raw).sum(axis=1)
        np.testing.assert_allclose(model.nll(raw, samples=4, unit="raw"), exact, rtol=1e-4)
        np.testing.assert_allclose(model.nll(raw, samples=4, unit="bits"), exact / 3 / np.log(2), rtol=1e-4)
        np.testing.assert_allclose(model.nll(raw, samples=4), exact - 3 * np.log(std), rtol=1e-4)
    with pytest.raises(ValueError, match="`unit` must be x, raw or bits"):
        model.nll(raw, unit="nats")


@pytest.mark.parametrize("scale", [0.1 / 256, 0.7 / 256, 20 / 256])
def test_bits_of_dequantised_integers_bound_their_code_length(scale):
    """Pixels of one value under a Gaussian of x: closed forms by SciPy, with the noise and without."""
    raw = np.full((4000, 2, 2, 1), 77, "uint8")
    spec = Spec("image", (2, 2, 1), "uint8", 0.0, 255.0)
    found = {}
    for dequantize in (True, False):
        scaling = Rescaling(spec, dequantize=dequantize)
        layers = keras.layers
        encoder = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(2)])
        decoder = keras.Sequential([keras.Input((1,)), layers.Dense(4), layers.Reshape((2, 2, 1))])
        loss = Gaussian(scale, min_scale=scale)
        model = VariationalAutoencoder(encoder, decoder, reconstruction_loss=loss, preprocessor=scaling)
        model.build((None, 2, 2, 1))
        # The code says nothing, and the posterior is the prior.
        mean = scaling.to_x(raw[:1])[0, 0, 0, 0]
        decoder.layers[0].set_weights([np.zeros((1, 4)), np.full(4, mean)])
        for head in (model.to_mean, model.to_log_var):
            head.set_weights([np.zeros((2, 1)), np.zeros(1)])
        found[dequantize] = model.nll(raw, samples=1, unit="bits", batch_size=1000).mean()
        # `elbo` is exact here, and of x.
        elbo = model.elbo(raw)["elbo"]
        slope = np.log(256 if dequantize else 255)
        assert found[dequantize] == pytest.approx((slope - elbo / 4) / np.log(2), rel=0.03, abs=0.03)
    sigma = 256 * scale
    expected = np.log2(sigma * np.sqrt(2 * np.pi)) + 1 / (24 * sigma**2 * np.log(2))
    assert found[True] == pytest.approx(expected, rel=0.03, abs=0.02)
    length = -np.log2(norm.cdf(0.5 / sigma) - norm.cdf(-0.5 / sigma))
    assert found[True] >= length - 0.01
    assert found[False] == pytest.approx(np.log2(255 * scale * np.sqrt(2 * np.pi)), abs=1e-3)
    # Below no bits at all for a narrow density, which no code reaches.
    assert (found[False] < 0) == (scale < 1 / 255 / np.sqrt(2 * np.pi))


def test_only_the_numbers_of_a_table_that_are_there_have_a_unit():
    frame = pd.DataFrame({"a": [0.0, 10.0, np.nan], "b": ["x", "y", "x"], "c": [True, False, True]})
    data = from_frame(pd.concat([frame] * 20, ignore_index=True))
    view = TablePreprocessing(data.spec).fit_chunks(lambda: [data.train.examples])
    x = view.to_x(frame)
    std = frame["a"].reindex(data.train.examples.index % 3).std(ddof=0)
    np.testing.assert_allclose(view.log_volume(x), [np.log(std), np.log(std), 0.0], rtol=1e-5)


def test_no_examples_are_refused_in_one_line(build, digits):
    """Where `fit` gave an empty history and `evaluate` an empty list."""
    model, x = build("undercomplete"), digits.x("train")[:8]
    none, empty = x[:0], tf.data.Dataset.from_tensor_slices(x[:0]).batch(4)
    before = model.get_weights()
    for call in (
        lambda: model.fit(none, verbose=0),
        lambda: model.fit(none, none, verbose=0),
        lambda: model.fit(empty, verbose=0),
        lambda: model.fit(x, validation_data=(none, none), verbose=0),
        lambda: model.fit(x, validation_data=empty, verbose=0),
        lambda: model.evaluate(none, verbose=0),
        lambda: model.evaluate(empty, verbose=0),
        lambda: model.predict(none, verbose=0),
        lambda: model.predict(empty, verbose=0),
    ):
        with pytest.raises(ValueError, match=r"^Expected at least one example, received none\.$"):
            call()
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    without = dataclasses.replace(digits, test=digits.test.head(0))
    with pytest.raises(ValueError, match=r"^Expected rows in the test split of digits, received none\.$"):
        evaluate(model, without)
