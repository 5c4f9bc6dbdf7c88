"""Figures show what there is, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from kerasae.report import as_text, figures, page
from kerasae.report.figures import training_curves, two_dimensions


def test_a_training_without_a_validation_split_has_one_curve():
    both = [
        {"reconstruction": 2.0, "val_reconstruction": 3.0},
        {"reconstruction": 1.0, "val_reconstruction": 2.0},
    ]
    alone = [{"reconstruction": 2.0}, {"reconstruction": 1.0}]
    first, second = training_curves({"both": [both], "alone": [alone]}, "").axes
    legends = [[text.get_text() for text in place.get_legend().get_texts()] for place in (first, second)]
    assert legends == [["training", "validation"], ["training"]]
    assert [list(line.get_ydata()) for line in second.lines] == [[2.0, 1.0]]


def test_only_what_has_rows_below_it_is_bold():
    plain = page.Listing("Odd", "", ["row", "why"], [["a", "x"], ["b", "y"]])
    nested = page.Listing("Both", "", ["", "text"], [["original 1", "x"], ["  pca", "y"]])
    counts = [
        page.render_section("t", [""], [], [], [], listings=[one]).count('class="original"')
        for one in (plain, nested)
    ]
    assert counts == [0, 1]


def test_new_sections_replace_the_old_ones(tmp_path):
    path = tmp_path / "report.html"
    page.write(path, page.render("t", "s", ["a"], [["1"]], [], [], sections=["<p>old</p>"]))
    before = path.read_text().partition("<p>old</p>")[0]
    page.replace_sections(path, ["<p>new</p>", "<p>more</p>"])
    after = path.read_text()
    assert "old" not in after.partition("<body>")[2]
    assert after.startswith(before.rstrip()) and after.index("<p>new</p>") < after.index("<p>more</p>")
    assert after.rstrip().endswith("</html>")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (797413.2, "797,413"),
        (1234.6, "1235"),
        (0.123456, "0.1235"),
        (-20541.7, "-20,542"),
        (0.0, "0"),
        (-0.0, "0"),
        (np.float32(2019.0), "2019"),
        (12345, "12345"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "inf"),
        (pd.NaT, "–"),
        (pd.Timestamp("2024-03-01"), "2024-03-01"),
        (pd.Timestamp("2024-03-01 12:30"), "2024-03-01 12:30:00"),
        ("red", "red"),
    ],
)
def test_values_as_text(value, text):
    assert as_text(value) == text


def test_a_map_is_titled_by_its_codec_also_where_there_are_labels():
    codes = {"pca": np.zeros((4, 2)), "vae": np.ones((4, 2))}
    drawn = figures.code_maps(codes, np.array([3, 9, 3, 9]))
    assert [place.get_title() for place in drawn.axes] == ["pca", "vae"]
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["3", "9"]


def test_codes_of_a_single_row_are_a_point():
    points, axis = two_dimensions(np.ones((1, 5)))
    np.testing.assert_array_equal(points, [[0.0, 0.0]])
    assert axis == "component"
