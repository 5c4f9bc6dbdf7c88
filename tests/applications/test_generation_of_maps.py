"""Generation from codes that are maps: a mixture of principal components, and channels that move."""

import numpy as np
import pytest

from kerasae import Recipe
from kerasae.applications import Generation
from kerasae.applications.generation._mixture import CodeMixture
from kerasae.applications.generation._ways import Ways


@pytest.fixture(scope="module")
def long_codes():
    """Codes of 300 numbers in two groups: two directions explain most of what rows differ in."""
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(1200, 2)) * [3, 1] + np.repeat([[-8, 0], [8, 0]], [900, 300], axis=0)
    axes = np.linalg.qr(rng.normal(size=(300, 2)))[0]
    return (scores @ axes.T + 0.1 * rng.normal(size=(1200, 300)) + 5).astype("float32")


def test_a_mixture_of_components_gives_back_the_moments_of_long_codes(long_codes):
    mixture = CodeMixture(4, seed=0).fit(long_codes)
    assert mixture.principal_components == 128
    made = mixture.sample(4000, seed=1)
    assert made.shape == (4000, 300)
    np.testing.assert_allclose(made.mean(axis=0), long_codes.mean(axis=0), atol=0.15)
    # All numbers count the same, as in the mixture.
    spread = long_codes.std(axis=0)
    own, drawn = (np.linalg.eigvalsh(np.cov((rows / spread).T))[::-1] for rows in (long_codes, made))
    np.testing.assert_allclose(drawn[:2], own[:2], rtol=0.15)
    # The many small directions have the same variance together, by the components or by the noise.
    assert drawn[2:].sum() == pytest.approx(own[2:].sum(), rel=0.05)
    again = CodeMixture.of_state(mixture.state()).sample(4000, seed=1)
    np.testing.assert_array_equal(again, made)


def test_few_long_codes_have_few_components():
    codes = np.random.default_rng(0).normal(size=(40, 200)).astype("float32")
    mixture = CodeMixture(16, seed=0).fit(codes)
    assert mixture.principal_components == 10
    assert mixture.components <= 2
    assert mixture.sample(5, seed=0).std() > 0.5


def test_a_channel_of_a_map_moves_at_all_places_at_once():
    codes = np.random.default_rng(0).normal(size=(50, 12)).astype("float32")
    ways = Ways.of_codes(codes, channels=3)
    means = codes.reshape(50, 4, 3).mean(axis=1)
    np.testing.assert_allclose(ways.ranges, np.percentile(means, (1, 99), axis=0).T, atol=1e-6)
    moved = ways.traversal(codes[7], 1, 5).reshape(5, 4, 3)
    own = codes[7].reshape(4, 3)
    np.testing.assert_array_equal(moved[..., [0, 2]], np.tile(own[:, [0, 2]], (5, 1, 1)))
    np.testing.assert_allclose(moved[..., 1].mean(axis=1), np.linspace(*ways.ranges[1], 5), atol=1e-6)
    shift = moved[..., 1] - own[:, 1]
    np.testing.assert_allclose(shift, np.tile(shift[:, :1], 4), atol=1e-6)


@pytest.mark.slow
def test_maps_are_drawn_and_moved(digits, tmp_path):
    network = {"name": "spatial", "filters": [4], "residual_blocks": 0}
    model = Recipe.of(latent_dim=9, network=network).build(digits)
    generation = Generation(model, components=1, count=8, most=100).fit(digits)
    finding = generation.report(digits, tmp_path)
    assert generation.sample(3).shape == (3, 8, 8, 1)
    assert np.load(tmp_path / "traversals.npz")["x"].shape == (9 * 9, 8, 8, 1)
    [caption] = [picture.caption for picture in finding.pictures if picture.title == "Traversals"]
    assert "at all places of the map" in caption
    assert any("first 128 principal components" in note for note in finding.notes)
    ends = generation.interpolate(digits.test.head(1), digits.test.head(2)[1:], steps=3)[[0, -1]]
    pair = digits.test.head(2)
    np.testing.assert_array_equal(ends, model.inverse_transform(model.transform(pair)))
