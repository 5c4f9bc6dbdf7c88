"""Thresholds: each against what SciPy or scikit-learn find, at the ends of what it can be asked."""

import numpy as np
import pytest
import scipy.stats
from sklearn.metrics import f1_score

from kerasae import registry
from kerasae.thresholds import (
    BestF1Threshold,
    ConformalThreshold,
    GreatestThreshold,
    MedianDeviationThreshold,
    ParetoTailThreshold,
    QuantileThreshold,
    Threshold,
)
from kerasae.thresholds._base import clear_of
from kerasae.thresholds.conformal import conformal_p_values

RATED = [ConformalThreshold, ParetoTailThreshold, QuantileThreshold]


@pytest.mark.parametrize("member", RATED)
@pytest.mark.parametrize("rate", [0, 1, -0.1, 1.1, float("nan"), True])
def test_a_rate_lies_between_none_and_all(member, rate):
    with pytest.raises(
        ValueError, match=r"`false_alarms` must be a share in \(0, 1\), such as 0.02 for 2 %, received"
    ):
        member(false_alarms=rate)


def test_the_defaults_are_what_they_are_said_to_be():
    rates = [member().false_alarms for member in RATED]
    assert rates == [0.05, 0.001, 0.05]
    assert ParetoTailThreshold().tail == 0.1
    assert MedianDeviationThreshold().deviations == 3.5
    assert [name for name in registry.names("threshold") if registry.get("threshold", name).supervised] == [
        "best_f1"
    ]
    with pytest.raises(NotImplementedError, match="must write `find`"):
        Threshold().fit(np.arange(3.0))


def test_normal_rows_are_counted_and_anomalies_are_not():
    scores = np.arange(100.0)
    threshold = ConformalThreshold(false_alarms=0.1).fit(scores)
    assert (threshold.rows_, threshold.above_) == (100, 9)
    labelled = BestF1Threshold().fit(scores, scores >= 80)
    assert (labelled.rows_, labelled.above_) == (80, 0)
    np.testing.assert_array_equal(labelled.predict(scores), scores >= 80)


def test_a_range_holds_95_of_100_unless_it_is_told():
    threshold = ConformalThreshold(false_alarms=0.1).fit(np.arange(100.0))
    beta, betabinom = scipy.stats.beta(10, 91), scipy.stats.betabinom(50, 10, 91)
    assert threshold.share_range() == pytest.approx(beta.interval(0.95))
    assert threshold.share_range(0.5) == pytest.approx(beta.interval(0.5))
    assert threshold.count_range(50) == betabinom.interval(0.95)
    assert threshold.count_range(50, 0.5) == betabinom.interval(0.5)
    # All rows flagged: the last of the ranks is left.
    threshold.threshold_, threshold.above_ = -1.0, 100
    assert threshold.share_range() == pytest.approx(scipy.stats.beta(100, 1).interval(0.95))


def test_what_is_infinite_decides_no_clearance():
    scores = np.array([1.0, 2.0, 3.0])
    assert clear_of(scores, float("inf")) == float("inf")
    assert clear_of(np.array([]), 1.5) == 1.5
    # Half the way up to the next score, from it and from a place near it.
    near = np.array([1.0, 1.0001, 3.0, np.inf])
    assert clear_of(near, 1.0) == pytest.approx(1.00005, abs=1e-6)
    assert clear_of(near, 1.00009) == pytest.approx(1.00005, abs=1e-6)
    # A ten-thousandth of the median score, where the threshold itself is small.
    assert clear_of(np.array([0.0, 5.0, 6.0]), 0.0) == pytest.approx(5e-4, rel=1e-6)
    assert clear_of(np.array([0.0, 5.0, 6.0]), 4.9999) == pytest.approx(5 - 5e-4, rel=1e-6)
    # It stays where it is clear of both neighbours.
    assert clear_of(scores, 2.5) == 2.5


def test_a_rate_that_rounding_would_miss():
    # 0.05 * 20 and 0.1 * 10 are 1; 0.29 * 100 is 28.999999999999996 in binary.
    for rate, rows, flagged in ((0.05, 19, 0), (0.1, 9, 0), (0.29, 99, 28), (0.15, 99, 14)):
        assert ConformalThreshold(false_alarms=rate).fit(np.arange(float(rows))).above_ == flagged
    with pytest.raises(ValueError, match="needs at least 9 held-out rows, received 8"):
        ConformalThreshold(false_alarms=0.1).fit(np.arange(8.0))


@pytest.mark.parametrize("member", ["conformal", "best_f1", "pareto_tail"])
def test_a_threshold_of_too_few_rows_names_the_option_for_another(member):
    with pytest.raises(ValueError, match=r"take another threshold \(--threshold quantile\)\.$"):
        registry.get("threshold", member).fit(np.arange(8.0))


def test_a_p_value_counts_the_held_out_scores_from_its_own_on():
    held_out = np.array([3.0, 1.0, 2.0, 2.0])
    expected = [1, 4 / 5, 2 / 5, 1 / 5, 1]
    np.testing.assert_allclose(conformal_p_values(held_out, [1.0, 2.0, 2.5, 3.5, 0.5]), expected)


def test_a_discovery_may_have_the_rate_itself():
    """Of nine held-out scores the least p-value is a tenth; of two examples it is taken twice."""
    threshold = ConformalThreshold(false_alarms=0.1).fit(np.arange(9.0))
    assert threshold.discoveries(np.array([9.0]), 0.1) and not threshold.discoveries(np.array([9.0]), 0.099)
    np.testing.assert_array_equal(threshold.discoveries(np.array([9.0, 0.0]), 0.2), [True, False])
    assert not threshold.discoveries(np.array([9.0, 0.0]), 0.199).any()


def test_the_best_f1_may_flag_every_row_and_is_right_among_equal_scores():
    scores = np.array([1.0, 2.0, 3.0])
    labels = np.array([True, True, False])
    assert BestF1Threshold().fit(scores, labels).predict(scores).all()
    assert BestF1Threshold().find(scores, ~labels) == 2.5
    rng = np.random.default_rng(0)
    scores, labels = rng.integers(0, 12, 200).astype(float), rng.random(200) < 0.3
    scores += 4 * labels
    threshold = BestF1Threshold()
    bound = threshold.find(scores, labels)
    best = max(f1_score(labels, scores > other) for other in np.arange(-0.5, 17))
    assert f1_score(labels, scores > bound) == pytest.approx(best)
    # Midway between the least flagged score and the one below it.
    assert bound % 1 == 0.5
    # Where nothing is found the curve starts at 0 over 0.
    assert np.isfinite(BestF1Threshold().find(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 0])))
    for wrong in (None, [0, 0, 0], [1, 1, 1]):
        with pytest.raises(ValueError, match="labels of both classes"):
            BestF1Threshold().find(np.array([1.0, 2.0, 3.0]), wrong)


def test_deviations_are_those_of_the_logarithm_where_there_is_one():
    rng = np.random.default_rng(0)
    normal = rng.normal(size=99)
    deviation = scipy.stats.median_abs_deviation(normal) / scipy.stats.norm.ppf(0.75)
    expected = np.median(normal) + 2 * deviation
    threshold = MedianDeviationThreshold(deviations=2)
    assert threshold.find(normal, None) == pytest.approx(expected)
    assert threshold.find(np.exp(normal), None) == pytest.approx(np.exp(expected))
    # 0 has no logarithm.
    raised = normal - normal.min()
    assert threshold.find(raised, None) == pytest.approx(expected - normal.min())
    for wrong in (0, -1, float("nan"), True):
        with pytest.raises(ValueError, match="`deviations` must be positive"):
            MedianDeviationThreshold(deviations=wrong)


def test_the_tail_is_that_of_the_excesses():
    # The quantile where the tail begins is one of the scores, and no excess.
    scores = np.random.default_rng(0).exponential(size=1001)
    begin = np.quantile(scores, 0.8)
    assert begin in scores
    excesses = scores[scores > begin] - begin
    shape, _, scale = scipy.stats.genpareto.fit(excesses, floc=0)
    expected = begin + scipy.stats.genpareto.ppf(1 - 0.01 * 1001 / 200, shape, scale=scale)
    assert ParetoTailThreshold(false_alarms=0.01, tail=0.2).find(scores, None) == pytest.approx(expected)
    # Within what was seen no tail is needed.
    for rate in (0.2, 0.3):
        found = ParetoTailThreshold(false_alarms=rate, tail=0.2).find(scores, None)
        assert found == np.quantile(scores, 1 - rate)
    for wrong in (0, 1, True):
        with pytest.raises(ValueError, match=r"`tail` must be in \(0, 1\)"):
            ParetoTailThreshold(tail=wrong)


def test_a_tail_of_ten_rows_is_enough_and_one_of_nine_is_not():
    scores = np.random.default_rng(0).exponential(size=100)
    assert ParetoTailThreshold(tail=0.1).find(scores, None) > np.quantile(scores, 0.9)
    with pytest.raises(ValueError, match="at least 10 held-out rows, received 9 of 100"):
        ParetoTailThreshold(tail=0.09).find(scores, None)


def test_the_quantile_is_right_on_average():
    """Of `n` uniform scores the `i`-th is exceeded by `1 - i / (n + 1)` of new ones on average."""
    scores = np.arange(1.0, 20) / 20
    for rate in (0.05, 0.1, 0.12, 0.5):
        assert QuantileThreshold(false_alarms=rate).find(scores, None) == pytest.approx(1 - rate)
    assert QuantileThreshold(false_alarms=0.01).find(scores, None) == 0.95


def test_the_greatest_score_is_the_threshold_but_for_rows_that_cannot_be_scored():
    scores = np.array([0.2, 3.0, 1.5, np.finfo("float32").max])
    threshold = GreatestThreshold().fit(scores)
    assert threshold.threshold_ == pytest.approx(3.0, rel=1e-3)
    np.testing.assert_array_equal(threshold.predict(scores), [False, False, False, True])
    assert GreatestThreshold(least=5.0).fit(scores).threshold_ == pytest.approx(5.0, rel=1e-3)
