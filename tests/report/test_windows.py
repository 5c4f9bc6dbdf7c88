"""Pictures of windows of a log: what is drawn is what was given, channel by channel."""

import numpy as np

from kerasae.report.windows import MOST_CHANNELS, MOST_COLUMNS, windows


def drawn(place):
    return {
        line.get_label(): (line.get_xdata(), line.get_ydata(), line.get_markevery()) for line in place.lines
    }


def test_each_channel_has_its_panel_and_the_last_step_is_zero():
    rng = np.random.default_rng(0)
    one, other, several = rng.normal(size=(6, 3)), rng.normal(size=(6, 3)), rng.normal(size=(4, 6, 3))
    figure = windows([("a", {"original": one, "pca": other}), ("b", {"centre": one, "near": several})], "xyz")
    axes = np.array(figure.axes).reshape(3, 2)
    for channel, (left, right) in enumerate(axes):
        assert left.get_ylabel() == "xyz"[channel]
        lines = drawn(left)
        steps, values, _ = lines["original"]
        assert list(steps) == [-5, -4, -3, -2, -1, 0]
        assert np.array_equal(values, one[:, channel]) and np.array_equal(lines["pca"][1], other[:, channel])
        found = [line.get_ydata() for line in right.lines]
        assert np.array_equal(found, [one[:, channel], *several[:, :, channel]])
        assert left.get_ylim() == right.get_ylim()
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "original",
        "pca",
        "centre",
        "near",
    ]


def test_a_reading_between_missing_ones_is_a_point():
    window = np.array([[1.0], [np.nan], [2.0], [np.nan], [3.0], [4.0]])
    assert drawn(windows([("a", {"filled": window})], ["x"]).axes[0])["filled"][2] == [0, 2]


def test_a_picture_has_a_largest_size():
    columns = [(str(number), {"w": np.zeros((4, 20))}) for number in range(20)]
    assert len(windows(columns, [str(number) for number in range(20)]).axes) == MOST_COLUMNS * MOST_CHANNELS
