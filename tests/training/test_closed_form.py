"""The closed form of a linear autoencoder: no other weights have a lower expected loss."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.decomposition import PCA
from small_logs import sines

from kerasae import Recipe, registry, train
from kerasae.data.series import from_frame
from kerasae.training import retrained

CLOSED = {"solver": "closed_form"}
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


def test_the_loss_is_that_of_an_evaluation():
    model, data, history = solved("denoising", log(), 4, corruption=NOISE)
    (epoch,) = history.epochs
    x = data.x("validation")
    found = model.evaluate(x, batch_size=len(x), verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(epoch["val_loss"], rel=1e-4)
    assert epoch["val_reconstruction"] == epoch["val_loss"]
    assert history.best_epoch == 1


def test_windows_with_gaps_teach_what_whole_ones_do():
    whole, data, _ = solved("denoising", log(2000), 4, corruption=NOISE)
    gaps = np.random.default_rng(0).choice(2000, 200, replace=False)
    holed, _, _ = solved("denoising", log(2000, gaps=gaps), 4, corruption=NOISE)
    raw = data.test.examples
    expected, found = whole.transform(raw), holed.transform(raw)
    expected, found = whole.inverse_transform(expected), holed.inverse_transform(found)
    spread = np.std(expected, axis=(0, 1))
    assert (np.sqrt(np.mean(np.square(found - expected), axis=(0, 1))) < 0.1 * spread).all()


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
    assert "use the solver 'gradient'" in str(error.value)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_solver_that_does_not_exist(digits):
    with pytest.raises(ValueError, match="`solver` must be 'gradient' or 'closed_form', received 'newton'"):
        train(Recipe.of().build(digits), digits, solver="newton")
