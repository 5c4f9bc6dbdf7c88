"""The score by the hottest window of an image, and its map."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from kerasae.scores import HeatScore

SHAPE = (17, 12, 2)


def account(rows, seed=0, spread=1.0):
    residual = np.random.default_rng(seed).normal(0, spread, (rows, *SHAPE))
    return {"residual": residual.reshape(rows, -1).astype("float32")}


def fitted(window=5, rows=400, **arguments):
    return HeatScore(window=window, shape=SHAPE).adapt(lambda: [account(rows, **arguments)])


@pytest.mark.parametrize("window", [1, 2, 5, 40])
def test_the_heat_is_the_mean_of_the_whitened_squares_over_a_window(window):
    score, new = fitted(window), account(3, seed=1)
    squares = score.whitened(new).numpy().reshape(3, *SHAPE).mean(axis=-1)
    # A window of an even length reaches further before; sums over the pixels that exist, by their number.
    ones = np.ones((2 * window + 1,) * 2)
    ones[: window + 1 - window // 2 - 1], ones[:, : window + 1 - window // 2 - 1] = 0, 0
    ones[window + (window - 1) // 2 + 1 :], ones[:, window + (window - 1) // 2 + 1 :] = 0, 0
    summed = [ndimage.correlate(one, ones, mode="constant") for one in squares]
    counts = ndimage.correlate(np.ones(SHAPE[:2]), ones, mode="constant")
    heat = score.maps(new)["heat"]
    np.testing.assert_allclose(heat, summed / counts, rtol=1e-4)
    np.testing.assert_allclose(score(new), np.max(heat, axis=(1, 2)), rtol=1e-6)


def test_usual_pixels_have_a_heat_of_one_wherever_they_are():
    """Also where the residual is always large, and in a channel that is always worse."""
    spread = np.ones(SHAPE)
    spread[:8], spread[..., 1] = 7.0, 3.0
    score, new = fitted(window=9, rows=2000, spread=spread), account(200, seed=1, spread=spread)
    by_place = np.mean(score.heat(new), axis=0)
    assert by_place.min() > 0.85 and by_place.max() < 1.15


def test_a_spot_is_found_where_it_is():
    score = fitted()
    new = account(20, seed=1)
    residual = new["residual"].reshape(20, *SHAPE)
    residual[:10, 3:8, 6:11] += 3.0
    heat = np.asarray(score.heat(new))
    scores = np.asarray(score(new))
    assert scores[:10].min() > scores[10:].max()
    for one in heat[:10]:
        row, column = np.unravel_index(one.argmax(), one.shape)
        assert abs(row - 5) <= 2 and abs(column - 8) <= 2
    parts = np.asarray(score.features(new))
    np.testing.assert_allclose(parts.sum(axis=1), scores, rtol=1e-4)
    share = parts.reshape(20, *SHAPE)[:10, 3:8, 6:11].sum(axis=(1, 2, 3)) / scores[:10]
    assert share.min() > 0.7


def test_few_rows_say_little_of_a_single_pixel():
    residual = account(1)["residual"]
    score = HeatScore(shape=SHAPE).adapt(lambda: [{"residual": residual}])
    everywhere = float(np.square(residual).mean())
    expected = (np.square(residual[0]) + 10 * everywhere) / 11
    np.testing.assert_allclose(1 / score.inverse.numpy(), expected, rtol=1e-5)


def test_windows_and_rows_have_no_map():
    rows = {"residual": account(50)["residual"]}
    plain = HeatScore().adapt(lambda: [rows])
    assert plain.maps(rows) == {}
    np.testing.assert_allclose(plain(rows), np.max(plain.whitened(rows), axis=1), rtol=1e-6)
    series = HeatScore(shape=(34, 12), window=3).adapt(lambda: [rows])
    squares = np.asarray(series.whitened(rows)).reshape(50, 34, 12).mean(axis=-1)
    inside = ndimage.uniform_filter1d(squares, 3, axis=1)[:, 1:-1]
    np.testing.assert_allclose(np.asarray(series.heat(rows))[:, 1:-1, 0], inside, rtol=1e-4)


def test_a_heat_score_keeps_its_arguments():
    score = HeatScore(window=3, shape=SHAPE)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(score))
    assert (again.window, again.shape) == (3, SHAPE)
    with pytest.raises(ValueError, match="`window` must be a positive integer, received 0"):
        HeatScore(window=0)


@pytest.mark.parametrize("window", [1, 2, 5, 40])
def test_an_image_of_another_size_has_the_heat_of_one_of_this_size(window):
    """Wherever pixels count alike, which they do here, the size of the fit does not matter."""
    score, (height, width, channels) = fitted(window), SHAPE
    score.inverse.assign(np.tile([0.5, 4.0], height * width))
    other = HeatScore(window=window, shape=(9, 30, channels))
    other.build({"residual": (None, 9 * 30 * channels)})
    other.inverse.assign(np.tile([0.5, 4.0], 9 * 30))
    new = account(2, seed=1)
    for one, heat in zip(new["residual"], np.asarray(score.heat(new)), strict=True):
        image = one.reshape(SHAPE)
        np.testing.assert_allclose(score.heat_of_image(image), heat, rtol=1e-4)
        np.testing.assert_allclose(other.heat_of_image(image), heat, rtol=1e-4)


def test_pixels_near_the_border_of_an_image_count_as_those_of_the_fit_near_it():
    """A residual that grows towards the border is usual there, in an image of any size."""

    def spread(height, width):
        rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (height, width))
        return 1 + 5.0 * (rows[:, None, None] < 2) + 3.0 * (columns[:, None] < 1) + np.array([0.0, 2.0])

    score = fitted(window=1, rows=3000, spread=spread(*SHAPE[:2]))
    rng = np.random.default_rng(1)
    heats = [score.heat_of_image(rng.normal(0, spread(41, 30))) for _ in range(200)]
    by_place = np.mean(heats, axis=0)
    assert by_place.shape == (41, 30)
    assert by_place.min() > 0.6 and by_place.max() < 1.5
    for part in (np.s_[:2], np.s_[-2:], np.s_[:, :1], np.s_[:, -1:], np.s_[2:-2, 1:-1]):
        assert by_place[part].mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("window", [1, 4, 7])
def test_a_large_image_has_the_heat_of_an_image_at_once(window, monkeypatch):
    score = fitted(window)
    residual = np.random.default_rng(2).normal(size=(50, 7, 2)).astype("float32")
    at_once = score.heat_of_image(residual)
    for strip in (1, 8, 49):
        monkeypatch.setattr("kerasae.scores.heat._STRIP", strip)
        np.testing.assert_allclose(score.heat_of_image(residual), at_once, rtol=1e-5)
