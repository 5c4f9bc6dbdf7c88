"""What the benchmarks of series count, and their baselines."""

import json

import numpy as np
import pytest
from series import linear_denoiser, rows, stretches, variogram
from series.linear_denoiser import NOISE, Denoiser, LinearDenoiser, held_out
from series.measures import Counts
from series.recordings import nab, skab


def test_counts_are_pooled_and_not_averaged():
    few = Counts.of(np.array([True, True]), np.array([True, False]))
    many = Counts.of(np.array([False] * 8 + [True] * 2), np.array([True] * 2 + [False] * 6 + [True] * 2))
    pooled = few + many
    assert (pooled.hits, pooled.false_alarms, pooled.missed, pooled.quiet) == (3, 2, 1, 6)
    assert pooled.f1 == pytest.approx(2 * 3 / (2 * 3 + 2 + 1))
    assert pooled.false_alarm_rate == pytest.approx(25)
    assert pooled.missed_alarm_rate == pytest.approx(25)


@pytest.mark.parametrize(
    "detector",
    [
        stretches.sub_pca,
        stretches.nearest_windows,
        stretches.nearest_shapes,
        stretches.window_forest,
        stretches.moving_z_score,
        stretches.smoothed_nearest_windows,
        linear_denoiser.smoothed_scores,
    ],
)
@pytest.mark.parametrize("fitted_on", [600, 1000])
def test_a_level_or_a_shape_that_never_was_has_the_highest_score(detector, fitted_on):
    rng = np.random.default_rng(0)
    values = np.sin(2 * np.pi * np.arange(1000) / 25) + 0.1 * rng.normal(size=1000)
    values[800:825] = 4 + rng.normal(size=25)
    scores = detector(values[:, None], 25, fitted_on)
    assert scores.shape == (1000,)
    assert 780 <= np.argmax(scores) <= 845


def test_a_window_is_not_its_own_neighbour():
    readings = np.random.default_rng(0).normal(size=(40, 1))
    scores = stretches.nearest_windows(readings, 4, 20, neighbours=3)
    windows = stretches.cut(readings, 4)
    for place in (0, 10, 30):
        others = np.delete(windows[:17], place, axis=0) if place < 17 else windows[:17]
        distances = np.sort(np.linalg.norm(others - windows[place], axis=1))[:3]
        # The centre of a window of four rows is its third.
        assert scores[place + 2] == pytest.approx(distances.mean(), rel=1e-3)


def test_the_period_of_a_sine_is_found_and_noise_has_none_of_its_own():
    sine = np.sin(2 * np.pi * np.arange(2000) / 40)
    assert stretches.period(sine) == 40
    assert stretches.period(np.ones(500)) == 125


@pytest.mark.parametrize("detector", [rows.hotelling_and_q, rows.isolation_forest])
def test_a_detector_of_rows_raises_an_alarm_at_a_shift_only(detector):
    rng = np.random.default_rng(0)
    readings = rng.normal(size=(600, 5)) @ rng.normal(size=(5, 5))
    readings[500:] += 30
    alarms = detector(readings[:400], readings)
    assert alarms[510:].mean() > 0.95
    assert alarms[:500].mean() < 0.05


def test_recordings_are_read_with_their_labels_in_the_order_of_their_numbers(tmp_path):
    folder = tmp_path / "series" / "skab"
    folder.mkdir(parents=True)
    for number in (10, 2):
        folder.joinpath(f"valve1_{number}.csv").write_text(
            f"datetime;a;b;anomaly;changepoint\n2020-03-09 10:14:33;{number};2;0.0;1.0\n"
            "2020-03-09 10:14:34;3;4;1.0;0.0\n"
        )
    first, second = skab(tmp_path)
    assert (first.name, second.name) == ("valve1_2", "valve1_10")
    assert first.readings.tolist() == [[2, 2], [3, 4]]
    assert first.anomalous.tolist() == [False, True]


def test_the_ends_of_a_labelled_window_are_anomalies(tmp_path):
    folder = tmp_path / "series" / "nab"
    folder.mkdir(parents=True)
    lines = [f"2014-07-01 0{hour}:00:00,{hour}" for hour in range(5)]
    folder.joinpath("real_a.csv").write_text("timestamp,value\n" + "\n".join(lines) + "\n")
    windows = {"real_a.csv": [["2014-07-01 01:00:00.000000", "2014-07-01 03:00:00.000000"]]}
    folder.joinpath("windows.json").write_text(json.dumps(windows))
    (recording,) = nab(tmp_path, "real")
    assert recording.name == "a"
    assert recording.anomalous.tolist() == [False, True, True, True, False]


def test_the_residual_is_that_of_the_denoiser_which_least_squares_finds():
    rng = np.random.default_rng(0)
    clean = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4)) + 5
    # Noise of mean 0 and covariance I, each value equally often with each window: +-sqrt(4) along each axis.
    noise = np.vstack([2 * np.eye(4), -2 * np.eye(4)])
    noisy = (clean[:, None] + NOISE * noise).reshape(-1, 4)
    inputs = np.column_stack([noisy, np.ones(len(noisy))])
    coefficients = np.linalg.lstsq(inputs, np.repeat(clean, len(noise), axis=0), rcond=None)[0]
    new = rng.normal(size=(6, 4))
    reconstructed = np.column_stack([new, np.ones(6)]) @ coefficients
    np.testing.assert_allclose(Denoiser(clean).residuals(new), new - reconstructed, atol=1e-10)


@pytest.mark.parametrize("rows_in_log", [40, 63, 230])
def test_blocks_hold_each_window_once_and_are_fitted_on_windows_without_a_row_of_theirs(rows_in_log):
    window = 10
    seen = np.zeros(rows_in_log - window + 1, int)
    for held, fitted in held_out(rows_in_log, window):
        seen[held] += 1
        rows_held = set(range(held.start, held.stop + window - 1))
        fitted_rows = {row for place in np.flatnonzero(fitted) for row in range(place, place + window)}
        assert fitted.any()
        assert fitted_rows.isdisjoint(rows_held)
        # Nothing else is left out: all rows but the block's and the `window - 1` of its first window.
        complete = [
            place for place in range(len(seen)) if not set(range(place, place + window)) & set(rows_held)
        ]
        assert complete == np.flatnonzero(fitted).tolist()
    assert (seen == 1).all()


def test_a_cross_fitted_residual_is_affine_in_the_rows_of_its_own_block():
    # The map is fitted on other rows, so it stays the same whatever the block holds. An in-sample residual
    # is not affine: a block that moves also moves the map.
    rng = np.random.default_rng(0)
    log, window = rng.normal(size=(120, 2)), 8
    for held, fitted in held_out(len(log), window):
        block = slice(held.start, held.stop + window - 1)

        def residuals(values, block=block, held=held, fitted=fitted):
            changed = log.copy()
            changed[block] = values
            windows = stretches.cut(changed, window)
            return Denoiser(windows[fitted]).residuals(windows[held])

        one = log[block]
        other = 10 * rng.normal(size=one.shape)
        middle = (residuals(one) + residuals(other)) / 2
        np.testing.assert_allclose(residuals((one + other) / 2), middle, atol=1e-9)


def test_the_level_of_noise_keeps_its_weight_and_that_of_a_random_walk_loses_two_thirds():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(8000, 20))
    walks = noise.cumsum(axis=0)
    # The mean weight over 20 channels; a single walk's slope is uncertain.
    assert variogram.level_weights(noise, 20).mean() == pytest.approx(1, abs=0.05)
    assert variogram.level_weights(walks, 20).mean() == pytest.approx(8**-0.5, abs=0.05)
    line = np.arange(500.0)[:, None]
    assert variogram.slope(line, 20) == pytest.approx(2)


def _log(seed=0, count=700, channels=4):
    rng = np.random.default_rng(seed)
    factors = np.sin(np.arange(count)[:, None] / np.array([7, 11])) + 0.3 * rng.normal(size=(count, 2))
    return factors @ rng.normal(size=(2, channels)) + 0.3 * rng.normal(size=(count, channels))


@pytest.mark.parametrize("prototypes", [False, True])
def test_scores_do_not_depend_on_the_units_of_the_channels(prototypes):
    log = _log()
    units = log * [1e-3, 1, 50, 1e4] + [0, -3, 1e3, 7]
    # These are fewer windows than prototypes. Rounding can send k-means to other centres.
    one = LinearDenoiser.fit(log[:200], 8, prototypes)
    other = LinearDenoiser.fit(units[:200], 8, prototypes)
    np.testing.assert_allclose(other.scores(units), one.scores(log), rtol=1e-5)
    assert other.threshold == pytest.approx(one.threshold, rel=1e-5)


def test_a_level_shift_is_an_alarm_of_its_channel_and_normal_rows_are_none():
    log = _log()
    log[600:, 2] += 4 * log[:400, 2].std()
    detector = LinearDenoiser.fit(log[:400])
    scores = detector.scores(log[400:])
    alarms = detector.alarms(scores)
    # A window starts at its row, so the first one with a shifted row is the 181st.
    assert not alarms[:181].any()
    assert alarms[201:].all()
    assert (detector.contributions(log[400:])[201:].argmax(axis=1) == 2).mean() > 0.9
    assert (detector.contributions(log[400:]).max(axis=1) == scores).all()
    # Of rows: each by the window that it ends.
    by_row = linear_denoiser.row_alarms(log[:400], log)
    assert by_row.shape == (700,)
    assert not by_row[:600].any()
    assert by_row[620:].all()


def test_an_alarm_ends_below_half_the_threshold():
    detector = LinearDenoiser.fit(_log()[:400])
    scores = detector.threshold * np.array([0.9, 1.1, 0.6, 0.9, 0.4, 0.9, 1.2])
    assert detector.alarms(scores).tolist() == [False, True, True, True, False, False, True]
    assert detector.threshold >= 1


def test_only_long_logs_have_prototypes_by_default():
    log = _log()
    assert LinearDenoiser.fit(log[:399], 8).features.search is None
    assert LinearDenoiser.fit(log[:400], 8).features.search is not None


def test_a_log_shorter_than_four_windows_is_refused():
    with pytest.raises(ValueError, match="at least four windows of 20 rows, received 79 rows"):
        LinearDenoiser.fit(_log(count=79))


def test_few_windows_of_white_noise_score_above_the_threshold():
    above = []
    for seed in range(6):
        noise = np.random.default_rng(seed).normal(size=(3000, 4))
        detector = LinearDenoiser.fit(noise[:900])
        above.append((detector.scores(noise[900:]) > detector.threshold).mean())
    # Independent normal features would give 0.001. The features are neither.
    assert np.mean(above) < 0.005
