"""Drift: tests that are right in distribution, a correction that holds, and distances with known values."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from kerasae.kinds import kind_of
from kerasae.metrics import Shift, corrected, shift_of
from kerasae.spec import Column, Spec


def shifts(reference, new):
    return {shift.name: shift for shift in shift_of("a", pd.Series(reference), pd.Series(new))}


def test_the_distance_of_numbers_is_that_of_their_cumulative_distributions():
    found = shifts(np.arange(100.0), np.arange(100.0) + 30)["a"]
    assert found.distance == pytest.approx(0.30)
    assert found.test == "Kolmogorov-Smirnov"
    assert shifts(np.arange(100.0), np.arange(100.0))["a"].p_value == 1.0


def test_the_distance_of_categories_is_half_the_sum_of_the_differences_of_their_shares():
    found = shifts(["red"] * 60 + ["blue"] * 40, ["red"] * 30 + ["blue"] * 40 + ["green"] * 30)["a"]
    assert found.distance == pytest.approx(0.30)
    table = [[60, 30], [40, 40], [0, 30]]
    assert found.p_value == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


def test_booleans_are_categories():
    assert shifts([True, False] * 20, [True, True] * 20)["a"].test == "chi-squared"


def test_rare_categories_are_tested_together():
    rare = [f"name {n}" for n in range(50)]
    found = shifts(["usual"] * 150 + rare, ["usual"] * 150 + [f"other {n}" for n in range(50)])["a"]
    assert found.p_value == pytest.approx(1.0)  # 50 rare ones here as there
    assert found.distance == pytest.approx(0.25)


def test_gaps_are_a_quantity_of_their_own():
    values = np.arange(40.0)
    found = shifts(values, np.where(np.arange(40) < 10, np.nan, values))
    assert found["a (missing)"].distance == pytest.approx(0.25)
    assert found["a (missing)"].p_value == pytest.approx(stats.fisher_exact([[0, 40], [10, 30]]).pvalue)
    assert "a (missing)" not in shifts(values, values)


def test_too_few_values_say_nothing():
    assert shifts(np.arange(7.0), np.arange(100.0)) == {}


def test_the_correction_is_that_of_holm():
    plain = [Shift(name, "", 0.5, p) for name, p in zip("abcd", (0.01, 0.04, 0.03, 0.005), strict=True)]
    assert [shift.adjusted for shift in corrected(plain)] == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_without_drift_an_alarm_is_as_rare_as_was_asked_for():
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(300):
        names = [f"{n}" for n in range(5)]
        reference, new = (pd.DataFrame(random.normal(size=(80, 5)), columns=names) for _ in range(2))
        found = corrected([shift for name in names for shift in shift_of(name, reference[name], new[name])])
        alarms += any(shift.is_drift(0.1, 0.0) for shift in found)
    # Of 300 with a probability of at most 0.1: above 44 with a probability of 0.3 %.
    assert alarms <= stats.binom.ppf(0.997, 300, 0.1)
    assert alarms > 3


def test_a_small_difference_is_no_drift_however_significant():
    shift = Shift("a", "", 0.05, 1e-30)
    assert shift.is_drift(0.01, 0.05)
    assert not shift.is_drift(0.01, 0.06)
    assert not Shift("a", "", 0.9, 0.02).is_drift(0.01, 0.05)


def test_the_watched_quantities_of_each_kind():
    table = Spec(
        "table",
        (2,),
        "mixed",
        columns=(Column("n", "number", "float64"), Column("c", "category", "object", ("x", "y"))),
    )
    frame = kind_of(table).watched(None, np.array([[0.5, 2.0], [np.nan, 0.0], [1.5, np.nan]], "float32"))
    assert frame["n"].isna().tolist() == [False, True, False]
    assert [value if isinstance(value, str) else None for value in frame["c"]] == ["y", "unseen", None]

    image = Spec("image", (2, 2, 1), "uint8", 0.0, 255.0)
    pixels = np.array([[[[0], [10]], [[20], [30]]]], "uint8")
    frame = kind_of(image).watched(pixels, None)
    assert frame.loc[0, "brightness"] == 15
    assert frame.loc[0, "contrast"] == pytest.approx(np.std([0, 10, 20, 30]))
    assert frame.loc[0, "sharpness"] == pytest.approx((10 + 10 + 20 + 20) / 4)

    text = Spec("text", (5,), "string", vocabulary=("", "[UNK]", "[END]", "a", "hat"))
    frame = kind_of(text).watched(None, np.array([[3, 1, 4, 2, 0], [2, 0, 0, 0, 0]]))
    assert frame["words"].tolist() == [3, 0]
    assert frame["unknown words"].tolist() == pytest.approx([1 / 3, 0])

    vector = Spec("vector", (2,))
    assert kind_of(vector).watched(np.ones((3, 2), "int8"), None).shape == (3, 2)
