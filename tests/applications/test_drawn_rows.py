"""What applications say of some rows: those are drawn, so the order of a file changes nothing."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kerasae import PCA
from kerasae.applications import Compression, Imputer, Reduction, Retrieval
from kerasae.applications.compression._measuring import enough_bits, fitted_codes
from kerasae.applications.compression._quantiser import Ranges, unit_steps
from kerasae.applications.pretraining._classifier import Schedule
from kerasae.applications.pretraining._labels import FewLabels
from kerasae.data import Data, Split
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


def half_flat(rows, seed):
    """Vectors of which the first half, class 0, hardly differ and the second half, class 1, do."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3)) @ rng.normal(size=(3, 8)) + 0.3 * rng.normal(size=(rows, 8))
    labels = np.repeat([0, 1], rows // 2)
    return Split(np.where(labels[:, None], x, 0.01 * x).astype("float32"), labels)


@pytest.fixture(scope="module")
def data():
    spec = Spec("vector", (8,))
    rows = {"train": 5000, "validation": 1000, "test": 1000, "calibration": 1000}
    splits = {name: half_flat(count, seed) for seed, (name, count) in enumerate(rows.items())}
    return Data("sorted", spec, **splits).with_preprocessor(Identity(spec))


@pytest.fixture(scope="module")
def shuffled(data):
    order = {
        name: data.split(name).rows(np.random.default_rng(0).permutation(len(data.split(name))))
        for name in ("train", "validation", "test")
    }
    return dataclasses.replace(data, **order)


@pytest.fixture(scope="module")
def pca(data):
    return PCA(3).fit(data)


@pytest.mark.parametrize(
    ("application", "name"),
    [(Reduction, "neighbours_kept"), (Retrieval, "neighbours_in_x")],
)
def test_neighbours_do_not_depend_on_the_order(data, shuffled, pca, application, name):
    # A share over 300 rows of 10 neighbours: its standard error is below 0.02.
    found = [application(pca, most=300).fit(one).report(one, None).figures[name] for one in (data, shuffled)]
    assert abs(found[0] - found[1]) < 0.06


def test_intervals_of_sorted_calibration_rows_hold(data, pca):
    # The first 300 rows hardly differ: intervals as wide as theirs hold nothing of the others.
    figures = Imputer(pca, most=300).fit(data).report(data, None).figures
    assert abs(figures["coverage"] - 0.9) < 0.05


def test_bits_are_chosen_from_all_rows(data, shuffled, pca, monkeypatch):
    monkeypatch.setattr("kerasae.applications.compression._measuring.FITTED", 500)
    monkeypatch.setattr("kerasae.applications.compression._measuring._JUDGED", 300)
    found = []
    for one in (data, shuffled):
        codes = fitted_codes(pca, one)
        found.append(enough_bits(pca, codes, Ranges.of(codes, unit_steps(pca, codes, one.spec)), one))
        assert len(np.unique(np.abs(codes).max(axis=1) > 0.2)) == 2
    assert abs(found[0] - found[1]) <= 1


def test_curves_are_of_rows_drawn(data, shuffled, pca, tmp_path):
    errors = []
    for name, one in (("sorted", data), ("shuffled", shuffled)):
        (tmp_path / name).mkdir()
        Compression(pca, bits=8, most=200).fit(one).report(one, tmp_path / name)
        curves = pd.read_csv(tmp_path / name / "rate_distortion.csv")
        errors.append(curves[curves["codec"] == "model"]["test error"].iloc[-1])
    assert errors[0] == pytest.approx(errors[1], rel=0.3)


def test_labels_that_choose_are_of_every_class(data, pca):
    few = FewLabels(pca, data, Schedule(), most=200, seed=0)
    assert set(few._codes_choosing.y) == {0, 1}
