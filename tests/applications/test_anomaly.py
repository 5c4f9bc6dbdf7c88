"""The anomaly detector: scores by identity, thresholds by what they promise, files as a user reads them."""

import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from kerasae import PCA, Recipe, registry, train
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly import estimator
from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._labels import same_label
from kerasae.baselines import TablePCA
from kerasae.data import Data, Split, array_spec, has_label
from kerasae.data._data import NO_ROWS
from kerasae.data._labels import tidy_labels
from kerasae.data.tables import from_frame
from kerasae.metrics import reconstruct
from kerasae.runs import run_recipe
from kerasae.scores.whitened import _shrunk
from kerasae.thresholds import (
    ConformalThreshold,
    MedianDeviationThreshold,
    ParetoTailThreshold,
    QuantileThreshold,
)
from kerasae.thresholds._base import clear_of
from kerasae.workflows import apply


def correlated(rows, seed, size=6, rank=2):
    """Normal rows near a plane."""
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(99).normal(size=(rank, size))
    return (rng.normal(size=(rows, rank)) @ mixing + 0.1 * rng.normal(size=(rows, size))).astype("float32")


def rows_data(train, calibration, test, labels=None):
    splits = {"train": Split(train), "validation": NO_ROWS, "calibration": Split(calibration)}
    data = Data("rows", array_spec(train), **splits, test=Split(test, labels))
    return Recipe.of().prepare(data)


@pytest.fixture(scope="module")
def rows():
    return rows_data(correlated(600, 0), correlated(300, 1), correlated(200, 2))


@pytest.fixture(scope="module")
def model(rows):
    recipe = Recipe.of("denoising", latent_dim=2, network={"widths": [16]})
    model = recipe.build(rows)
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(rows.x("train"), epochs=15, verbose=0)
    return model


def accounts(rng, rows=400, size=5):
    mixing = np.eye(size) + 0.2 * rng.normal(size=(size, size))
    residual = (rng.normal(size=(rows, size)) @ mixing).astype("float32")
    return {
        "code": rng.normal(size=(rows, 3)).astype("float32"),
        "residual": residual + 0.5,
        "nll": np.square(residual) - 1,
        "x": rng.normal(size=(rows, size)).astype("float32"),
    }


SCORES = registry.names("score")


# Scores ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCORES)
def test_what_the_features_add_is_the_score(name):
    account = accounts(np.random.default_rng(0))
    score = registry.get("score", name).adapt(lambda: [account])
    given = {key: account[key] for key in score.needs}
    found = np.asarray(score(given))
    np.testing.assert_allclose(np.asarray(score.features(given)).sum(axis=1), found, rtol=2e-4, atol=1e-4)


@pytest.mark.parametrize("name", SCORES)
def test_a_score_in_parts_is_the_score_of_the_whole(name):
    account = accounts(np.random.default_rng(1))
    parts = [{key: value[a:b] for key, value in account.items()} for a, b in ((0, 7), (7, 250), (250, 400))]
    whole, cut = (registry.get("score", name).adapt(lambda p=p: p) for p in ([account], parts))
    given = {key: account[key] for key in whole.needs}
    np.testing.assert_allclose(np.asarray(whole(given)), np.asarray(cut(given)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", SCORES)
def test_a_saved_score_is_the_score(name, tmp_path):
    from kerasae.scores import Detector

    account = accounts(np.random.default_rng(2))
    score = registry.get("score", name).adapt(lambda: [account])
    detector = Detector(score)
    detector.calibrate(np.arange(9.0), 1.5)
    detector.build({key: value.shape for key, value in account.items()})
    detector.save(tmp_path / "d.keras")
    again = keras.saving.load_model(tmp_path / "d.keras")
    assert float(again.threshold) == 1.5
    assert np.array_equal(np.asarray(again(account)), np.asarray(detector(account)))


def test_the_whitened_score_is_the_mahalanobis_distance():
    """Against NumPy's inverse of the covariance; many rows, so that hardly anything is shrunk."""
    account = accounts(np.random.default_rng(3), rows=200_000)
    residual = account["residual"].astype("float64")
    centred = residual - residual.mean(axis=0)
    precision = np.linalg.inv(np.cov(centred.T, bias=True))
    expected = np.einsum("ij,jk,ik->i", centred, precision, centred)
    score = registry.get("score", "whitened").adapt(lambda: [account])
    found = np.asarray(score({"residual": account["residual"]}))
    np.testing.assert_allclose(found, expected, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("factor", [1e-2, 1e2])
def test_the_whitened_score_does_not_know_units(factor):
    account = accounts(np.random.default_rng(4))
    scales = np.array([factor, 1, 1, 1, 1], "float32")
    other = {**account, "residual": account["residual"] * scales}
    found = [
        np.asarray(registry.get("score", "whitened").adapt(lambda a=a: [a])({"residual": a["residual"]}))
        for a in (account, other)
    ]
    np.testing.assert_allclose(*found, rtol=1e-3)


def test_a_feature_without_error_is_no_division_by_zero():
    account = accounts(np.random.default_rng(5))
    account["residual"][:, 2] = 0
    score = registry.get("score", "whitened").adapt(lambda: [account])
    assert np.isfinite(np.asarray(score({"residual": account["residual"]}))).all()


@pytest.mark.parametrize("rows", [1000, 100_000])
def test_a_slip_of_a_feature_without_error_is_not_infinitely_odd(rows):
    account = accounts(np.random.default_rng(5), rows=rows)
    account["residual"][:, 2] = 1e-7 * np.random.default_rng(1).normal(size=rows)
    score = registry.get("score", "whitened").adapt(lambda: [account])
    usual = account["residual"][:1].copy()
    slip = usual.copy()
    slip[:, 2] += 1e-3
    # The floor is a thousandth of the other deviations: the slip is one deviation of it.
    difference = float(np.asarray(score({"residual": slip}) - score({"residual": usual}))[0])
    assert 0.3 < difference < 3


def test_the_shrinkage_is_that_of_the_paper():
    """For two features of correlation r equation 23 is `2 / (n r^2)`, but for terms of 1 / n^2."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    found = _shrunk(np.corrcoef(x.T), 50)
    r = np.corrcoef(x.T)[0, 1]
    share = 1 - found[0, 1] / r
    assert share == pytest.approx(2 / (50 * r**2), rel=1e-6)
    np.testing.assert_allclose(np.diag(found), 1)


@pytest.mark.parametrize("neighbours", [1, 5])
def test_a_combination_of_neighbours_does_not_count_a_row_as_its_own(neighbours):
    """1 is the mean of others like the training rows, not of rows that find themselves."""
    rng = np.random.default_rng(9)
    train, test = (accounts(rng, rows=1500) for _ in range(2))
    test["residual"] = train["residual"][rng.permutation(1500)]
    nearest = {"name": "nearest_neighbours", "neighbours": neighbours}
    score = registry.get("score", {"name": "combination", "scores": ["squared_error", nearest]})
    score.adapt(lambda: [train])
    logarithms = np.log(np.asarray(score({key: test[key] for key in score.needs})))
    assert abs(logarithms.mean()) < 0.1


def test_a_combination_of_what_is_no_score():
    for scores in ([1, 2], "whitened", ["whitened"]):
        with pytest.raises((TypeError, ValueError), match=r"scores` must be"):
            registry.get("score", {"name": "combination", "scores": scores})


def test_above_a_thousand_features_the_covariance_is_diagonal():
    rng = np.random.default_rng(6)
    residual = rng.normal(size=(50, 1100)).astype("float32")
    score = registry.get("score", "whitened").adapt(lambda: [{"residual": residual}])
    expected = np.square((residual - residual.mean(0)) / residual.std(0)).sum(1)
    np.testing.assert_allclose(np.asarray(score({"residual": residual})), expected, rtol=1e-3)


def test_nearest_neighbours_are_those_of_scikit_learn():
    from sklearn.neighbors import NearestNeighbors

    account = accounts(np.random.default_rng(7))
    score = registry.get("score", {"name": "nearest_neighbours", "neighbours": 4}).adapt(lambda: [account])
    query = np.random.default_rng(8).normal(size=(30, 3)).astype("float32")
    expected = NearestNeighbors(n_neighbors=4).fit(account["code"]).kneighbors(query)[0].mean(axis=1)
    found = np.asarray(score({"code": query, "residual": account["residual"][:30]}))
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize("rows", [99, 100, 110, 400])
def test_a_training_row_is_not_its_own_neighbour_however_many_are_kept(rows):
    """Of 100 kept rows each of the others has as many to be near to as a kept row has, but for itself."""
    code = np.random.default_rng(0).normal(loc=30, size=(rows, 3)).astype("float32")
    account = {"code": code, "residual": code}
    score = registry.get("score", {"name": "nearest_neighbours", "neighbours": 2, "most": 100})
    score.adapt(lambda: [account])
    kept = np.asarray(score.codes)
    expected = []
    for row in code:
        distances = np.sort(np.linalg.norm(kept.astype("float64") - row, axis=1))
        expected.append(distances[1:3].mean() if distances[0] == 0 else distances[:2].mean())
    found = np.asarray(score.on_training_rows(account))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found.min() > 0


@pytest.mark.parametrize("center", [30.0, -3000.0])
def test_neighbours_of_codes_far_from_zero(center):
    """Two clusters far from each other, each with a spread of a hundredth: no shift centres both."""
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(0)
    around = np.where(rng.random((700, 1)) < 0.5, center, -center)
    codes = (around + 0.01 * rng.normal(size=(700, 4))).astype("float32")
    residual = np.ones((700, 2), "float32")
    score = registry.get("score", "nearest_neighbours")
    score.adapt(lambda: [{"code": codes[:500], "residual": residual[:500]}])
    found = np.asarray(score({"code": codes[500:], "residual": residual[500:]}))
    neighbours = NearestNeighbors(n_neighbors=5, algorithm="brute").fit(codes[:500].astype("float64"))
    # From differences: scikit-learn's brute force is the same expansion.
    index = neighbours.kneighbors(codes[500:].astype("float64"))[1]
    apart = codes[500:, None].astype("float64") - codes[index]
    expected = np.sqrt(np.square(apart).sum(axis=2)).mean(axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_combination_refuses_what_has_no_logarithm():
    with pytest.raises(ValueError, match="never negative, received LikelihoodScore"):
        registry.get("score", {"name": "combination", "scores": ["whitened", "likelihood"]})


def test_the_least_deviation_counts_as_that():
    account = accounts(np.random.default_rng(10), rows=5000)
    account["residual"][:, 1] *= 1e-2
    least = np.array([0.0, 0.25, 0.0, 0.0, 0.0])
    score = registry.get("score", "whitened").adapt(lambda: [account], least)
    other = account["residual"][:1].copy()
    slip = other.copy()
    slip[:, 1] += 0.25 - (slip[:, 1] - account["residual"][:, 1].mean())
    found = np.asarray(score.features({"residual": np.concatenate([slip, other])}))
    # A deviation of one, to what the other features say of this one.
    assert 0.5 < found[0, 1] < 2
    assert found[1, 1] < 0.1


# Residuals ---------------------------------------------------------------------------------------


def test_a_model_and_any_codec_say_the_same_residual(rows, model):
    """A model's own account against the one worked out from its verbs alone."""

    class Verbs:
        preprocessor = model.preprocessor
        latent_dim = model.latent_dim
        transform, inverse_transform, decode = model.transform, model.inverse_transform, model.decode

    raw = rows.test.examples
    own, other = (account_of(codec, rows.spec, raw) for codec in (model, Verbs()))
    np.testing.assert_allclose(own["residual"], other["residual"], atol=1e-5)
    np.testing.assert_allclose(own["residual"], rows.to_x(raw) - reconstruct(model, raw), atol=1e-5)
    np.testing.assert_allclose(own["nll"], np.square(own["residual"]), rtol=1e-4, atol=1e-6)


def test_residuals_of_a_table_are_of_its_deviance():
    """Half the sum of squares of categories and booleans is their likelihood; a usual gap is 0."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": np.where(rng.random(300) < 0.2, np.nan, rng.normal(size=300)),
            "b": rng.random(300) < 0.3,
            "c": rng.choice(["u", "v", "w"], 300),
        }
    )
    from kerasae.data.tables import from_frame

    recipe = Recipe.of(latent_dim=2)
    data = recipe.prepare(from_frame(frame))
    model = recipe.build(data)
    found = model.accounts(frame)
    missing = frame["a"].isna().to_numpy()
    assert not found["residual"][missing, 0].any()
    assert found["residual"][~missing, 0].all()
    np.testing.assert_allclose(
        0.5 * np.square(found["residual"][:, 1:]), found["nll"][:, 1:], rtol=1e-3, atol=1e-5
    )
    baseline = TablePCA(1, indicators=True).fit(data)
    gone = frame.assign(c=None)
    # Which no training row has.
    gap = data.spec.features[2].gap
    np.testing.assert_allclose(
        account_of(baseline, data.spec, gone)["residual"][:, 2], np.sqrt(2 * gap), rtol=1e-5
    )
    assert account_of(baseline, data.spec, frame)["residual"][:, 2].any()
    told = np.sign(found["residual"][:, 1])
    assert np.array_equal(told, np.where(frame["b"], 1, -1))


# Thresholds --------------------------------------------------------------------------------------


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
        fewest, most = threshold.count_range(1000)
        assert 0 <= fewest <= 1000 * share <= most or not held[-1]
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


# The detector ------------------------------------------------------------------------------------


def test_rows_off_the_plane_are_found_and_the_feature_named(model, rows):
    odd = correlated(50, 3)
    odd[:, 4] += 3.0
    detector = AnomalyDetector(model).fit(rows)
    assert detector.predict(odd).mean() > 0.9
    assert (detector.explain(odd).argmax(axis=1) == 4).mean() > 0.7
    assert np.array_equal(
        detector.predict(odd), (detector.score_samples(odd) > detector.threshold_).astype(int)
    )
    assert detector.p_values(odd).max() <= 1
    assert detector.p_values(odd).min() == pytest.approx(1 / 301)


def test_pca_is_a_baseline(rows):
    detector = AnomalyDetector(PCA(2).fit(rows), score="squared_error").fit(rows)
    broken = np.array(rows.test.examples[:5])
    broken[2, 1] = np.nan
    assert list(detector.predict(broken)) == [False, False, True, False, False]
    assert np.isfinite(detector.score_samples(broken)).all()
    odd = correlated(50, 3)
    odd[:, 4] += 3.0
    assert detector.predict(odd).mean() > 0.9
    settings = {"score": "likelihood", "most_reasons": 2}
    assert AnomalyDetector.for_baseline(settings, PCA(2).fit(rows)) == {**settings, "score": "whitened"}
    with pytest.raises(ValueError, match="needs a model with a likelihood"):
        AnomalyDetector(PCA(2).fit(rows), score="likelihood").fit(rows)


def test_only_normal_rows_are_fitted_on(model):
    normal, odd = correlated(300, 0), correlated(300, 1) * 5
    labels = np.repeat(["good", "bad"], 300)
    data = rows_data(normal, correlated(100, 3), correlated(10, 4))
    clean = AnomalyDetector(model).fit(data)
    both = Split(np.concatenate([normal, odd]), labels)
    held = Split(np.concatenate([data.calibration.examples, odd[:50]]), np.repeat(["good", "bad"], [100, 50]))
    mixed = dataclasses.replace(data, train=both, calibration=held)
    assert AnomalyDetector(model, normal="good").fit(mixed).threshold_ == pytest.approx(
        clean.threshold_, rel=1e-5
    )
    assert AnomalyDetector(model).fit(mixed).threshold_ != pytest.approx(clean.threshold_, rel=1e-2)
    with pytest.raises(ValueError, match="Expected rows with the label 'fine' in the train split"):
        AnomalyDetector(model, normal="fine").fit(mixed)
    with pytest.raises(ValueError, match="the rows have none"):
        AnomalyDetector(model, normal="good").fit(data)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (np.array(["true", "false"]), True),
        (np.array(["True", "False"]), "true"),
        (np.array([True, False]), "true"),
        (np.array([1, 0]), True),
        (np.array([0.5, 1.5]), 0.5),
        (np.array([1.0, 2.0]), "1"),
        (np.array(["a", "A"]), "a"),
        (np.array(["3", "30"]), 3),
        (np.array(["0", ""]), 0),
        (np.array(["0", "1"]), 0.0),
    ],
)
def test_a_label_as_a_user_writes_it(labels, wanted):
    assert [*same_label(labels, wanted)] == [True, False]


def test_a_score_that_is_no_number_is_odd(model, rows):
    detector = AnomalyDetector(model).fit(rows)
    wild = np.full((1, 6), np.float32(3e38))
    with np.errstate(over="ignore", invalid="ignore"):
        assert detector.predict(wild)[0] == 1
        assert detector.p_values(wild)[0] == pytest.approx(1 / 301)


def test_arguments_that_mean_nothing_are_refused(model, rows):
    with pytest.raises(ValueError, match="`false_alarms` has no meaning for the threshold 'best_f1'"):
        AnomalyDetector(model, threshold="best_f1", false_alarms=0.1).fit(rows)
    with pytest.raises(ValueError, match="Unknown score 'whitend'; did you mean 'whitened'"):
        AnomalyDetector(model, score="whitend").fit(rows)


# The command -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table_run(tmp_path_factory):
    """A run on a CSV with names, categories, gaps and labels, and a file of new rows without labels."""
    folder = tmp_path_factory.mktemp("table")
    rng = np.random.default_rng(0)
    base = correlated(600, 0, size=3)
    frame = pd.DataFrame(base, columns=["a", "b", "c"])
    frame["kind"] = np.where(base[:, 0] > 0, "hot", "cold")
    frame.loc[rng.random(600) < 0.1, "b"] = np.nan
    frame.insert(0, "customer", [f"k{number}" for number in range(600)])
    frame["odd"] = 0
    frame.loc[::25, "odd"] = 1
    frame.loc[::25, "c"] += 6.0
    frame.to_csv(folder / "rows.csv", index=False)
    new = frame.drop(columns="odd").iloc[:12]
    new.to_csv(folder / "new.csv", index=False)
    recipe = Recipe.of(
        "denoising",
        source=str(folder / "rows.csv"),
        latent_dim=2,
        data={"labels": "odd", "id": "customer"},
        train={"epochs": 20},
    )
    return run_recipe(recipe, folder / "run"), folder


def test_what_a_user_takes_away(table_run, tmp_path):
    run, folder = table_run
    outcome = apply("anomaly", run, tmp_path / "found", source=str(folder / "new.csv"))
    assert any("have the rarer label" in sentence for sentence in outcome.to_dict()["sentences"])
    scores = pd.read_csv(tmp_path / "found" / "scores.csv")
    assert {*scores["row"]} == {f"k{number}" for number in range(12)}
    assert set(scores["reason_1"]) <= {"a", "b", "c", "kind"}
    # The oddest first, in both files.
    assert scores["score"].is_monotonic_decreasing
    assert [*scores.loc[0, ["row", "reason_1"]]] == ["k0", "c"]
    contributions = pd.read_csv(tmp_path / "found" / "contributions.csv", index_col="row")
    assert [*contributions.index] == [*scores["row"]]
    np.testing.assert_allclose(contributions.sum(axis=1), scores["score"], rtol=1e-3)
    assert outcome.rows == 12
    assert {*outcome.findings} == {"denoising", "pca", "pca-onehot"}
    assert (run.folder / "sections" / "anomaly.html").is_file()
    detector = keras.saving.load_model(run.detector_path)
    flags = np.asarray(detector(run.model.accounts(run.data.test.examples))) > float(detector.threshold)
    for name in ("combination", "likelihood"):
        apply("anomaly", run, tmp_path / name, score=name, refit=True)
        told = pd.read_csv(tmp_path / name / "scores.csv")
        shares = told[["share_1", "share_2", "share_3"]].to_numpy()
        assert (shares >= 0).all() and (shares.sum(axis=1) <= 1.001).all()
        assert shares[:, 0].max() > 0.3
    whole = apply("anomaly", run, tmp_path / "whole", baselines=False, refit=True)
    assert whole.findings["denoising"].figures["flagged"] == flags.sum()
    assert whole.findings["denoising"].figures["auroc"] > 0.9


def test_which_rows_these_are_is_said(table_run, tmp_path, monkeypatch):
    run, folder = table_run

    def said(name, source=None):
        outcome = apply("anomaly", run, tmp_path / name, source=source, baselines=False, refit=True)
        return outcome.sentences[0]

    good, words = said("test")
    assert good and "the 120 rows of the test split, of 600 rows of rows" in words
    for name, source in (("same", folder / "rows.csv"), ("copy", tmp_path / "copy.csv")):
        source.write_bytes((folder / "rows.csv").read_bytes())
        good, words = said(name, str(source))
        assert not good and "it has seen 384 of these 600 rows" in words
        assert "nothing that is promised of new rows holds" in words
    # The first rows of a file that has grown are those of the training.
    lines = (folder / "rows.csv").read_text().splitlines(keepends=True)
    (tmp_path / "grown.csv").write_text("".join([*lines, *lines[1:21]]))
    good, words = said("grown", str(tmp_path / "grown.csv"))
    assert not good and "begins with what the model was trained on: it has seen 384 of these 620" in words
    good, words = said("new", str(folder / "new.csv"))
    assert good and "rows are flagged" in words


def test_a_folder_that_exists_is_kept(table_run, tmp_path):
    (tmp_path / "keep").mkdir()
    with pytest.raises(FileExistsError, match="kept as it is"):
        apply("anomaly", table_run[0], tmp_path / "keep")


def test_a_failure_leaves_nothing(table_run, tmp_path):
    run, folder = table_run
    pd.DataFrame({"x": [1.0]}).to_csv(folder / "other.csv", index=False)
    with pytest.raises(ValueError, match="No column 'a'"):
        apply("anomaly", run, tmp_path / "none", source=str(folder / "other.csv"))
    with pytest.raises(ValueError, match=r"Unknown parameter `anomaly.scroe`; did you mean 'score'"):
        apply("anomaly", run, tmp_path / "none", scroe="whitened")
    with pytest.raises(ValueError, match="at least 999"):
        apply("anomaly", run, tmp_path / "none", false_alarms=0.001, refit=True)
    assert not [*tmp_path.iterdir()]


# Labels that are missing -------------------------------------------------------------------------


@pytest.mark.parametrize("normal", [0, None])
def test_rows_without_a_label_are_left_out_of_figures(tmp_path, normal):
    """Half of the labels are gone: they made 0 the text "0.0" and counted as anomalies."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(correlated(600, 0, size=4).astype("float64"), columns=list("abcd"))
    odd = rng.random(600) < 0.15
    frame.loc[odd] += 5 * rng.normal(size=(odd.sum(), 4))
    frame["odd"] = odd.astype(int)
    frame.loc[rng.random(600) < 0.5, "odd"] = np.nan
    frame.to_csv(tmp_path / "rows.csv", index=False)
    recipe = Recipe.of("undercomplete", source=str(tmp_path / "rows.csv"), latent_dim=2)
    data = dataclasses.replace(recipe, data={**recipe.data, "labels": "odd"}).load()
    assert set(data.test.labels) == {"0", "1", ""}
    codec = TablePCA(2, indicators=True).fit(data)
    detector = AnomalyDetector(codec, normal=normal, threshold="quantile").fit(data)
    finding = detector.report(data, tmp_path)
    known = data.test.labels != ""
    scores = detector.score_samples(data.test.examples)
    expected = roc_auc_score(data.test.labels[known] == "1", scores[known])
    assert finding.figures["auroc"] == pytest.approx(expected)
    assert expected > 0.8
    told = [text for _, text in finding.sentences]
    assert any(f"{(~known).sum()} of {len(known)} rows have no label" in text for text in told)
    if normal is not None:
        seen = sum(len(part["code"]) for part in detector._accounts(data, "train"))
        assert seen == (data.train.labels == "0").sum()


def test_labels_keep_their_writing():
    gaps = tidy_labels(np.array([0.0, 1.0, np.nan]))
    assert [*gaps] == ["0", "1", ""]
    assert [*has_label(gaps)] == [True, True, False]
    assert tidy_labels(np.array(["0", "1", "1"])).dtype == "int64"
    quantities = tidy_labels(np.array([0.5, np.nan]))
    assert quantities.dtype == "float64" and [*has_label(quantities)] == [True, False]
    assert [*tidy_labels(np.array(["a", None, " ", 7], dtype=object))] == ["a", "", "", "7"]


# One gross error among many rows -----------------------------------------------------------------


def _whitened(residual, **more):
    parts = [{key: value[a:b] for key, value in {"residual": residual, **more}.items()} for a, b in _CUTS]
    return registry.get("score", "whitened").adapt(lambda: iter(parts))


_CUTS = ((0, 700), (700, 4000))


@pytest.mark.parametrize("gaps", [False, True])
def test_one_gross_error_does_not_hide_another(gaps):
    """Rank 3,902 for MonthlyCharges of -20 beside a row with 4,620: 25 deviations were one."""
    rng = np.random.default_rng(0)
    residual = (rng.normal(size=(4000, 5)) @ (np.eye(5) + 0.2 * rng.normal(size=(5, 5)))).astype("float32")
    more = {}
    if gaps:
        more["missing"] = (rng.random(residual.shape) < 0.1).astype("float32")
        more["missing"][:2] = 0
        residual *= 1 - more["missing"]
    clean = _whitened(residual, **more)
    spoiled = residual.copy()
    spoiled[0, 2], spoiled[1, 2] = 1500.0, 12.0
    found = np.asarray(_whitened(spoiled, **more)({"residual": spoiled, **more}))
    assert set(np.argsort(-found)[:2]) == {0, 1}
    # The moments of the others are what they are without it.
    usual = np.asarray(clean({"residual": residual, **more}))
    np.testing.assert_allclose(found[2:], usual[2:], rtol=0.05, atol=0.05)


def test_usual_residuals_have_their_usual_moments():
    """To the last bit: of normal ones, of those with long tails, and of rare ones that are not few."""
    rng = np.random.default_rng(1)
    residual = np.stack(
        [
            rng.normal(size=4000),
            rng.standard_t(3, size=4000),
            rng.lognormal(size=4000),
            np.where(rng.random(4000) < 0.005, 5.0, 0.01 * rng.normal(size=4000)),
        ],
        axis=1,
    ).astype("float32")
    score = _whitened(residual)
    np.testing.assert_allclose(score.inverse, 1 / residual.astype("float64").std(axis=0), rtol=1e-5)
    np.testing.assert_allclose(score.mean, residual.astype("float64").mean(axis=0), rtol=1e-4, atol=1e-6)


# Gaps that training never saw -----------------------------------------------------------------------


def _measurements(count, seed):
    """Eight numbers, a category and a boolean that follow three hidden numbers closely."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(count, 3))
    numbers = np.tanh(hidden @ np.random.default_rng(9).normal(size=(3, 8)))
    frame = pd.DataFrame(np.round(numbers + 0.05 * rng.normal(size=(count, 8)), 3), columns=list("abcdefgh"))
    frame["color"] = np.select([hidden[:, 0] > 1, hidden[:, 0] > -1], ["red", "green"], "blue")
    frame["on"] = hidden[:, 1] > 0
    return frame


@pytest.mark.slow
@pytest.mark.parametrize("family", registry.names("model"))
def test_a_gap_that_training_never_had_is_odd_and_named_first(family):
    """Without masking in training. A mark with random weights made the other columns look odd."""
    data = from_frame(_measurements(1000, 0))
    recipe = Recipe.of(family, latent_dim=6, train={"epochs": 25})
    data = data.with_preprocessor(registry.resolve("preprocessing", "table")(data.spec))
    model = recipe.build(data)
    train(model, data, **recipe.train)
    detector = AnomalyDetector(model).fit(data)
    where = np.arange(400) % 10
    gaps = _measurements(400, 1).astype(object).mask(where[:, None] == np.arange(10))
    parts = detector.explain(gaps)
    assert detector.predict(gaps).mean() > 0.95
    assert (parts.argmax(axis=1) == where).mean() >= 0.95
    marking = keras.models.clone_model(model)
    marking.set_weights(model.get_weights())
    next(layer for layer in marking.encoder.layers if hasattr(layer, "mark_all")).mark_all()
    others = where[:, None] != np.arange(10)
    residuals = [np.square(one.accounts(gaps)["residual"])[others].mean() for one in (model, marking)]
    assert residuals[0] < residuals[1]


def test_a_row_that_cannot_be_judged_is_named_by_its_entries(model, tmp_path):
    examples = correlated(30, 9)
    examples[4, 2], examples[7, [0, 5]] = np.nan, np.inf
    data = dataclasses.replace(rows_data(correlated(300, 0), correlated(100, 3), correlated(10, 4)))
    data = dataclasses.replace(data, test=Split(examples))
    finding = AnomalyDetector(model).fit(data).report(data, tmp_path)
    rows = pd.read_csv(tmp_path / "scores.csv", index_col="row")
    assert rows.index[:2].tolist() == [4, 7] and rows["anomalous"].iloc[:2].tolist() == [1, 1]
    assert (rows.loc[4, "reason_1"], rows.loc[4, "share_1"], rows.loc[4, "share_2"]) == ("feature 2", 1, 0)
    assert {rows.loc[7, "reason_1"], rows.loc[7, "reason_2"]} == {"feature 0", "feature 5"}
    assert rows.loc[7, "share_1"] == rows.loc[7, "share_2"] == 0.5
    [listing] = finding.listings
    assert listing.rows[0][2] == "cannot be judged" and "nan" not in listing.rows[0][7]
    [picture] = finding.pictures
    assert "Without 2 that cannot be judged" in picture.caption
    _, right = picture.figure.axes[0].get_xlim()
    assert right < 100 * rows["score"].iloc[2:].max()


def test_a_score_is_the_same_whether_training_rows_are_explained_once_or_at_each_pass(
    model, rows, monkeypatch
):
    asked = []

    def counted(*arguments):
        asked.append(1)
        return account_of(*arguments)

    monkeypatch.setattr(estimator, "account_of", counted)
    once = AnomalyDetector(model).fit_score(rows).score_samples(rows.test.examples)
    few = len(asked)
    monkeypatch.setattr(estimator, "_KEPT", 0)
    each = AnomalyDetector(model).fit_score(rows).score_samples(rows.test.examples)
    np.testing.assert_array_equal(once, each)
    assert len(asked) - few > few
