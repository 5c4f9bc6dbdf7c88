"""Deterministic families by identity: PCA's error, penalties that cannot be escaped, tied kernels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from jacobians import by_batch_jacobian
from keras import ops
from plain_parts import plain

from kerasae import PCA, Recipe, evaluate, registry, train
from kerasae.corruptions import MaskingNoise
from kerasae.models import (
    ContractiveAutoencoder,
    SparseAutoencoder,
    UndercompleteAutoencoder,
)
from kerasae.spec import Spec

# Undercomplete ------------------------------------------------------------------------------------


def test_a_linear_autoencoder_reaches_the_error_of_pca(digits):
    """Baldi and Hornik 1989: no local minima but the subspace of PCA."""
    recipe = Recipe.of("undercomplete", latent_dim=8, network={"depth": 0})
    model = recipe.build(digits)
    train(model, digits, epochs=120, learning_rate=2e-2, patience=60, reduce_patience=15)
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


def test_lifetime_sparsity_is_for_the_decoder_in_training():
    """Code and decoder are the identity: the model returns what the decoder receives."""
    encoder = keras.Sequential([keras.Input((8,)), keras.layers.Activation("linear")])
    decoder = keras.Sequential([keras.Input((8,)), keras.layers.Activation("linear")])
    model = SparseAutoencoder(encoder, decoder, lifetime=0.25)
    model.build((None, 8))
    model.to_code.set_weights([np.eye(8), np.zeros(8)])
    assert model.penalties() == []
    x = np.random.default_rng(0).normal(size=(4, 8)).astype("float32")
    relu = np.maximum(x, 0)
    for codes in (model(x), model.encode(x, training=True), model.transform(x), model(x[:1], training=True)):
        np.testing.assert_array_equal(codes, relu[: len(codes)])
    winners = np.where(relu == relu.max(axis=0), relu, 0)
    assert (winners != relu).any()
    np.testing.assert_array_equal(model(x, training=True), winners)


def test_a_winner_take_all_autoencoder_trains_under_xla(build, x):
    settings = {"lifetime": 0.1, "code_steps": [0.01, 0.02]}
    model = build("sparse", latent_dim=60, model=settings, network={"depth": 0, "tied": True})
    model.compile(keras.optimizers.Adam(3e-3), jit_compile=True)
    # The last batch is shorter than the others.
    losses = model.fit(x[:500], epochs=8, batch_size=64, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]


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


def units(k=None):
    """A model whose code is its input: eight units."""
    encoder = keras.Sequential([keras.Input((8,)), keras.layers.Activation("linear")])
    decoder = keras.Sequential([keras.Input((8,)), keras.layers.Dense(8)])
    model = SparseAutoencoder(encoder, decoder, k=k)
    model.build((None, 8))
    model.to_code.set_weights([np.eye(8), np.zeros(8)])
    return model


def test_units_that_are_active_on_no_example_are_counted():
    rows = np.zeros((40, 8), "float32")
    rows[:, 2], rows[::2, 5], rows[:, 7] = 1.0, -1.0, 0.009
    assert units().unused_units(rows) == {"dead_units": 6}
    assert units().unused_units(0 * rows) == {"dead_units": 8}
    # Two units are active ten times in turn: enough to tell. Fewer rows tell nothing.
    assert units(k=1).unused_units(np.eye(8, dtype="float32")[[0, 1] * 10]) == {"dead_units": 6}
    assert units(k=1).unused_units(np.eye(8, dtype="float32")[[0, 1] * 9]) == {}
    assert units().unused_units(0 * rows[:9]) == {}


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


def test_two_levels_of_one_noise_are_refused(build):
    noise = {"name": "masking", "level": 0.3}
    assert build("denoising", model={"corruption": noise, "level": 0.3}).corruption.level == 0.3
    with pytest.raises(ValueError, match=r"that of the `corruption`, 0\.3, received 0\.5"):
        build("denoising", model={"corruption": noise, "level": 0.5})


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
    model.fit(x, epochs=2, verbose=0)
    exact = float(np.mean(by_batch_jacobian(lambda rows: model.to_code(model.encoder(rows)), x)))
    draws = 1 if probes == 0 else 60
    logged = [model.evaluate(x, verbose=0, return_dict=True)["contraction"] for _ in range(draws)]
    # One probe a row estimates the norm without bias, with a deviation of about its size.
    assert np.mean(logged) == pytest.approx(exact, rel=1e-4 if probes == 0 else 0.1)


def test_batch_normalisation_in_a_contractive_encoder_is_refused():
    encoder = keras.Sequential([keras.Input((6,)), keras.layers.Dense(5), keras.layers.BatchNormalization()])
    model = ContractiveAutoencoder(encoder, plain()[1])
    with pytest.raises(ValueError, match="without batch normalisation"):
        model.build((None, 6))


# Denoising ----------------------------------------------------------------------------------------


@pytest.mark.slow
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


def test_untouched_features_count_with_their_weight(build, x):
    """The loss is linear in the weight, and with 0 that of the changed features alone."""
    rows, seed = x[:50], np.array([3, 5], "int32")
    losses = {}
    model = build("denoising", model={"corruption": {"name": "masking", "level": 0.4}})
    weights = model.get_weights()
    for untouched in (0.0, 0.25, 1.0):
        settings = {"corruption": {"name": "masking", "level": 0.4}, "untouched": untouched}
        model = build("denoising", model=settings)
        model.set_weights(weights)
        losses[untouched] = float(model.objective(rows, None, None, training=False, seed=seed)[0])
    noisy = ops.convert_to_numpy(model.corrupt(rows, False, seed, True))
    square = np.square(ops.convert_to_numpy(model(noisy)) - rows)
    assert losses[1.0] == pytest.approx(square.sum() / 50, rel=1e-5)
    assert losses[0.0] == pytest.approx(square[noisy != rows].sum() / 50, rel=1e-5)
    assert losses[0.25] == pytest.approx(0.75 * losses[0.0] + 0.25 * losses[1.0], rel=1e-5)
    # A pair of the user counts whole.
    pair = model.objective(noisy, rows, None, training=False)[0]
    assert float(pair) == pytest.approx(losses[1.0], rel=1e-5)
    with pytest.raises(ValueError, match=r"`untouched` must be in \[0, 1\], received 2"):
        build("denoising", model={"untouched": 2})


def test_a_pair_stands_in_for_the_corruption(build, x):
    """fit(noisy, clean) adds no noise of its own: its loss is that of the pair."""
    model = build("denoising", model={"level": 5.0})
    noisy = x[:64] * 0.5
    loss, outputs = model.objective(noisy, x[:64], None, training=True)
    np.testing.assert_allclose(outputs, model(noisy), rtol=1e-5, atol=1e-6)
    expected = np.square(np.array(outputs) - x[:64]).sum(axis=(1, 2, 3)).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_checks_of_arguments_take_no_random_numbers():
    """The published figures of a seed stay: the head is drawn as by Keras alone."""
    encoder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4)])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)])
    keras.utils.set_random_seed(1)
    alone = keras.layers.Dense(3)
    alone.build((None, 4))
    keras.utils.set_random_seed(1)
    model = UndercompleteAutoencoder(encoder, decoder)
    model.build((None, 5))
    np.testing.assert_array_equal(model.to_code.kernel, alone.kernel)


@pytest.mark.parametrize("name", ["nothing", 3, None])
def test_an_unknown_initialiser_of_the_code_is_refused(name):
    encoder = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4)])
    decoder = keras.Sequential([keras.Input((3,)), keras.layers.Dense(5)])
    with pytest.raises(ValueError, match="`code_initializer` must name an initialiser"):
        UndercompleteAutoencoder(encoder, decoder, code_initializer=name)
