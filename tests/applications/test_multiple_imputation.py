"""Draws of missing cells against a linear Gaussian model, whose conditionals are known in closed form."""

import keras
import numpy as np
import pytest

from kerasae.applications import Imputer
from kerasae.applications._filling.posterior import effective_samples, normalised
from kerasae.data import Data, Split
from kerasae.losses import Gaussian
from kerasae.models import VariationalAutoencoder
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec

CELLS, SCALE = 6, 0.4
SPEC = Spec("vector", (CELLS,))


def loadings(latent_dim):
    """Weights `(cells, latent_dim)` with orthogonal columns, so that the exact posterior is diagonal."""
    basis = np.linalg.qr(np.random.default_rng(1).normal(size=(CELLS, latent_dim)))[0]
    return basis * np.linspace(2.5, 1.5, latent_dim)


@pytest.fixture(scope="module", params=[2, 4])
def exact(request):
    """An imputer with a model that is exact, `x = z W' + noise`; data of it, and their covariance."""
    latent_dim = request.param
    weight = loadings(latent_dim)
    variance = 1 / (1 + np.square(weight).sum(axis=0) / SCALE**2)
    features = keras.layers.Dense(CELLS, use_bias=False, kernel_initializer="identity")
    model = VariationalAutoencoder(
        keras.Sequential([keras.Input((CELLS,)), features]),
        keras.Sequential([keras.Input((latent_dim,)), keras.layers.Dense(CELLS, use_bias=False)]),
        reconstruction_loss=Gaussian(SCALE),
        preprocessor=Identity(SPEC),
    )
    model.build((None, CELLS))
    model.decoder.layers[0].set_weights([weight.T])
    model.to_mean.set_weights([weight * variance / SCALE**2, np.zeros(latent_dim)])
    model.to_log_var.set_weights([np.zeros((CELLS, latent_dim)), np.log(variance)])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(900, latent_dim)) @ weight.T + SCALE * rng.normal(size=(900, CELLS))
    parts = [Split(part) for part in np.split(x.astype("float32"), [500, 700])]
    data = Data("exact", SPEC, *parts).with_preprocessor(Identity(SPEC))
    return Imputer(model).fit(data), data, weight @ weight.T + SCALE**2 * np.eye(CELLS)


def conditional(x, seen, covariance):
    """Mean `(rows, hidden)` and covariance of the hidden cells given those that are seen."""
    gain = np.linalg.solve(covariance[np.ix_(seen, seen)], covariance[np.ix_(seen, ~seen)]).T
    return x[:, seen] @ gain.T, covariance[np.ix_(~seen, ~seen)] - gain @ covariance[np.ix_(seen, ~seen)]


@pytest.mark.parametrize("hidden", [1, 2, 3, 4, 5])
def test_draws_have_the_conditional_distribution(exact, hidden):
    imputer, data, covariance = exact
    missing = np.arange(CELLS) >= CELLS - hidden
    x = data.test.examples
    draws = np.stack(imputer.draw(x, draws=60, seed=1, mask=missing))[:, :, missing]
    mean, within = conditional(x.astype("float64"), ~missing, covariance)
    ratio = draws.var(axis=0, ddof=1).mean(axis=0) / np.diag(within)
    # 200 rows of 60 draws: the standard error of a ratio is about 0.013. The encoder's posterior alone, as a
    # proposal, gave a mean ratio of 1.01, 0.99, 1.00, 0.79, 0.39 (code of 2) and 0.80 to 0.18 (code of 4).
    np.testing.assert_allclose(ratio, 1, atol=0.06)
    off = (draws.mean(axis=0) - mean) / np.sqrt(np.diag(within))
    # Draws of a row err by 1/sqrt(60) together; their squares over 200 rows have a mean of 1/60.
    assert np.square(off).mean() < 2.5 / 60


def test_rows_without_a_gap_take_no_part(exact):
    imputer, data, _ = exact
    x, gaps = data.test.examples, [3, 150]
    mask = np.zeros(x.shape, bool)
    mask[gaps, 4:] = True
    among = np.stack(imputer.draw(x, draws=3, seed=1, mask=mask))
    # Before, a posterior was drawn for each of the 200 rows, and these two had other draws alone.
    np.testing.assert_array_equal(
        among[:, gaps], np.stack(imputer.draw(x[gaps], draws=3, seed=1, mask=mask[gaps]))
    )
    np.testing.assert_array_equal(np.delete(among[0], gaps, axis=0), np.delete(x, gaps, axis=0))
    effective = imputer._filler._filling.fill(x, mask).effective
    np.testing.assert_array_equal(np.flatnonzero(~np.isnan(effective)), gaps)


def test_the_page_says_what_the_draws_are_worth(exact):
    imputer, data, _ = exact
    finding = imputer.report(data, None)
    # The proposal of a linear Gaussian model is the posterior itself, but for the shares held back.
    assert 120 < finding.figures["effective_draws"] <= 200
    assert any("200 draws" in note for note in finding.notes)


def test_draws_are_worth_little_where_the_proposal_misses():
    weights = normalised(np.array([[0.0, 0.0], [0.0, -50.0], [0.0, -50.0], [0.0, -50.0]]))
    np.testing.assert_allclose(effective_samples(weights), [4.0, 1.0])
