"""Anomaly scores by identity: against NumPy, scikit-learn, the paper, and themselves in parts."""

import keras
import numpy as np
import pytest
from plane_rows import accounts

from kerasae import registry
from kerasae.scores.whitened import _shrunk

SCORES = registry.names("score")


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


def test_a_score_that_may_be_negative_has_no_tail_of_doublings():
    with pytest.raises(ValueError, match="a score that is never negative, received Likelihood"):
        registry.get("score", {"name": "supported", "score": "likelihood"})


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
