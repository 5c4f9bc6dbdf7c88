"""What the benchmarks of series count, and their baselines."""

import json

import numpy as np
import pytest
from series import rows, stretches
from series.measures import Counts, vus_pr
from series.recordings import nab, skab


def test_counts_are_pooled_and_not_averaged():
    few = Counts.of(np.array([True, True]), np.array([True, False]))
    many = Counts.of(np.array([False] * 8 + [True] * 2), np.array([True] * 2 + [False] * 6 + [True] * 2))
    pooled = few + many
    assert (pooled.hits, pooled.false_alarms, pooled.missed, pooled.quiet) == (3, 2, 1, 6)
    assert pooled.f1 == pytest.approx(2 * 3 / (2 * 3 + 2 + 1))
    assert pooled.false_alarm_rate == pytest.approx(25)
    assert pooled.missed_alarm_rate == pytest.approx(25)


def test_vus_pr_without_a_buffer_is_the_area_by_the_trapezoid_rule():
    pytest.importorskip("aeon")
    anomalous = np.array([False, False, False, True, True, False])
    scores = np.array([0.1, 0.2, 0.95, 0.9, 0.8, 0.3])
    # By threshold: precision 0, 1/2, 2/3 at recall 0, 1/2, 1; the curve begins at precision 1 and recall 0.
    assert vus_pr(anomalous, scores, 0) == pytest.approx(0.5 * (0 + 1 / 2) / 2 + 0.5 * (1 / 2 + 2 / 3) / 2)
    assert vus_pr(anomalous, anomalous.astype(float), 0) == pytest.approx(1)


@pytest.mark.parametrize(
    "detector",
    [
        stretches.sub_pca,
        stretches.nearest_windows,
        stretches.nearest_shapes,
        stretches.window_forest,
        stretches.moving_z_score,
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
