"""Textures with planted defects, and the table that compares detectors on them."""

import numpy as np
import pytest
from images import textures
from images.inspection import measured
from images.textures import DEFECTS, TEXTURES, inspected
from scipy import ndimage


@pytest.mark.parametrize("texture", TEXTURES)
def test_textures_are_seeded_and_half_of_them_have_one_defect(texture):
    images = inspected(texture, seed=3, good=4, test=16, side=64)
    again = inspected(texture, seed=3, good=4, test=16, side=64)
    assert np.array_equal(images.test, again.test) and np.array_equal(images.masks, again.masks)
    assert not np.array_equal(images.good, inspected(texture, seed=4, good=4, test=16, side=64).good)
    assert images.good.dtype == images.test.dtype == np.uint8 and images.test.shape == images.masks.shape
    np.testing.assert_array_equal(images.truth, np.arange(16) < 8)
    for mask in images.masks[:8]:
        regions, number = ndimage.label(mask, np.ones((3, 3)))
        assert number == 1
        assert max(part.stop - part.start for part in ndimage.find_objects(regions)[0]) >= 4
    # The images differ from each other, also the good ones.
    assert len({image.tobytes() for image in images.test}) == 16


@pytest.mark.parametrize("sort", DEFECTS)
def test_a_defect_changes_what_its_mask_covers_alone(sort):
    rng = np.random.default_rng(0)
    for _ in range(5):
        clean = textures.grain(rng, 64)
        image = clean.copy()
        mask = DEFECTS[sort](rng, image, textures.grain)
        assert np.abs(image - clean)[mask].mean() > 5
        # The soft edge of a stain is fainter than its mask.
        assert np.abs(image - clean)[~mask].max() <= (16.1 if sort == "stain" else 0)


@pytest.mark.slow
def test_the_table_has_all_methods_beside_each_other():
    settings = {"train.steps": 60, "network.filters": [16, 16], "network.residual_blocks": 0}
    found = measured("print", 1, settings, side=48, good=60, test=16)
    assert [*found] == ["inspector", "PCA of patches", "nearest patches"]
    assert np.isfinite([*found.values()]).all()
    # Sixty steps do not train a network; the baselines find these defects at once.
    assert min(found["nearest patches"]) > 0.9 and min(found["PCA of patches"]) > 0.55
