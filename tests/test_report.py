"""Figures show what there is, and nothing else."""

from kerasae.report.figures import training_curves


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
