"""Scores by prototypes of the training rows, and the evidence of several scores."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import ndtri
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

from kerasae import registry
from kerasae.layers import NormalScores
from kerasae.scores import Detector, EvidenceScore, PrototypesScore
from kerasae.scores._points import Points
from kerasae.scores.prototypes import _prototypes


def rows(count, seed=0, size=3):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, size)) @ rng.normal(size=(size, size))).astype("float32")


def account(count, seed=0, size=3):
    """Correlated numbers, of one kind for every seed."""
    there = np.random.default_rng(9).normal(size=(2, size, size))
    x, residual = np.random.default_rng(seed).normal(size=(2, count, size)) @ there
    return {"x": x.astype("float32"), "residual": residual.astype("float32")}


def adapted(name, training, least=None):
    return registry.get("score", name).adapt(lambda: [training], least)


# Normal scores ---------------------------------------------------------------------------------------


def test_normal_scores_are_the_quantiles_of_the_ranks():
    column = np.random.default_rng(0).integers(0, 20, 300)
    training = np.stack([column, column**3], axis=1).astype("float32")
    found = np.array(NormalScores(knots=32).adapt(training)(training))
    expected = ndtri((rankdata(column) - 0.5) / len(column))
    np.testing.assert_allclose(found[:, 0], expected, rtol=1e-4, atol=1e-5)
    # An increasing function of a column changes nothing.
    np.testing.assert_allclose(found[:, 1], found[:, 0], rtol=1e-4, atol=1e-5)


def test_normal_scores_are_near_the_quantiles_of_many_values_and_increase():
    training = np.exp(rows(5000, size=2))
    layer = NormalScores().adapt(training)
    expected = ndtri((rankdata(training, axis=0) - 0.5) / len(training))
    # The 31 intervals are about 0.24 wide, and the outermost hold a few rows.
    error = np.abs(np.array(layer(training)) - expected)
    assert error.max() < 0.3 and np.quantile(error, 0.99) < 0.05
    ascending = np.linspace(training.min() - 1, training.max() + 1, 999, dtype="float32")
    assert (np.diff(np.array(layer(np.stack([ascending] * 2, axis=1))), axis=0) > -1e-6).all()


def test_normal_scores_go_on_beyond_the_training_rows():
    training = np.array([[0.0], [1.0], [2.0]], "float32")
    end = ndtri(5 / 6)
    found = NormalScores(beyond=0.5).adapt(training)(np.array([[4.0], [-1.0]], "float32"))
    np.testing.assert_allclose(found, [[end + 1.0], [-end - 0.5]], rtol=1e-5)
    constant = NormalScores(beyond=0.5).adapt(np.ones((4, 1), "float32"))
    np.testing.assert_allclose(constant(np.array([[1.0], [3.0]], "float32")), [[0.0], [1.0]], atol=1e-6)


@pytest.mark.parametrize("arguments", [{"knots": 1}, {"knots": 2.5}, {"beyond": -1}, {"beyond": True}])
def test_wrong_arguments_of_normal_scores_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        NormalScores(**arguments)


# Points ----------------------------------------------------------------------------------------------


def test_two_random_rows_are_as_far_apart_in_a_category_as_in_a_number():
    rng = np.random.default_rng(0)
    training = np.stack([rng.normal(size=4000), rng.integers(1, 5, 4000)], axis=1).astype("float32")
    points = Points([0, 5]).adapt(training)
    first, second = np.array(points(training[::2])), np.array(points(training[1::2]))
    squares = np.array(points.by_feature(np.square(first - second))).mean(axis=0)
    np.testing.assert_allclose(squares, [4.0, 4.0], rtol=0.1)
    assert points.owners.tolist() == [0, 0, 1, 1, 1, 1, 1]
    np.testing.assert_array_equal(
        points.by_dimension(np.array([[7.0, 8.0]], "float32")), [[7, 7, 8, 8, 8, 8, 8]]
    )


def test_points_use_no_rounding_which_the_reference_kernels_of_tflite_lack():
    points = Points([0, 5]).adapt(np.array([[0.0, 1.0], [1.0, 4.0]], "float32"))
    graph = tf.function(points.call).get_concrete_function(tf.TensorSpec((None, 2), "float32")).graph
    assert not {"Round", "Rint"} & {operation.type for operation in graph.get_operations()}


# Prototypes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("neighbours", [1, 3])
def test_rows_that_all_are_prototypes_are_neighbours(neighbours):
    training, fresh = account(60), account(9, seed=1)
    score = adapted({"name": "prototypes", "neighbours": neighbours}, training)
    place, there = (np.array(score.points(part["x"])) for part in (training, fresh))
    near = NearestNeighbors(n_neighbors=neighbours).fit(place)
    expected = near.kneighbors(there)[0].mean(axis=1)
    np.testing.assert_allclose(score(fresh), expected, rtol=1e-4)
    np.testing.assert_allclose(score.features(fresh).numpy().sum(axis=1), expected, rtol=1e-4)
    # Without rows, scikit-learn leaves each training row out of its own neighbours.
    np.testing.assert_allclose(score.on_training_rows(training), near.kneighbors()[0].mean(axis=1), rtol=1e-4)


def test_a_feature_adds_its_squared_difference_over_the_distance():
    training = {"x": np.array([[0.0, 0.0]], "float32")}
    score = adapted({"name": "prototypes", "neighbours": 1}, training)
    fresh = {"x": np.array([[3.0, 4.0]], "float32")}
    # Beyond the only row the normal scores go on with a slope of 0.3.
    length = np.sqrt(1 + 0.3**2)
    np.testing.assert_allclose(score(fresh), [5 * length], rtol=1e-5)
    np.testing.assert_allclose(score.features(fresh), [[9 / 5 * length, 16 / 5 * length]], rtol=1e-5)


def test_a_training_row_is_compared_with_prototypes_made_without_it():
    points = np.concatenate([rows(40, size=2), rows(40, 1, size=2) + 30, [[-50.0, 0.0], [0.0, 50.0]]])
    assert sorted(_prototypes(points, 4)[1]) == [1, 1, 40, 40]
    training = {"x": points.astype("float32")}
    score = adapted({"name": "prototypes", "neighbours": 1, "most": 4}, training)
    places = np.array(score.points(training["x"]))
    means = score.prototypes.numpy()
    others = places[:40].sum(axis=0)
    own = np.linalg.norm(places[:40] - (others - places[:40]) / 39, axis=1)
    np.testing.assert_allclose(np.array(score.on_training_rows(training))[:40], own, rtol=1e-3)
    # A cluster of one row does not exist without it.
    distances = np.sort(np.linalg.norm(places[-1] - means, axis=1))
    assert distances[0] < 1e-4
    assert float(score.on_training_rows(training)[-1]) == pytest.approx(distances[1], rel=1e-3)


def test_a_missing_entry_has_no_part_in_the_distance():
    training, fresh = account(50), account(5, seed=1)
    fresh["residual"][:] = 0
    three = {"name": "prototypes", "neighbours": 3}
    score = adapted(three, {**training, "missing": np.zeros((50, 3), "float32")})
    missing = np.zeros((5, 3), "float32")
    whole = score({**fresh, "missing": missing})
    np.testing.assert_allclose(whole, score(fresh), rtol=1e-4)
    missing[:, 1] = 1
    found = np.array(score({**fresh, "missing": missing}))
    assert not np.array(score.features({**fresh, "missing": missing}))[:, 1].any()
    moved = {**fresh, "x": fresh["x"].copy(), "missing": missing}
    moved["x"][:, 1] = 99
    np.testing.assert_allclose(score(moved), found, rtol=1e-5)
    places, there = np.array(score.points(training["x"])), np.array(score.points(fresh["x"]))
    kept = [0, 2, 3, 5]
    near = NearestNeighbors(n_neighbors=3).fit(places[:, kept]).kneighbors(there[:, kept])[0]
    np.testing.assert_allclose(found, near.mean(axis=1) * np.sqrt(6 / 4), rtol=1e-4)


def test_an_unusual_gap_adds_its_evidence():
    training, fresh = account(50), account(5, seed=1)
    score = adapted({"name": "prototypes", "neighbours": 1}, training)
    missing = np.zeros((5, 3), "float32")
    missing[:, 1] = 1
    usual, odd = (
        {**fresh, "residual": np.full((5, 3), gap, "float32"), "missing": missing} for gap in (0, 3)
    )
    found = np.array(score(odd))
    np.testing.assert_allclose(np.square(found), np.square(score(usual)) + 9, rtol=1e-4)
    parts = np.array(score.features(odd))
    np.testing.assert_allclose(parts.sum(axis=1), found, rtol=1e-4)
    np.testing.assert_allclose(parts[:, 1], 9 / found, rtol=1e-4)


def test_a_category_of_no_training_row_is_far_from_all():
    rng = np.random.default_rng(0)
    training = np.stack([rng.normal(size=200), rng.integers(1, 4, 200)], axis=1).astype("float32")
    score = adapted("prototypes", {"x": training}, np.array([0.0, 0.25]))
    found = np.array(score({"x": np.array([[0.0, 1.0], [0.0, 0.0]], "float32")}))
    assert found[1] > 2 and found[1] > 5 * found[0]
    assert np.array(score.features({"x": np.array([[0.0, 0.0]], "float32")}))[0].argmax() == 1


@pytest.mark.parametrize("arguments", [{"neighbours": 0}, {"most": 0}, {"neighbours": True}, {"most": 1.5}])
def test_wrong_counts_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be a positive integer"):
        PrototypesScore(**arguments)


# Evidence --------------------------------------------------------------------------------------------


def test_the_evidence_is_the_sum_of_the_logarithms_of_the_shares_above():
    training, fresh = account(2000), account(400, seed=2)
    score = adapted("evidence", training)
    whitened, prototypes = score.scores
    expected = 0.0
    for values, told in (
        (whitened(fresh), whitened(training)),
        (prototypes(fresh), prototypes.on_training_rows(training)),
    ):
        share = (np.array(told)[None] >= np.array(values)[:, None]).mean(axis=1)
        expected = expected - np.log(np.maximum(share, 1 / len(told)))
    found = np.array(score(fresh))
    inside = expected < 6
    assert inside.mean() > 0.8
    # 47 intervals of 0.16 nats for each score, and between 6 and 7.6 nats there are a few rows only.
    np.testing.assert_allclose(found[inside], expected[inside], atol=0.4)
    np.testing.assert_allclose(score.features(fresh).numpy().sum(axis=1), found, rtol=1e-4, atol=1e-5)
    assert set(score.needs) == {"residual", "x"} and score.in_graph


def test_the_evidence_grows_slowly_beyond_the_training_rows():
    training = account(500)
    score = adapted({"name": "evidence", "scores": ["squared_error"]}, training)
    logarithms = np.log(np.square(training["residual"]).sum(axis=1))
    most = np.exp(logarithms.max() / 2)
    far = {"residual": np.array([[most * 2**k, 0, 0] for k in (0.5, 1, 10, 20, 30)], "float32")}
    doublings = np.array([1, 2, 20, 40, 40])
    expected = np.log(500) + 0.3 * doublings * np.log(2) / logarithms.std()
    np.testing.assert_allclose(score(far), expected, rtol=1e-5)
    # Halfway between two doublings.
    half = {"residual": np.array([[most * 6**0.5, 0, 0]], "float32")}
    np.testing.assert_allclose(score(half), np.log(500) + 0.3 * 2.5 * np.log(2) / logarithms.std(), rtol=1e-5)


def test_rounding_hardly_moves_a_score_that_many_rows_have():
    training = account(500)
    training["residual"][100:] = training["residual"][100]
    score = adapted({"name": "evidence", "scores": ["squared_error"]}, training)
    often = training["residual"][100:101]
    shifts = {"residual": np.concatenate([often * k for k in (1 - 5e-4, 1, 1 + 5e-4, 1.1)])}
    below, exact, above, beyond = np.array(score(shifts))
    # 400 of 500 rows share the score, so that it rises by more than a nat from one side to the other.
    assert beyond - below > 1
    assert abs(exact - below) < 0.02 and abs(above - exact) < 0.02


def test_the_evidence_of_few_rows_rises_at_their_scores():
    training = account(12)
    score = adapted({"name": "evidence", "scores": ["squared_error"]}, training)
    ordered = np.sort(np.square(training["residual"]).sum(axis=1))
    near = {"residual": np.array([[(1.002 * one) ** 0.5, 0, 0] for one in ordered[4:8]], "float32")}
    # No two rows share a score, so that the evidence is reached at it, within one of the 47 intervals.
    np.testing.assert_allclose(score(near), -np.log(1 - np.arange(4, 8) / 11), atol=np.log(12) / 47)


def test_scores_that_are_always_the_same_have_a_finite_evidence():
    training = {"x": np.ones((30, 2), "float32"), "residual": np.zeros((30, 2), "float32")}
    score = adapted("evidence", training)
    np.testing.assert_allclose(score(training), 0.0, atol=1e-3)
    other = {"x": np.full((1, 2), 2, "float32"), "residual": np.ones((1, 2), "float32")}
    assert np.isfinite(np.array(score(other))).all() and float(score(other)[0]) > 5


def test_a_stored_evidence_is_the_same(tmp_path):
    rng = np.random.default_rng(0)
    training = {**account(400), "missing": (rng.random((400, 3)) < 0.1).astype("float32")}
    training["x"][:, 2] = rng.integers(1, 6, 400)
    score = adapted("evidence", training, np.array([0.0, 0.0, 0.25]))
    detector = Detector(score)
    detector.build({key: value.shape for key, value in training.items()})
    detector.save(tmp_path / "detector.keras")
    again = keras.saving.load_model(tmp_path / "detector.keras")
    np.testing.assert_array_equal(again(training), detector(training))
    np.testing.assert_array_equal(again.features(training), detector.features(training))
    for wrong in ("whitened", []):
        with pytest.raises(ValueError, match="must be a list of at least one score"):
            EvidenceScore(scores=wrong)
