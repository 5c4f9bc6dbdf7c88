"""Promises about new windows of a log hold after a training on all but the calibration and the test rows.

A window shares readings with its neighbours, so that they go wrong together, and a promise counts blocks. The
training rows are few and the network wide, so that what was trained on is known by heart.
"""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kerasae import Recipe
from kerasae.applications import AnomalyDetector, Imputer, Uncertainty
from kerasae.data.series import from_frame
from kerasae.runs import Run, run_recipe

WINDOW = 4
#: Chance of a breach where all is well.
CHANCE = 1e-4


def noise(rows, seed):
    """A log of four channels that depend on each other, but not on fewer numbers or on time."""
    mixing = np.random.default_rng(99).normal(size=(4, 4))
    readings = np.random.default_rng(seed).normal(size=(rows, 4)) @ mixing
    stamps = pd.date_range("2026-01-01", periods=rows, freq="s")
    return pd.DataFrame(readings, columns=[*"abcd"]).assign(time=stamps)


def trained(folder, family, **train):
    noise(1600, 0).to_csv(folder / "log.csv", index=False)
    recipe = Recipe.of(
        family,
        source=f"series:{folder / 'log.csv'}",
        latent_dim=14,
        data={"time": "time", "window": WINDOW, "calibration": 0.85},
        network={"name": "dense", "widths": [128]},
        train={"hold_out": False, "epochs": 150, "batch_size": 16, "learning_rate": 3e-3, **train},
    )
    run_recipe(recipe, folder / "run")
    return Run.open(folder / "run")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("log_by_heart"), "undercomplete")


@pytest.fixture(scope="module")
def fresh():
    return from_frame(noise(4000, 1), time="time", window=WINDOW, test=1).test


def spoiled(data):
    """Data whose calibration windows were trained on, as promises must not be found."""
    return dataclasses.replace(data, calibration=data.train)


@pytest.mark.slow
def test_fresh_windows_are_flagged_as_often_as_promised(run, fresh):
    assert run.data.calibration.block == WINDOW
    for rate in (0.02, 0.05, 0.1):
        detector = AnomalyDetector(run.model, false_alarms=rate).fit(run.data)
        flagged = int(detector.predict(fresh.examples).sum())
        threshold = detector.fitted_stamps_
        assert threshold.keeps
        assert threshold.excess_p_value(flagged, len(fresh)) > CHANCE
        assert flagged > 0.3 * rate * len(fresh)
    by_heart = AnomalyDetector(run.model, false_alarms=0.1).fit(spoiled(run.data))
    flagged = int(by_heart.predict(fresh.examples).sum())
    assert by_heart.fitted_stamps_.excess_p_value(flagged, len(fresh)) < CHANCE


def held(application, data, fresh):
    """Share of the numbers of fresh windows that lie in the 90 % intervals."""
    application.fit(data)
    return application.report(dataclasses.replace(data, test=fresh), None).figures["coverage"]


def test_intervals_of_filled_readings_hold_their_share(run, fresh):
    assert 0.89 < held(Imputer(run.model), run.data, fresh) < 0.94


@pytest.mark.slow
def test_intervals_of_reconstructed_readings_hold_their_share(tmp_path, fresh):
    run = trained(tmp_path, "variational")
    assert 0.89 < held(Uncertainty(run.model, samples=30), run.data, fresh) < 0.94
    assert held(Uncertainty(run.model, samples=30), spoiled(run.data), fresh) < 0.87
