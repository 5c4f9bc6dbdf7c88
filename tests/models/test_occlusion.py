"""Occlusion covers few rectangles of an image, of the sides and with the fillings that it says."""

import numpy as np
import pytest
from scipy import ndimage

from kerasae.corruptions import OcclusionNoise

ROWS, SIDE = 200, 48


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0.2, 0.8, (ROWS, SIDE, SIDE, 2)).astype("float32")


def covered(images, **arguments):
    found = np.array(OcclusionNoise(seed=0, **arguments)(images, seed=[1, 2]))
    return found, (found != images).any(axis=-1)


def test_one_rectangle_is_one_region_no_larger_than_its_level(images):
    _, changed = covered(images, level=0.25, count=1, smallest=2)
    for mask in changed:
        regions, number = ndimage.label(mask, np.ones((3, 3)))
        # Noise or a patch may hold the very value of a pixel, but hardly ever.
        assert number == 1
        down, right = (part.stop - part.start for part in ndimage.find_objects(regions)[0])
        # Two sides of 12 pixels have a diagonal of 17.
        assert max(down, right) >= 2 and np.hypot(down - 1, right - 1) < np.sqrt(2) * 17 + 1
    sizes = changed.sum(axis=(1, 2))
    assert sizes.min() < 10 and sizes.max() > 80


def test_the_number_of_rectangles_is_uniform(images):
    _, changed = covered(images, level=0.05, count=3, smallest=2)
    numbers = np.array([ndimage.label(mask, np.ones((3, 3)))[1] for mask in changed])
    assert numbers.min() == 1 and numbers.max() == 3
    # Rectangles touch now and then, so the mean is a little below 2. A standard error is 0.06.
    assert 1.7 < numbers.mean() < 2.2


def test_what_covers_is_a_constant_a_patch_or_noise(images):
    found, changed = covered(images, level=0.3, count=1, smallest=4, opacity=1.0)
    kinds = []
    for image, clean, mask in zip(found, images, changed, strict=True):
        inside = image[mask]
        constant = (inside == inside[0]).all()
        patch = np.isin(inside, clean).all()
        kinds.append("constant" if constant else "patch" if patch else "noise")
        if constant:
            assert inside[0, 0] != inside[0, 1]
    # A third of 200 has a standard error of 6.7.
    assert all(40 < kinds.count(kind) < 94 for kind in ("constant", "patch", "noise"))


def test_a_filling_is_blended(images):
    """A flat image within the ends moves towards the filling by at least the opacity."""
    flat = np.zeros_like(images)
    found, changed = covered(flat, level=0.3, count=1, opacity=0.5)
    highest = found.max(axis=(1, 2, 3))
    assert highest.max() <= 1 and found.min() >= 0
    assert not changed[highest == 0].any()
    # Of a constant, uniform in [0, 1], and a share, uniform in [0.5, 1], the mean product is 0.375.
    constants = [image[mask][0] for image, mask in zip(found, changed, strict=True) if mask.any()]
    constants = np.array([one for one in constants if one.all()])
    assert abs(constants.mean() - 0.375) < 4 * 0.25 / np.sqrt(constants.size)


def test_values_stay_within_the_ends(images):
    layer = OcclusionNoise(0.4, seed=0)
    layer.ends = (np.float32([0.2, -3.0]), np.float32([0.8, 5.0]))
    found = np.array(layer(images, seed=[1, 2]))
    assert found[..., 0].min() >= 0.2 - 1e-6 and found[..., 0].max() <= 0.8 + 1e-6
    assert found[..., 1].min() < -1 and found[..., 1].max() > 3


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 30, 1), (30, 1, 1), (97, 65, 4)])
def test_images_of_any_shape(shape):
    x = np.random.default_rng(0).uniform(0.1, 0.9, (3, *shape)).astype("float32")
    found = np.array(OcclusionNoise(seed=0)(x, seed=[1, 2]))
    assert found.shape == x.shape and (found != x).any() and np.isfinite(found).all()


@pytest.mark.parametrize(
    ("argument", "value", "said"),
    [("count", 0, "from 1"), ("smallest", 0.5, "at least 1 pixel"), ("opacity", 0.0, r"in \(0, 1\]")],
)
def test_wrong_arguments_are_refused(argument, value, said):
    with pytest.raises(ValueError, match=rf"`{argument}` must be .*{said}.*received"):
        OcclusionNoise(**{argument: value})


def test_behind_another_noise_it_keeps_its_own_arguments():
    layer = OcclusionNoise(0.1, count=7, smallest=3, opacity=0.6, before="gaussian", seed=0)
    _, alone = layer.stages()
    assert (alone.count, alone.smallest, alone.opacity) == (7, 3, 0.6)
