"""Promises about new rows hold after a training on all but the calibration and the test rows.

As the winner of a search is trained. The rows are few and the networks wide, so that what was trained on is
known by heart. `benchmarks/checks/false_alarms.py` has every path to a threshold, many times.
"""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from kerasae import Recipe
from kerasae.applications import AnomalyDetector, Compression, Imputer, Uncertainty
from kerasae.applications.compression import estimator
from kerasae.data import Split
from kerasae.data._data import NO_ROWS
from kerasae.runs import Run, run_recipe
from kerasae.workflows.application.which_rows import without_unseen


def noise(rows, seed):
    """Rows of 20 columns that depend on each other, but not on fewer numbers."""
    mixing = np.random.default_rng(99).normal(size=(20, 20))
    return np.random.default_rng(seed).normal(size=(rows, 20)) @ mixing


def trained(folder, family, **arguments):
    np.save(folder / "rows.npy", noise(400, 0))
    recipe = Recipe.of(
        family,
        source=str(folder / "rows.npy"),
        latent_dim=18,
        data={"calibration": 0.62},
        network={"widths": [128]},
        train={"hold_out": False, "epochs": 200, "batch_size": 16, "learning_rate": 3e-3},
        **arguments,
    )
    run_recipe(recipe, folder / "run")
    return Run.open(folder / "run")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("by_heart"), "undercomplete")


def spoiled(data):
    """Data whose calibration rows were trained on, as promises must not be found."""
    return dataclasses.replace(data, calibration=data.train)


def test_without_calibration_rows_there_is_no_threshold_and_a_word(run, digits):
    bare = dataclasses.replace(run.data, calibration=NO_ROWS)
    with pytest.raises(ValueError, match=r"received none; train again, with --set data\.calibration"):
        AnomalyDetector(run.model).fit(bare)
    assert without_unseen(run.data) == without_unseen(digits) == []
    # Rows that chose the epoch are left to choose by.
    assert without_unseen(dataclasses.replace(digits, calibration=NO_ROWS)) == []
    ((good, words),) = without_unseen(bare)
    assert not good and "nothing is promised of new rows" in words


def test_no_row_is_left_to_choose_by(run):
    assert run.data.rows == {"train": 122, "validation": 0, "calibration": 198, "test": 80}


def test_fresh_rows_are_flagged_as_often_as_promised(run):
    fresh = noise(1000, 1)
    for rate in (0.01, 0.05, 0.1):
        k = int(rate * 199)
        low, high = stats.betabinom(1000, k, 199 - k).interval(0.9999)
        assert low <= AnomalyDetector(run.model, false_alarms=rate).fit(run.data).predict(fresh).sum() <= high
    assert AnomalyDetector(run.model, false_alarms=0.1).fit(spoiled(run.data)).predict(fresh).sum() > high


def held(application, data):
    """Share of the numbers of fresh rows that lie in the 90 % intervals."""
    fresh = dataclasses.replace(data, test=Split(noise(1000, 1)))
    return application.fit(data).report(fresh, None).figures["coverage"]


def test_intervals_of_filled_cells_hold_their_share(run):
    # 198 rows, of which half calibrate; the standard error of a share is about 0.01.
    assert abs(held(Imputer(run.model), run.data) - 0.9) < 0.03
    assert held(Imputer(run.model), spoiled(run.data)) < 0.87


@pytest.mark.slow
def test_intervals_of_reconstructed_cells_hold_their_share(tmp_path):
    run = trained(tmp_path, "variational")
    assert abs(held(Uncertainty(run.model, samples=30), run.data) - 0.9) < 0.03
    assert held(Uncertainty(run.model, samples=30), spoiled(run.data)) < 0.87


def test_bits_are_chosen_by_rows_that_were_not_trained_on(run, monkeypatch):
    seen = []

    def watched(codec, codes, ranges, data):
        seen.append(data.validation)
        return 4

    monkeypatch.setattr(estimator, "enough_bits", watched)
    Compression(run.model).fit(run.data)
    (choosing,) = seen
    assert len(choosing) == 99
    assert {*choosing.numbers} <= {*run.data.calibration.numbers}


@pytest.mark.slow
def test_false_alarms_on_every_path():
    script = Path(__file__).parents[2] / "benchmarks" / "checks" / "false_alarms.py"
    command = [sys.executable, script, "--repetitions", "1", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert done.stdout.count("as promised") == 12
