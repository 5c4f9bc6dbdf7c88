"""Anomaly scores: each against its definition, worked out by NumPy, with gaps and without."""

import keras
import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from kerasae import registry
from kerasae.losses import HIGHEST, usual_parts
from kerasae.scores import CombinationScore, Detector, NearestNeighboursScore, Score
from kerasae.scores._few_rows import FewRows, within
from kerasae.scores._residual import ResidualScore
from kerasae.scores.whitened import _moments, _moments_with_gaps, _shrunk


def with_gaps(rows, size=4, seed=0, share=0.2):
    """An account of a table: correlated residuals, some of them missing."""
    rng = np.random.default_rng(seed)
    residual = (rng.normal(size=(rows, size)) @ rng.normal(size=(size, size))).astype("float32")
    missing = (rng.random((rows, size)) < share * np.arange(size) / size).astype("float32")
    return {
        "code": rng.normal(size=(rows, 2)).astype("float32"),
        "residual": np.where(missing > 0, 1.5, residual).astype("float32"),
        "nll": np.square(residual),
        "x": np.where(missing > 0, 0.0, residual).astype("float32"),
        "missing": missing,
    }


def adapted(name, account):
    return registry.get("score", name).adapt(lambda: [account])


# The base --------------------------------------------------------------------------------------------


def test_a_score_takes_what_it_needs_and_the_gaps():
    account = with_gaps(3)
    score = registry.get("score", "squared_error")
    assert set(score.taken(account)) == {"residual", "missing"}
    assert set(score.taken({"residual": account["residual"], "code": 0})) == {"residual"}
    assert set(registry.get("score", "likelihood").taken(account)) == {"nll", "missing"}
    assert [name for name in registry.names("score") if not registry.resolve("score", name).positive] == [
        "likelihood"
    ]
    outside = [name for name in registry.names("score") if not registry.get("score", name).in_graph]
    assert outside == ["combination", "nearest_neighbours"]
    for base, method in ((Score, "features"), (ResidualScore, "present")):
        with pytest.raises(NotImplementedError, match=f"must write `{method}`"):
            base().features({})


@pytest.mark.parametrize("name", registry.names("score"))
@pytest.mark.parametrize("gaps", [False, True])
def test_no_training_moves_a_score(name, gaps):
    account = with_gaps(50)
    if not gaps:
        del account["missing"]
    score = adapted(name, account)
    assert not score.trainable_weights and len(score.weights) >= (name != "likelihood") * gaps


# What decides ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", registry.names("score"))
def test_a_score_is_computed_in_float32_whatever_the_policy(name):
    account = with_gaps(60)
    expected = np.array(adapted(name, account)(account))
    keras.config.set_dtype_policy("mixed_float16")
    np.testing.assert_array_equal(adapted(name, account)(account), expected)


def test_a_row_that_cannot_be_judged_has_the_highest_score():
    account = with_gaps(60)
    detector = Detector(adapted("squared_error", account))
    detector.calibrate(np.arange(99.0), 1.5, false_alarms=0.1)
    few = {key: value[:5].copy() for key, value in account.items()}
    few["missing"][:] = 0
    few["residual"][1, 2], few["residual"][2, 0] = np.nan, -np.inf
    few["missing"][3], few["missing"][4, :3] = 1, 1
    found = np.array(detector(few))
    unjudged = np.array([False, True, True, True, False])
    np.testing.assert_array_equal(found == np.float32(HIGHEST), unjudged)
    expected = np.array(detector.score(few))[~unjudged]
    np.testing.assert_allclose(found[~unjudged], expected)
    np.testing.assert_allclose(np.array(detector.features(few))[~unjudged].sum(axis=1), expected, rtol=1e-5)
    # At the threshold itself a row is normal.
    flags = detector.anomalous(np.array([1.4, 1.5, 1.6, np.nan, np.inf], "float32"))
    np.testing.assert_array_equal(flags, [False, False, True, True, True])
    assert Detector.from_config(detector.get_config()).false_alarms == 0.1


# Gaps ------------------------------------------------------------------------------------------------


def test_a_gap_adds_what_is_usual_and_its_evidence_in_units_of_the_score():
    account = with_gaps(3000)
    score = adapted("squared_error", account)
    parts, missing = np.square(account["residual"]), account["missing"] > 0
    usual = usual_parts(parts, missing)
    np.testing.assert_allclose(score.expected, usual, rtol=1e-5)
    q90, q95 = np.quantile(np.where(missing, usual, parts).sum(axis=1), [0.9, 0.95])
    # A score with an exponential tail rises by its mean where its chance falls by a factor e.
    assert float(score.per_nat) == pytest.approx((q95 - q90) / np.log(2), rel=1e-5)
    evidence = np.square(account["residual"]) / 2 * (q95 - q90) / np.log(2)
    expected = np.where(missing, usual + evidence, parts)
    np.testing.assert_allclose(score.features(account), expected, rtol=1e-4, atol=1e-5)
    # Without word of gaps all entries are there.
    np.testing.assert_allclose(score.features({"residual": account["residual"]}), parts, rtol=1e-5)


@pytest.mark.parametrize(("rows", "step"), [(20_000, 1), (20_001, 2), (40_001, 3)])
def test_what_is_usual_is_learned_from_20000_rows_at_most(rows, step):
    account = with_gaps(rows, size=2)
    parts, missing = np.square(account["residual"][::step]), account["missing"][::step] > 0
    np.testing.assert_allclose(
        adapted("squared_error", account).expected, usual_parts(parts, missing), rtol=1e-4
    )


def test_what_is_usual_follows_from_medians():
    rng = np.random.default_rng(0)
    parts = rng.gamma(1.0, size=(301, 3))
    sums = parts.sum(axis=1)
    nowhere = np.zeros_like(parts, bool)
    expected = [np.median(sums) - np.median(sums - parts[:, j]) for j in range(3)]
    np.testing.assert_allclose(usual_parts(parts, nowhere), expected)
    # A feature that no row has adds nothing, and one that lowers the sum adds no less.
    gone = nowhere.copy()
    gone[:, 1] = True
    assert usual_parts(parts, gone)[1] == 0
    assert usual_parts(np.column_stack([parts[:, 0], np.full(301, -5.0)]), nowhere[:, :2])[1] == 0
    # From 100 gaps on the rows that have one tell what it must add; 99 are too few.
    for count in (99, 100):
        gone = nowhere.copy()
        gone[:count, 2] = True
        there = parts[:, :2].sum(axis=1)
        rows = gone[:, 2] if count == 100 else ~gone[:, 2]
        expected = np.median(sums[~gone[:, 2]]) - np.median(there[rows])
        assert usual_parts(parts, gone)[2] == pytest.approx(max(expected, 0))


def test_features_that_many_rows_lack_agree_on_what_their_gaps_add():
    """What one gap adds depends on what the others add: both are found together, or the medians differ."""
    rng = np.random.default_rng(0)
    parts = rng.lognormal(sigma=1.5, size=(20_000, 2))
    missing = rng.random(parts.shape) < 0.5
    found = usual_parts(parts, missing)
    sums = np.where(missing, found, parts).sum(axis=1)
    for gone in missing.T:
        # Each round leaves four tenths of the disagreement; a median of so many is good to 0.02.
        assert np.median(sums[gone]) == pytest.approx(np.median(sums[~gone]), rel=0.08)
    # In another unit it is the same amount.
    np.testing.assert_allclose(usual_parts(1e-3 * parts, missing), 1e-3 * found)


def test_moments_with_gaps_are_those_of_the_entries_that_are_there():
    account = with_gaps(500)
    cut = [{key: value[part] for key, value in account.items()} for part in (slice(7), slice(7, None))]
    there = np.ma.masked_array(account["residual"].astype("float64"), account["missing"] > 0)
    centred = (there - there.mean(axis=0)).filled(0)
    for full, squares in ((True, centred.T @ centred), (False, np.square(centred).sum(axis=0))):
        counts, mean, scatter = _moments_with_gaps(lambda: cut, full)
        np.testing.assert_array_equal(counts, there.count(axis=0))
        np.testing.assert_allclose(mean, there.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(scatter, squares, rtol=1e-5, atol=1e-3)
    # A feature that no row has.
    account["missing"][:, 0] = 1
    counts, mean, scatter = _moments_with_gaps(lambda: [account], False)
    assert counts[0] == mean[0] == scatter[0] == 0


# A few gross errors ----------------------------------------------------------------------------------


def dominating(values):
    """The bounds of one feature by its definition: `None` where no few rows have half of the squares."""
    few = min(max(1, round(len(values) / 1000)), 100)
    off = np.abs(values - values.mean())
    order = np.argsort(-off)
    if len(values) < 2 * few + 2 or np.square(off[order[:few]]).sum() <= np.square(off).sum() / 2:
        return None
    others = values[order[few:]]
    reach = np.abs(others - others.mean()).max()
    return others.mean() - reach, others.mean() + reach


@pytest.mark.parametrize("rows", [3, 4, 50, 1499, 3600, 120_000])
@pytest.mark.parametrize("gross", [0.0, 1.0, -1.0])
def test_few_rows_are_those_with_more_than_half_of_the_squares(rows, gross):
    rng = np.random.default_rng(rows)
    values = rng.normal(loc=[1000.0, 0.0], size=(rows, 2))
    # The second feature has some rows too many for a few.
    values[: max(1, round(rows / 1000)), 0] += 500 * gross
    values[: rows // 10 + 2, 1] += 50 * gross
    missing = np.zeros((rows, 2), "float32")
    parts = [{"residual": values[i::3], "missing": missing[i::3]} for i in range(3)]
    few = FewRows()
    assert sum(len(part["residual"]) for part in few.watching(lambda: parts)) == rows
    squares = np.square(values - values.mean(axis=0)).sum(axis=0)
    found = few.bounds(np.full(2, rows), values.mean(axis=0), squares)
    expected = [dominating(values[:, 0]), dominating(values[:, 1])]
    if expected == [None, None]:
        assert found is None
        return
    assert found is not None
    for number, ends in enumerate(expected):
        ends = (-np.inf, np.inf) if ends is None else ends
        np.testing.assert_allclose([found[0][number], found[1][number]], ends, rtol=1e-6)
    clipped = next(iter(within(lambda: [{"residual": values, "code": 7}], found)()))
    np.testing.assert_array_equal(clipped["residual"], np.clip(values, *found))
    assert clipped["code"] == 7


def test_a_missing_entry_is_no_gross_error():
    values = np.random.default_rng(0).normal(size=(200, 1))
    values[0], values[1] = 1e6, -1e6
    missing = np.zeros((200, 1))
    missing[:2] = 1
    few = FewRows()
    list(few.watching(lambda: [{"residual": values, "missing": missing}]))
    there = values[2:]
    squares = np.square(there - there.mean()).sum(axis=0)
    assert few.bounds(np.array([198]), there.mean(axis=0), squares) is None


# Whitened --------------------------------------------------------------------------------------------


def test_up_to_1024_features_have_a_whole_covariance():
    for size in (1024, 1025):
        score = registry.get("score", "whitened")
        score.build({"residual": (None, size)})
        assert (score.root is None) == (size == 1025)


@pytest.mark.parametrize("least", [None, 1e-6, 0.5])
def test_a_deviation_is_a_thousandth_of_the_usual_one_at_least(least):
    rng = np.random.default_rng(0)
    residual = rng.normal(size=(400, 3)).astype("float32") * np.array([1, 2, 1e-7], "float32")
    deviations = residual.astype("float64").std(axis=0)
    floor = 1e-3 * np.sqrt(np.mean(deviations**2))
    score = registry.get("score", "whitened")
    score.adapt(lambda: [{"residual": residual}], None if least is None else np.full(3, least))
    expected = np.maximum(deviations, floor if least is None else max(floor, least))
    np.testing.assert_allclose(1 / score.inverse.numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(score.mean, residual.mean(axis=0), atol=1e-6)


def test_a_diagonal_distance_with_gaps_is_that_of_what_is_there():
    account = with_gaps(100, size=1025)
    score = registry.get("score", "whitened")
    score.build({key: value.shape for key, value in account.items()})
    score.learn(lambda: [account], None)
    there = np.ma.masked_array(account["residual"].astype("float64"), account["missing"] > 0)
    expected = (np.square(there - there.mean(axis=0)) / there.var(axis=0)).filled(0)
    few = {key: value[:5] for key, value in account.items()}
    np.testing.assert_allclose(score.present(few), expected[:5], rtol=1e-3, atol=1e-4)


def test_up_to_eight_gaps_leave_the_distance_of_the_others_exact():
    """By the inverse of the covariance of what is there, in float64, for every number of gaps up to eight."""
    size, rng = 12, np.random.default_rng(1)
    vectors = np.linalg.qr(rng.normal(size=(size, size)))[0]
    precision = (vectors * np.geomspace(0.3, 10, size)) @ vectors.T
    covariance = np.linalg.inv(precision)
    residual = rng.normal(size=(45, size)).astype("float32")
    missing = np.zeros((45, size), "float32")
    for row in range(45):
        missing[row, rng.permutation(size)[: row % 9]] = 1
    score = registry.get("score", "whitened")
    score.build({"residual": residual.shape, "missing": missing.shape})
    score.root.assign((vectors * np.sqrt(np.geomspace(0.3, 10, size))) @ vectors.T)
    expected = []
    for row, there in zip(residual.astype("float64"), missing == 0, strict=True):
        expected.append(row[there] @ np.linalg.solve(covariance[np.ix_(there, there)], row[there]))
    found = np.array(score.present({"residual": residual, "missing": missing}))
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=1e-5)
    assert not found[missing > 0].any()
    # Also of rows that are hardly off.
    near = np.array(score.present({"residual": residual / 64, "missing": missing}))
    np.testing.assert_allclose(near * 64**2, found, rtol=1e-4, atol=1e-5)


def test_moments_in_parts_are_those_of_all_rows():
    residual = np.random.default_rng(0).normal(size=(50, 3)) * [1, 2, 3] + [5, -6, 70]
    parts = [{"residual": residual[part]} for part in (slice(7), slice(7, 30), slice(30, None))]
    centred = residual - residual.mean(axis=0)
    for full, squares in ((True, centred.T @ centred), (False, np.square(centred).sum(axis=0))):
        rows, mean, scatter = _moments(iter(parts), full)
        assert rows == 50
        np.testing.assert_allclose(mean, residual.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(scatter, squares, rtol=1e-10)


@pytest.mark.parametrize(("rows", "size"), [(5, 3), (30, 2), (50, 6)])
def test_the_shrinkage_is_where_the_oracle_comes_to_rest(rows, size):
    """Chen et al. 2010, equations 19 and 20: the best share by an estimate, and the estimate that follows."""
    rng = np.random.default_rng(rows)
    sample = np.corrcoef((rng.normal(size=(rows, size)) @ rng.normal(size=(size, size))).T)
    # The identity alone would stay what it is.
    estimate = (sample + np.eye(size)) / 2
    for _ in range(1000):
        mixed, square = np.trace(estimate @ sample), np.trace(estimate) ** 2
        share = (1 - 2 / size) * mixed + square
        share /= (rows + 1 - 2 / size) * mixed + (1 - rows / size) * square
        estimate = (1 - min(share, 1)) * sample + min(share, 1) * np.eye(size)
    assert share < 1
    np.testing.assert_allclose(_shrunk(sample, rows), estimate, rtol=1e-9)


def test_features_that_are_the_same_in_any_number_of_rows_leave_a_root():
    # One always says what the others do: without a least share the correlation would be singular.
    values = np.linalg.eigvalsh(_shrunk(np.ones((3, 3)), 10**12))
    np.testing.assert_allclose(values, [1e-6, 1e-6, 3.0], rtol=1e-5)


# Neighbours and combinations -------------------------------------------------------------------------


@pytest.mark.parametrize(("neighbours", "most"), [(3, 20_000), (50, 20_000), (3, 20)])
def test_neighbours_are_the_nearest_of_those_kept(neighbours, most):
    account = with_gaps(40)
    score = registry.get("score", {"name": "nearest_neighbours", "neighbours": neighbours, "most": most})
    score.adapt(
        lambda: [{key: value[:9] for key, value in account.items()}, {k: v[9:] for k, v in account.items()}]
    )
    kept = score.codes.numpy()
    assert len(kept) == min(40, most)
    assert {tuple(row) for row in kept} <= {tuple(row) for row in account["code"]}
    fresh = with_gaps(6, seed=1)
    index = NearestNeighbors(n_neighbors=min(neighbours, len(kept))).fit(kept)
    expected = index.kneighbors(fresh["code"])[0].mean(axis=1)
    np.testing.assert_allclose(score(fresh), expected, rtol=1e-5)
    # A row that was kept is its own neighbour; it does not count as one of the others.
    near = index.kneighbors(account["code"], n_neighbors=min(neighbours + 1, len(kept)))[0]
    others = np.where(near[:, 0] == 0, near[:, 1:].mean(axis=1), near[:, :neighbours].mean(axis=1))
    assert (near[:, 0] == 0).sum() == len(kept)
    np.testing.assert_allclose(score.on_training_rows(account), others, rtol=1e-4)
    squares = np.square(fresh["residual"])
    share = squares / squares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(score.features(fresh), share * expected[:, None], rtol=1e-4)


def test_a_code_at_the_origin_is_not_its_own_neighbour_either():
    account = with_gaps(40)
    name = {"name": "nearest_neighbours", "neighbours": 3, "most": 20}
    there = adapted(name, account)
    # The same rows are kept; one of them is 0 now, to the bit.
    moved = {**account, "code": account["code"] - there.codes.numpy()[0]}
    found = adapted(name, moved).on_training_rows(moved)
    assert (moved["code"] == 0).all(axis=1).sum() == 1
    np.testing.assert_allclose(found, there.on_training_rows(account), rtol=1e-4)


def test_a_single_code_is_its_own_neighbour():
    account = {"code": np.ones((1, 2), "float32"), "residual": np.zeros((1, 3), "float32")}
    score = adapted("nearest_neighbours", account)
    assert np.array(score.on_training_rows(account)) == 0
    assert not np.array(score.features(account)).any()


@pytest.mark.parametrize("arguments", [{"neighbours": 0}, {"most": 0}, {"neighbours": True}, {"most": 1.5}])
def test_wrong_counts_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
        NearestNeighboursScore(**arguments)
    assert NearestNeighboursScore(**{name: 1}).get_config()[name] == 1


def test_a_combination_is_e_to_the_mean_of_standardised_logarithms():
    train, fresh = with_gaps(300, share=0), with_gaps(20, seed=2, share=0)
    for account in (train, fresh):
        del account["missing"]
    score = adapted({"name": "combination", "scores": ["squared_error", "nearest_neighbours"]}, train)
    first, second = score.scores
    told = np.log([first(train), second.on_training_rows(train)])
    found = (np.log([first(fresh), second(fresh)]) - told.mean(axis=1)[:, None]) / told.std(axis=1)[:, None]
    expected = np.exp(found.mean(axis=0))
    np.testing.assert_allclose(score(fresh), expected, rtol=1e-4)
    np.testing.assert_allclose(score.features(fresh).numpy().sum(axis=1), expected, rtol=1e-4)
    squares = np.square(fresh["residual"])
    # Both share their part out as the squares.
    share = squares / squares.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(score.features(fresh), share * expected[:, None], rtol=1e-3)
    assert score.needs == ("residual", "code") and not score.in_graph
    # Beyond e^80 nothing is odder, and what is rebuilt and known to the last bit is no logarithm of 0.
    far = {key: value * np.float32(1e18) for key, value in fresh.items()}
    np.testing.assert_allclose(score(far), np.exp(80.0), rtol=1e-4)
    # Nor is anything more usual than e^-80: the ends lie as far from a usual row.
    score.scale.assign([1e-3, 1e-3])
    score.center.assign([50.0, 50.0])
    np.testing.assert_allclose(score(fresh), np.exp(-80.0), rtol=1e-4)
    exact = {"residual": np.zeros((1, 4), "float32"), "code": train["code"][:1]}
    assert np.isfinite(np.array(score(exact))).all() and not np.array(score.features(exact)).any()


def test_a_combination_of_scores_that_are_always_the_same_is_finite():
    account = {"code": np.ones((30, 2), "float32"), "residual": np.ones((30, 3), "float32")}
    score = adapted({"name": "combination", "scores": ["squared_error", "whitened"]}, account)
    assert np.isfinite(np.array(score(account))).all()
    assert score.in_graph and score.needs == ("residual",)
    for wrong in ("whitened", ["whitened"], []):
        with pytest.raises(ValueError, match="must be a list of at least two scores"):
            CombinationScore(scores=wrong)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(score))
    assert [type(one) for one in again.scores] == [type(one) for one in score.scores]
    # Its weights are those of its scores too, before any row is seen.
    again = CombinationScore(scores=["squared_error", "whitened"])
    again.build({key: value.shape for key, value in account.items()})
    assert [one.shape for one in again.weights] == [one.shape for one in score.weights]
