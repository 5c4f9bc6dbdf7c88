"""Images in lines: each in its cell, in its proportions, on the scale of all."""

import numpy as np
import pytest

from kerasae.report.canvas import Canvas
from kerasae.report.figures import heat_rows, reconstructions
from kerasae.report.image_lines import image_lines


def test_each_image_lies_in_its_cell_in_its_proportions():
    shapes = [[(4, 8, 1), (5, 5, 3)], [(9, 3, 4)]]
    place = Canvas().subplots()
    image_lines(
        place, [(f"line {row}", [np.ones(shape) for shape in line]) for row, line in enumerate(shapes)]
    )
    cells = [(row, column) for row, line in enumerate(shapes) for column in range(len(line))]
    for (row, column), shown in zip(cells, place.images, strict=True):
        left, right, bottom, top = shown.get_extent()
        assert column < left < right < column + 1 and row < top < bottom < row + 1
        height, width = shapes[row][column][:2]
        assert (bottom - top) / (right - left) == pytest.approx(height / width)
        assert max(bottom - top, right - left) == pytest.approx(0.95)
    assert [label.get_text() for label in place.get_yticklabels()] == ["line 0", "line 1"]
    assert place.get_xlim() == (0, 2) and place.get_ylim() == (2, 0)


def test_all_images_have_the_scale_of_the_originals():
    originals = np.array([2.0, 6.0]).reshape(2, 1, 1, 1)
    (place,) = reconstructions(originals, {"rebuilt": originals + 1.0}).axes
    assert [float(shown.get_array().squeeze()) for shown in place.images] == [0.0, 1.0, 0.25, 1.0]
    assert {shown.get_clim() for shown in place.images} == {(0, 1)}


def test_a_heat_map_has_its_own_scale():
    images, heat = np.full((2, 1, 2, 1), 0.5), np.array([[1.0, 2.0], [0.0, 30.0]]).reshape(2, 1, 2, 1)
    images[0, 0, 0] = 0.0
    shown = heat_rows(images, images, heat).axes[0].images[-2:]
    hottest, coldest = (252 / 255, 253 / 255, 191 / 255), (0, 0, 3 / 255)  # ends of magma
    np.testing.assert_allclose(shown[0].get_array()[0, 1], hottest, atol=0.01)
    np.testing.assert_allclose(shown[1].get_array()[0], [coldest, hottest], atol=0.01)
