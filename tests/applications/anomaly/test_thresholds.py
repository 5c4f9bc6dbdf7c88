"""Thresholds by what they promise: rates of false alarms, ranges, and flags that agree with p-values."""

import numpy as np
import pytest
from plane_rows import correlated
from scipy import stats

from kerasae import registry
from kerasae.applications import AnomalyDetector
from kerasae.thresholds import (
    ConformalThreshold,
    MedianDeviationThreshold,
    ParetoTailThreshold,
    QuantileThreshold,
)
from kerasae.thresholds._base import clear_of


@pytest.mark.slow
def test_the_conformal_threshold_keeps_its_promise(model, rows):
    """200 repetitions, each with 999 fresh calibration rows and 1,000 fresh normal test rows.

    Given the calibration the count of false alarms is binomial with a Beta(k, n + 1 - k) rate, so over
    all it is beta-binomial. Each count within the interval that 0.9999 of them lie in; their mean
    within four standard errors; their whole distribution by a Kolmogorov-Smirnov test, which a
    threshold that is off by one rank in 20 fails.
    """
    n, m, repetitions = 999, 1000, 200
    detector = AnomalyDetector(model).fit_score(rows)
    fresh = correlated(repetitions * (n + m), 12345).reshape(repetitions, n + m, -1)
    scores = detector.score_samples(fresh.reshape(-1, fresh.shape[-1])).reshape(repetitions, n + m)
    for rate in (0.01, 0.05, 0.1):
        counts = np.array(
            [int(ConformalThreshold(false_alarms=rate).fit(one[:n]).predict(one[n:]).sum()) for one in scores]
        )
        k = round(rate * (n + 1))
        theory = stats.betabinom(m, k, n + 1 - k)
        low, high = theory.interval(0.9999)
        assert low <= counts.min() and counts.max() <= high, (rate, counts.min(), counts.max())
        assert abs(counts.mean() - rate * m) < 4 * theory.std() / np.sqrt(repetitions)
        # A uniform draw inside each step makes the discrete distribution continuous.
        u = np.random.default_rng(1).random(repetitions)
        lower = theory.cdf(counts - 1)
        assert stats.kstest(lower + u * (theory.cdf(counts) - lower), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1, 0.5])
@pytest.mark.parametrize("n", [99, 100, 250])
def test_flags_and_p_values_say_the_same(rate, n):
    rng = np.random.default_rng(0)
    threshold = ConformalThreshold(false_alarms=rate).fit(rng.normal(size=n).round(1))
    scores = rng.normal(size=500).round(1)
    assert np.array_equal(threshold.predict(scores), threshold.p_values(scores) <= rate + 1e-12)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.1])
@pytest.mark.parametrize("n", [100, 201, 999])
def test_no_last_bit_flips_a_flag_of_a_held_out_row(rate, n):
    """With 201 rows and 5 % the quantile is one of the scores."""
    scores = np.random.default_rng(n).exponential(size=n).astype("float32").astype("float64")
    for name in ("conformal", "quantile"):
        threshold = registry.get("threshold", {"name": name, "false_alarms": rate})
        plain = threshold.find(scores, None)
        threshold.fit(scores)
        bound = np.float32(threshold.threshold_)
        assert threshold.threshold_ == bound
        np.testing.assert_array_equal(scores > bound, scores > plain)
        # A thousandth of a thousandth, as float32 sums differ by, changes no flag.
        for factor in (1 - 1e-6, 1 + 1e-6):
            np.testing.assert_array_equal((scores * factor).astype("float32") > bound, scores > plain)
        assert abs(bound / plain - 1) < 2e-4
    # No more new rows are flagged than by the score itself.
    assert (
        ConformalThreshold(false_alarms=rate).fit(scores).threshold_
        > np.sort(scores)[-int(rate * (n + 1) + 1e-9)]
    )


def test_a_threshold_stays_between_its_neighbours():
    # Neighbours in float32 leave no room between them.
    one = np.float32(1.0)
    close = np.array([0.5, one, np.nextafter(one, np.float32(2)), 3.0], "float64")
    assert clear_of(close, 1.0) == 1.0
    assert clear_of(np.array([1.0, np.inf]), np.inf) == np.inf
    assert 2.0 < clear_of(np.array([1.0, 2.0, 2.00001]), 2.0) < 2.00001
    assert clear_of(np.array([-4.0, -3.0, -1.0]), -3.0) == pytest.approx(-2.9997, abs=1e-6)


@pytest.mark.parametrize(("n", "rate"), [(40, 0.05), (200, 0.05), (999, 0.01)])
def test_the_range_of_the_share_that_is_flagged(n, rate):
    """Of 2,000 calibrations 95 % have a share within the range, by the distribution of the scores."""
    scores = np.random.default_rng(0).normal(size=(2000, n))
    shares = [stats.norm.sf(ConformalThreshold(false_alarms=rate).fit(one).threshold_) for one in scores]
    threshold = ConformalThreshold(false_alarms=rate).fit(scores[0])
    low, high = threshold.share_range(0.95)
    k = int(rate * (n + 1) + 1e-9)
    assert (low, high) == pytest.approx(stats.beta.interval(0.95, k, n + 1 - k))
    # A standard error is 0.005.
    assert np.mean([low <= share <= high for share in shares]) == pytest.approx(0.95, abs=0.02)
    assert threshold.count_range(360) == stats.betabinom.interval(0.95, 360, k, n + 1 - k)


@pytest.mark.parametrize(
    ("threshold", "n"),
    [
        (MedianDeviationThreshold(), 200),
        (MedianDeviationThreshold(deviations=2), 60),
        (ParetoTailThreshold(false_alarms=0.01), 300),
        (QuantileThreshold(false_alarms=0.05), 30),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else str(value),
)
def test_the_range_of_a_threshold_between_rows_holds_at_least_what_it_says(threshold, n):
    scores = np.exp(np.random.default_rng(0).normal(size=(300, n)))
    held = []
    for one in scores:
        share = stats.norm.sf(np.log(threshold.fit(one).threshold_))
        low, high = threshold.share_range(0.95)
        held.append(low <= share <= high)
        a = int((one > threshold.threshold_).sum())
        ends = (stats.beta.ppf(0.025, a, n + 1 - a) if a else 0.0, stats.beta.ppf(0.975, a + 1, n - a))
        assert (low, high) == pytest.approx(ends)
        counts = (
            stats.betabinom.ppf(0.025, 1000, a, n + 1 - a) if a else 0,
            stats.betabinom.ppf(0.975, 1000, a + 1, n - a),
        )
        assert threshold.count_range(1000) == counts
    # A standard error is 0.013.
    assert np.mean(held) >= 0.95 - 0.04


def test_above_all_rows_nothing_may_be_flagged_and_below_all_everything():
    scores = np.arange(1.0, 21.0)
    threshold = MedianDeviationThreshold(deviations=9).fit(scores)
    assert threshold.above_ == 0
    assert threshold.share_range() == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))
    assert threshold.count_range(50)[0] == 0
    threshold.above_ = 20
    assert threshold.share_range() == (pytest.approx(0.025 ** (1 / 20)), 1.0)
    assert threshold.count_range(50)[1] == 50


def test_a_row_that_cannot_be_judged_leaves_the_tail_as_it_is():
    scores = np.random.default_rng(0).exponential(size=200)
    highest = float(np.finfo("float32").max)
    # 1 of 201 is more than 0.1 %, so no judged row of the tail is left to flag.
    for rate, unjudged in ((0.02, 1), (0.01, 1), (0.001, 1)):
        alone = ParetoTailThreshold(false_alarms=rate).fit(scores).threshold_
        found = ParetoTailThreshold(false_alarms=rate).fit([*scores, *[highest] * unjudged])
        assert found.above_ >= unjudged
        assert 0.8 * alone < found.threshold_ < 2 * scores.max()


def test_too_few_rows_for_a_rate():
    with pytest.raises(ValueError, match="at least 99 held-out rows, received 98"):
        ConformalThreshold(false_alarms=0.01).fit(np.arange(98.0))
    assert 98 < ConformalThreshold(false_alarms=0.01).fit(np.arange(99.0)).threshold_ < 98.01


def test_discoveries_hold_their_rate():
    """Benjamini-Hochberg over conformal p-values: the share of false ones, on the average."""
    rng = np.random.default_rng(0)
    shares, power = [], []
    for _ in range(200):
        threshold = ConformalThreshold().fit(rng.normal(size=999))
        scores = np.concatenate([rng.normal(size=180), rng.normal(4.0, size=20)])
        found = threshold.discoveries(scores, 0.1)
        shares.append(found[:180].sum() / max(found.sum(), 1))
        power.append(found[180:].mean())
    # The rate times the share of normal rows, 0.09, is what theory gives; four standard errors above.
    assert np.mean(shares) < 0.09 + 4 * np.std(shares) / np.sqrt(200)
    assert np.mean(shares) > 0.05
    assert np.mean(power) > 0.8


def test_thresholds_on_known_distributions():
    scores = np.random.default_rng(0).exponential(size=20_000)
    tail = registry.get("threshold", {"name": "pareto_tail", "false_alarms": 1e-4}).fit(scores)
    # The tail of an exponential is one: its quantile is known, and the fit has 2,000 rows.
    assert abs(tail.threshold_ / -np.log(1e-4) - 1) < 0.15
    quantile = registry.get("threshold", {"name": "quantile", "false_alarms": 0.1}).fit(scores)
    assert (scores > quantile.threshold_).mean() == pytest.approx(0.1, abs=1e-3)
    lognormal = np.exp(np.random.default_rng(1).normal(size=20_000))
    median = registry.get("threshold", {"name": "median_deviation", "deviations": 2.0}).fit(lognormal)
    assert (lognormal > median.threshold_).mean() == pytest.approx(stats.norm.sf(2.0), abs=4e-3)
    spoiled = np.concatenate([lognormal, np.full(4000, 1e6)])
    moved = registry.get("threshold", {"name": "median_deviation", "deviations": 2.0}).fit(spoiled)
    assert median.threshold_ < moved.threshold_ < 3 * median.threshold_


def test_the_best_f1_is_the_best():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(0)
    labels = rng.random(300) < 0.2
    scores = rng.normal(size=300) + 1.5 * labels
    threshold = registry.get("threshold", "best_f1").fit(scores, labels)
    best = max(f1_score(labels, scores > bound) for bound in np.unique(scores))
    assert f1_score(labels, threshold.predict(scores)) == pytest.approx(best)
    with pytest.raises(ValueError, match="labels of both classes"):
        registry.get("threshold", "best_f1").fit(scores)
