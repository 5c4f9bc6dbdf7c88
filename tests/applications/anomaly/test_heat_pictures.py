"""Pictures of heat maps: which images get one, and what its colours say."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from kerasae import PCA, Recipe
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._heat import scale_of
from kerasae.data import Split
from kerasae.losses import HIGHEST
from kerasae.report.heat import heat_picture, overlay


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("heat") / "images.npy"
    rng = np.random.default_rng(0)
    images = 100 + 30 * rng.normal(size=(160, 1, 1)) + 5 * rng.normal(size=(160, 20, 14))
    np.save(path, np.clip(images, 0, 255).astype("uint8"))
    recipe = Recipe.of(source=str(path))
    return recipe.prepare(recipe.load())


def test_the_oddest_images_and_all_flagged_ones_get_a_picture(data, tmp_path):
    raw = data.test.examples.copy()
    raw[:12, 5:9, 3:7] = 255
    odd = dataclasses.replace(data, test=Split(raw))
    score = {"name": "heat", "window": 3}
    detector = AnomalyDetector(PCA(2).fit(data), score=score, false_alarms=0.1).fit(data)
    finding = detector.report(odd, tmp_path)
    flagged = int(detector.predict(raw).sum())
    assert flagged >= 12
    pictures = sorted((tmp_path / "heat").iterdir())
    assert len(pictures) == flagged
    # An image, a gap, and a bar.
    assert all(np.asarray(Image.open(path)).shape == (20, 14 + 1 + 3, 3) for path in pictures)
    (shown,) = [picture for picture in finding.pictures if picture.title == "The oddest images"]
    assert f"{flagged} pictures" in shown.caption
    # The planted square is red, whatever its grey was.
    warm = sum(np.asarray(Image.open(path)).astype(int)[5:9, 3:7] for path in pictures)
    assert (warm[..., 0] > 1.5 * warm[..., 2]).all()


def test_colours_compare_with_the_threshold():
    image = np.full((4, 4, 1), 0.5)
    heat = np.zeros((4, 4))
    np.testing.assert_array_equal(overlay(image, heat, 2.0), 0.5)
    heat[1, 2] = 3.0
    found = overlay(image, heat, 2.0)
    assert (found != 0.5).any(axis=-1).sum() == 1
    np.testing.assert_allclose(overlay(image, 10 * heat, 20.0), found)
    # Above twice the threshold the colour no longer changes.
    np.testing.assert_array_equal(overlay(image, 1e30 * heat, 2.0), overlay(image, 2 * heat, 2.0))


def test_a_bar_has_its_line_at_the_threshold():
    bar = heat_picture(np.zeros((41, 32, 3)), np.zeros((41, 32)), 1.0)[:, -1].astype(int)
    assert (bar[20] == 255).all() and (bar == 255).all(axis=1).sum() == 1
    assert bar[0].sum() < bar[30].sum() < bar[40].sum()


def test_a_large_picture_is_that_of_its_image_at_once():
    rng = np.random.default_rng(0)
    image, heat = rng.random((600, 5, 3)), 3 * rng.random((600, 5))
    picture = heat_picture(image, heat, 1.5)
    np.testing.assert_array_equal(picture[:, :5], np.rint(255 * overlay(image, heat, 1.5)))
    assert (picture[:, 5] == 255).all()


@pytest.mark.parametrize(("threshold", "expected"), [(2.5, 2.5), (np.inf, 7.0), (HIGHEST, 7.0), (0.0, 7.0)])
def test_without_a_threshold_the_scale_ends_at_the_highest_score(threshold, expected):
    assert scale_of(threshold, np.array([HIGHEST, 7.0, 1.0])) == expected
