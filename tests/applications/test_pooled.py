"""Codes that are maps, compared without their places."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from kerasae import PCA, Recipe
from kerasae.applications import Clustering, Reduction, Retrieval
from kerasae.applications._pooled import Pooled, compared
from kerasae.data import NO_ROWS
from kerasae.models import at_size
from kerasae.runs import run_recipe
from kerasae.workflows import apply

NETWORK = {"name": "spatial", "filters": [4, 5], "residual_blocks": 1}
MEMBERS = [Retrieval, Reduction, Clustering]


@pytest.fixture(scope="module")
def model(digits):
    """A model with weights of its start, whose code has 2 x 2 places."""
    return Recipe.of(latent_dim=3, network=NETWORK).build(digits)


class Maps:
    """Codec whose code is the image itself."""

    preprocessor = None
    code_shape = (3, 4, 2)
    latent_dim = 24

    def transform(self, raw):
        return raw.reshape(len(raw), -1)


@pytest.mark.parametrize(("pool", "numbers"), [("mean", 2), ("moments", 4)])
def test_a_pooled_code_knows_what_is_there_and_not_where(pool, numbers):
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(5, 12, 2)).astype("float32")
    pooled = Pooled(Maps(), pool)
    codes = pooled.transform(maps)
    assert codes.shape == (5, pooled.latent_dim) == (5, numbers)
    np.testing.assert_allclose(pooled.transform(maps[:, rng.permutation(12)]), codes, atol=1e-6)
    np.testing.assert_allclose(codes[:, :2], maps.mean(axis=1), atol=1e-6)
    if pool == "moments":
        np.testing.assert_allclose(codes[:, 2:], maps.std(axis=1), atol=1e-6)


def test_maps_are_pooled_and_vectors_are_not(model, digits):
    pca = PCA(4).fit(digits)
    assert compared(model, None).latent_dim == 6
    assert compared(model, "mean").latent_dim == 3
    assert compared(model, "whole") is model
    assert compared(pca, None) is compared(pca, "whole") is pca
    with pytest.raises(ValueError, match="`pool` must be whole for a code that is no map, received 'mean'"):
        compared(pca, "mean")
    with pytest.raises(ValueError, match="`pool` must be one of mean, moments, whole, received 'max'"):
        compared(model, "max")
    with pytest.raises(ValueError, match="received a pooled one"):
        compared(model, None).inverse_transform(np.zeros((1, 6)))


@pytest.mark.parametrize("member", MEMBERS)
def test_arguments_for_maps_are_not_for_baselines(member, digits):
    assert member.for_baseline({"pool": "mean", "seed": 3}, PCA(2).fit(digits)) == {"seed": 3}


def test_images_of_another_size_are_compared(model, digits):
    retrieval = Retrieval(model).fit(digits)
    large = np.concatenate([digits.test.examples[:4]] * 2, axis=2)
    maps = at_size(model, 8, 16).transform(large).reshape(4, -1, 3)
    expected = np.concatenate([maps.mean(axis=1), maps.std(axis=1)], axis=1)
    np.testing.assert_allclose(Reduction(model).fit(digits).transform(large), expected, atol=1e-5)
    distances, rows = retrieval.kneighbors(large, 1)
    nearest = retrieval.compared.transform(digits.joined().train.examples)[rows[:, 0]]
    np.testing.assert_allclose(distances[:, 0], np.linalg.norm(nearest - expected, axis=1), atol=1e-4)


def test_a_cluster_of_pooled_codes_is_shown_by_an_image(model, digits, tmp_path):
    clustering = Clustering(model, clusters=3, starts=1).fit(digits)
    clustering.save(tmp_path / "kept")
    # As for new examples: no other rows are there.
    bare = dataclasses.replace(digits, train=NO_ROWS, validation=NO_ROWS, calibration=NO_ROWS)
    for number, one in enumerate((clustering, Clustering.load(tmp_path / "kept", model))):
        out = tmp_path / str(number)
        out.mkdir()
        finding = one.report(bare, out)
        assert "training row nearest" in finding.pictures[0].caption
        codes = clustering.compared.transform(digits.joined().train.examples)
        nearest = np.argmin(np.square(codes[:, None] - one.centres_).sum(axis=-1), axis=0)
        images = digits.joined().train.examples[nearest][..., 0]
        for cluster, image in enumerate(images):
            shown = np.asarray(Image.open(out / "centres" / f"{cluster}.png"), "float64")
            assert np.corrcoef(shown.ravel(), image.ravel())[0, 1] > 0.99
    with pytest.raises(ValueError, match="`refine` must be False for pooled codes"):
        Clustering(model, refine=True)
    assert Clustering(model, refine=True, pool="whole").compared is model


def test_an_index_of_pooled_codes_is_read_with_its_statistics(model, digits, tmp_path):
    written = Retrieval(model, pool="mean").fit(digits)
    written.write_index(tmp_path / "index.npz")
    queries = digits.test.examples[:3]
    for expected, read in zip(
        written.kneighbors(queries),
        Retrieval.read_index(tmp_path / "index.npz", model).kneighbors(queries),
        strict=True,
    ):
        np.testing.assert_array_equal(read, expected)


def test_baselines_have_as_many_numbers_as_a_pooled_code(tmp_path):
    recipe = Recipe.of(
        latent_dim=3, network={**NETWORK, "filters": [4]}, train={"epochs": 1}, data={"test": 0.2}
    )
    run_recipe(recipe, tmp_path / "run")
    outcome = apply("reduction", tmp_path / "run", tmp_path / "out")
    assert {finding.figures["code_size"] for finding in outcome.findings.values()} == {6}
    notes = next(iter(outcome.findings.values())).notes
    assert any("4 x 4 places with 3 numbers each" in note for note in notes)
