"""The closed form of a linear autoencoder: no other weights have a lower expected loss."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA
from small_logs import sines

from kerasae import Recipe, registry, train, workflows
from kerasae.data.series import from_frame
from kerasae.models import UndercompleteAutoencoder, load_model
from kerasae.training import _closed_form, retrained

CLOSED = {"solver": "closed_form"}
GAUSSIAN = {"name": "gaussian", "level": 0.3}
NOISE = {"name": "shift", "level": 0.5, "before": {"name": "gaussian", "level": 0.7}}


def log(rows=400, window=6, **changed):
    return from_frame(sines(rows, noise=0.4, **changed), time="time", window=window)


def solved(family, data, latent_dim, loss=None, **model):
    """A model and its data, trained in closed form."""
    loss = {} if loss is None else {"loss": {"name": loss}}
    network = {"name": "dense", "depth": 0}
    recipe = Recipe.of(family, latent_dim=latent_dim, network=network, model=model, train=CLOSED, **loss)
    data = recipe.prepare(data)
    built = recipe.build(data)
    return built, data, train(built, data, **recipe.train)


def slope(model, x, draws=400):
    """The length of the gradient of the loss, averaged over draws of the noise."""
    with tf.GradientTape() as tape:
        loss, _ = model.objective(tf.repeat(x, draws, axis=0), None, None, training=True)
    return float(tf.linalg.global_norm(tape.gradient(loss, model.trainable_variables)))


@pytest.mark.parametrize(
    ("source", "family", "latent_dim", "model"),
    [
        ("log", "denoising", 3, {"corruption": NOISE}),
        ("log", "denoising", 12, {"corruption": NOISE}),
        ("log", "denoising", 20, {"corruption": NOISE}),
        ("log", "undercomplete", 3, {}),
        ("digits", "denoising", 5, {"corruption": {"name": "multiscale_gaussian", "level": 0.5}}),
    ],
)
def test_the_gradient_of_the_expected_loss_is_zero(source, family, latent_dim, model, digits):
    data = digits if source == "digits" else log()
    model, data, _ = solved(family, data, latent_dim, None if source == "log" else "squared_error", **model)
    draws = 400 if source == "log" else 60
    x = data.x("train")
    at_solution = slope(model, x, draws)
    for weights in model.trainable_variables:
        weights.assign(weights * 1.05)
    assert at_solution < 0.1 * slope(model, x, draws)


def test_no_other_code_has_a_lower_expected_loss(digits):
    """Eckart and Young: all but the largest eigenvalues of `C (C + N)^-1 C` are lost."""
    model, _, history = solved("denoising", digits, 5, "squared_error", corruption=GAUSSIAN)
    x = digits.x("train").reshape(-1, 64)
    covariance = np.cov(x.T, bias=True)
    outputs = covariance @ np.linalg.solve(covariance + 0.3**2 * np.eye(64), covariance)
    expected = np.trace(covariance) - np.linalg.eigvalsh(outputs)[-5:].sum()
    rows = tf.repeat(digits.x("train"), 40, axis=0)
    loss, _ = model.objective(rows, None, None, training=True)
    assert float(loss) == pytest.approx(expected, rel=2e-3)
    # A single draw of the noise for each row.
    assert history.epochs[0]["loss"] == pytest.approx(expected, rel=2e-2)


@pytest.mark.parametrize("latent_dim", [1, 3, 12, 20])
def test_scales_are_those_of_the_errors(latent_dim):
    model, data, _ = solved("denoising", log(), latent_dim, corruption=NOISE)
    x = tf.repeat(data.x("train"), 200, axis=0)
    params = np.array(model(x, training=True))
    errors = np.square(params[..., :2] - x).mean(axis=(0, 1))
    np.testing.assert_allclose(np.exp(params[0, 0, 2:]), np.sqrt(errors), rtol=5e-3)


@pytest.mark.parametrize("latent_dim", [12, 20])
def test_a_reconstruction_without_errors_has_the_smallest_scale(latent_dim):
    model, data, _ = solved("undercomplete", log(), latent_dim)
    params = np.array(model(data.x("train")))
    np.testing.assert_allclose(params[..., :2], data.x("train"), atol=1e-4)
    np.testing.assert_allclose(np.exp(params[..., 2:]), model.reconstruction_loss.min_scale, rtol=1e-5)


def test_a_channel_that_never_moves_is_no_obstacle():
    frame = sines(400, noise=0.4).assign(still=3.0)
    model, data, history = solved("denoising", from_frame(frame, time="time", window=6), 4, corruption=NOISE)
    assert np.isfinite(history.epochs[0]["val_loss"])
    rebuilt = model.inverse_transform(model.transform(data.test.examples))
    np.testing.assert_allclose(rebuilt[..., 2], 3.0, atol=1e-3)


def test_without_noise_it_is_pca(digits):
    model, _, _ = solved("undercomplete", digits, 6, "squared_error")
    x = digits.x("train").reshape(-1, 64)
    new = digits.x("test")
    flat = new.reshape(-1, 64)
    pca = PCA(6, svd_solver="full").fit(x)
    expected = pca.inverse_transform(pca.transform(flat))
    np.testing.assert_allclose(model.predict(new, verbose=0).reshape(-1, 64), expected, atol=1e-4)
    codes = np.array(model.encode(digits.x("train")))
    np.testing.assert_allclose(codes.var(axis=0), pca.explained_variance_ * (1 - 1 / len(x)), rtol=1e-3)


def test_a_code_of_any_size_gives_the_map_without_a_bottleneck():
    """`x' = mu + C (C + N)^-1 (x - mu)`."""
    model, data, _ = solved("denoising", log(), 12, corruption=NOISE)
    x = data.x("train").reshape(-1, 12)
    noise = 0.7**2 * np.eye(12) + 0.5**2 * np.kron(np.ones((6, 6)), np.eye(2))
    covariance = np.cov(x.T, bias=True)
    new = data.x("test")
    moved = (new.reshape(-1, 12) - x.mean(axis=0)) @ np.linalg.solve(covariance + noise, covariance)
    found = model.predict(new, verbose=0).reshape(-1, 12)
    np.testing.assert_allclose(found, moved + x.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize("name", ["gaussian", "multiscale_gaussian", "shift"])
def test_a_covariance_is_that_of_the_draws(name):
    noise = registry.get("corruption", {"name": name, "level": 0.8})
    drawn = np.array(noise(np.zeros((40_000, 3, 2), "float32"), training=True)).reshape(-1, 6)
    expected = noise.covariance((3, 2))
    found = drawn.T @ drawn / len(drawn)
    # Four standard errors of a mean of products.
    error = 4 * np.std(drawn[:, :, None] * drawn[:, None, :], axis=0) / np.sqrt(len(drawn))
    assert (np.abs(found - expected) < error).all()


@pytest.mark.parametrize("part", [7, 4096])
def test_the_loss_is_that_of_an_evaluation(part, monkeypatch):
    monkeypatch.setattr(_closed_form, "_PART", part)
    monkeypatch.setattr(_closed_form, "_MOST", 10_000)
    model, data, history = solved("denoising", log(), 4, corruption=NOISE)
    (epoch,) = history.epochs
    for split, prefix in (("train", ""), ("validation", "val_")):
        x = data.x(split)
        found = model.evaluate(x, batch_size=min(part, len(x)), verbose=0, return_dict=True)
        assert found["loss"] == pytest.approx(epoch[f"{prefix}loss"], rel=1e-4)
        assert epoch[f"{prefix}reconstruction"] == epoch[f"{prefix}loss"]
    assert history.best_epoch == 1


def test_callbacks_are_called_as_in_an_epoch(digits):
    calls = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            calls.append(self.params["epochs"])

        def on_epoch_end(self, epoch, logs=None):
            calls.append((epoch, *logs))

        def on_train_end(self, logs=None):
            calls.append(self.model)

    model = Recipe.of(network={"depth": 0}, loss={"name": "squared_error"}).build(digits)
    train(model, digits, **CLOSED, callbacks=[Watch()])
    assert calls == [1, (0, "loss", "reconstruction", "val_loss", "val_reconstruction"), model]


def test_a_model_on_many_devices_is_stored_as_another(tmp_path, digits):
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        model = Recipe.of(network={"depth": 0}, loss={"name": "squared_error"}).build(digits)
    train(model, digits, **CLOSED)
    model.save(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.to_code.kernel, model.to_code.kernel)
    assert loaded.trained_with == CLOSED


def test_windows_with_gaps_teach_by_the_readings_that_are_there():
    gaps = np.random.default_rng(0).choice(2000, 800, replace=False)
    model, data, _ = solved("denoising", log(2000, gaps=gaps), 12, corruption=NOISE)
    x = data.x("train").reshape(-1, 12).astype("float64")
    assert 0.15 < np.isnan(x).mean() < 0.25
    mean = np.nanmean(x, axis=0)
    covariance = np.array(
        [
            [np.nanmean((one - a) * (two - b)) for two, b in zip(x.T, mean, strict=True)]
            for one, a in zip(x.T, mean, strict=True)
        ]
    )
    noise = 0.7**2 * np.eye(12) + 0.5**2 * np.kron(np.ones((6, 6)), np.eye(2))
    new = np.random.default_rng(1).normal(size=(50, 6, 2)).astype("float32")
    expected = mean + (new.reshape(-1, 12) - mean) @ np.linalg.solve(covariance + noise, covariance)
    found = model.predict(new, verbose=0).reshape(-1, 12)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_training_again_gives_the_same_weights():
    model, data, _ = solved("denoising", log(), 4, corruption=NOISE)
    again = retrained(model, data)
    joined = retrained(model, data.joined())
    np.testing.assert_array_equal(again.to_code.kernel, joined.to_code.kernel)
    assert not np.allclose(again.to_code.kernel, model.to_code.kernel)


@pytest.mark.parametrize(
    ("family", "sections", "words"),
    [
        ("undercomplete", {"network": {"depth": 1}}, "a hidden layer in the encoder"),
        ("undercomplete", {"network": {"depth": 0, "tied": True}}, "tied weights in the decoder"),
        ("undercomplete", {"model": {"code_activation": "tanh"}}, "a linear layer"),
        ("undercomplete", {"loss": {"name": "bernoulli"}}, "the loss 'bernoulli'"),
        ("undercomplete", {"model": {"trim": 0.1}}, "trimmed rows"),
        ("undercomplete", {"network": {"depth": 0, "l2": 0.1}}, "penalised weights"),
        ("variational", {}, "a code that is not"),
        ("sparse", {}, "a penalty"),
        ("sparse", {"model": {"k": 3}}, "a code that is not"),
        (
            "sparse",
            {"model": {"lifetime": 0.5, "code_activation": "linear"}},
            "depends on the training batch",
        ),
        ("contractive", {"model": {"code_activation": "linear"}}, "a penalty"),
        ("denoising", {"model": {"corruption": "masking"}}, "MaskingNoise, which depends on x"),
    ],
)
def test_a_model_without_a_closed_form_is_refused(family, sections, words, digits):
    sections = {"network": {"depth": 0}, "loss": {"name": "squared_error"}, **sections}
    recipe = Recipe.of(family, **sections, train=CLOSED)
    model = recipe.build(digits)
    before = model.get_weights()
    with pytest.raises(ValueError, match=words) as error:
        train(model, digits, **CLOSED)
    assert "use --set train.solver=gradient" in str(error.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_solver_that_does_not_exist(digits):
    with pytest.raises(ValueError, match="`solver` must be 'gradient' or 'closed_form', received 'newton'"):
        train(Recipe.of().build(digits), digits, solver="newton")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"activation": "sigmoid"}, "a decoder with an activation"),
        ({"use_bias": False}, "a layer without a bias"),
        ({"trainable": False}, "one that is not trained"),
        ({"kernel_constraint": "non_neg"}, "constrained weights"),
    ],
)
def test_a_decoder_without_a_closed_form_is_refused(arguments, words, digits):
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])
    output = keras.layers.Dense(64, **arguments)
    decoder = keras.Sequential([keras.Input((3,)), output, keras.layers.Reshape((8, 8, 1))])
    model = UndercompleteAutoencoder(encoder, decoder, preprocessor=digits.preprocessor)
    model.build((None, 8, 8, 1))
    with pytest.raises(ValueError, match=words):
        train(model, digits, **CLOSED)


def test_examples_that_are_drawn_anew_are_refused():
    recipe = Recipe.of(preprocessing={"name": "rescaling", "dequantize": True}, network={"depth": 0})
    data = recipe.load()
    with pytest.raises(ValueError, match="the same in each epoch"):
        train(recipe.build(data), data, **CLOSED)


def test_many_features_are_refused(digits, monkeypatch):
    monkeypatch.setattr(_closed_form, "_FEATURES", 63)
    with pytest.raises(ValueError, match="at most 63 features, received 64"):
        train(Recipe.of(network={"depth": 0}).build(digits), digits, **CLOSED)


@pytest.mark.parametrize(("settings", "curves"), [(CLOSED, False), ({"epochs": 2}, True)])
def test_one_epoch_is_no_curve(settings, curves, tmp_path):
    network = {"depth": 0, "latent_dim": 2}
    workflows.train(
        Recipe.of(network=network, loss={"name": "squared_error"}, train=settings), tmp_path / "run"
    )
    assert ("Training curves" in (tmp_path / "run" / "report.html").read_text()) == curves
