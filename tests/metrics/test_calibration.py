"""Calibration: scores of normal rows in a fixed size, and what a detector decides by them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae import registry
from kerasae.calibration import SIZE, Calibration, kept_places
from kerasae.losses import HIGHEST
from kerasae.scores import Detector
from kerasae.thresholds.conformal import conformal_p_values


@pytest.fixture(scope="module")
def account():
    rng = np.random.default_rng(0)
    return {"code": np.zeros((500, 2), "float32"), "residual": rng.normal(size=(500, 5)).astype("float32")}


@pytest.fixture
def detector(account):
    score = registry.get("score", "squared_error").adapt(lambda: [account])
    detector = Detector(score)
    detector.build({key: (None, *value.shape[1:]) for key, value in account.items()})
    return detector


@pytest.mark.parametrize("block", [1, 2, 50])
@pytest.mark.parametrize("rows", [0, 1, 2, 19, SIZE - 1, SIZE])
def test_few_rows_are_kept_one_by_one(rows, block):
    rows = min(rows, SIZE - (block > 1))  # the rows that are added for a block take a place
    rng = np.random.default_rng(rows)
    scores = rng.integers(0, 50, rows).astype("float32")  # many are equal
    asked = np.concatenate([scores, rng.uniform(-1, 51, 50), [HIGHEST]]).astype("float32")
    calibration = Calibration.of(scores, block)
    assert calibration.rows == rows
    exact = conformal_p_values(scores, asked, block)
    np.testing.assert_allclose(calibration.p_values(asked), exact, rtol=1e-12)


@pytest.mark.parametrize(
    ("rows", "most"), [(SIZE + 1, 0.01), (2000, 0.01), (10_000, 0.02), (100_000, 0.03), (1_000_000, 0.04)]
)
def test_many_rows_are_kept_in_part_and_a_p_value_is_never_too_small(rows, most):
    scores = np.random.default_rng(1).permutation(rows).astype("float32")
    calibration = Calibration.of(scores)
    assert len(np.unique(calibration.scores)) == SIZE
    assert (np.diff(calibration.scores) > 0).all() and calibration.rows == rows
    exact, kept = conformal_p_values(scores, scores), calibration.p_values(scores)
    assert (kept >= exact).all()
    assert (kept <= (1 + most) * exact).all()
    small = exact <= 256 / (rows + 1)
    np.testing.assert_array_equal(kept[small], exact[small])


@pytest.mark.parametrize("rows", [100, SIZE, 3000])
def test_p_values_of_normal_rows_are_valid(rows):
    """Over the place of the new row among exchangeable ones, which is known: all places are as likely."""
    worst = 0.0
    p_values = []
    for place in range(rows + 1):
        others = np.delete(np.arange(rows + 1.0), place)
        p_values.append(Calibration.of(others).p_values(np.array([float(place)]))[0])
    for level in np.linspace(0.005, 0.995, 199):
        worst = max(worst, np.mean(np.array(p_values) <= level) - level)
    assert worst <= 1e-9


def test_the_places_are_those_that_are_stated():
    assert kept_places(3).tolist() == [0, 1, 2]
    assert kept_places(SIZE).tolist() == [*range(SIZE)]
    places = kept_places(50_000)
    assert places[-257:].tolist() == [*range(50_000 - 257, 50_000)]
    ranks = 50_000 - places[:-257]
    assert len(places) == SIZE and (np.diff(ranks) < 0).all()
    ratios = (ranks[:-1] / ranks[1:])[:200]
    assert ratios.min() > 1.0 and ratios.max() < 1.03


@pytest.mark.parametrize("block", [1, 40])
@pytest.mark.parametrize("rows", [0, 7, SIZE - 1, 4000])
def test_a_detector_gives_the_p_values_of_its_calibration_in_a_graph(rows, block, account, detector):
    scores = np.asarray(detector(account), "float64")
    held_out = np.random.default_rng(2).chisquare(5, rows)
    detector.calibrate(held_out, 9.0, 0.05, block)
    assert detector.calibration_rows == rows
    asked = np.concatenate([scores, held_out[:20], [HIGHEST]]).astype("float32")
    expected = Calibration.of(held_out, block).p_values(asked)
    found = tf.function(detector.p_value)(asked).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    if rows < SIZE:
        exact = conformal_p_values(held_out.astype("float32"), asked, block)
        np.testing.assert_allclose(found, exact, rtol=1e-6)
    # A NaN is as odd as can be.
    assert float(detector.p_value(np.array([np.nan], "float32"))[0]) == pytest.approx(block / (rows + block))
    restored = Detector.from_config(detector.get_config())
    assert restored.block == block


def test_threshold_and_rate_can_be_set_at_a_call(detector):
    detector.calibrate(np.arange(1.0, 100.0), 95.5, 0.05)
    scores = np.array([50.0, 90.5, 95.5, 96.0, 99.5, HIGHEST, np.nan], "float32")

    def flags(**sent):
        sent = {name: np.float32(value) for name, value in sent.items()}
        return np.asarray(detector.anomalous(scores, **sent)).astype(int).tolist()

    assert flags() == [0, 0, 0, 1, 1, 1, 1]
    assert flags(threshold=90.0) == [0, 1, 1, 1, 1, 1, 1]
    assert flags(false_alarms=0.1) == [0, 1, 1, 1, 1, 1, 1]
    assert flags(false_alarms=0.01) == [0, 0, 0, 0, 1, 1, 1]
    # 99 rows are too few for this rate: nothing is flagged but what cannot be scored.
    assert flags(false_alarms=0.005) == [0, 0, 0, 0, 0, 1, 1]
    for unset in (np.nan, -1.0, 0.0):
        assert flags(false_alarms=unset) == flags()
    assert flags(threshold=np.nan) == flags(threshold=np.inf) == flags()
    assert flags(threshold=90.0, false_alarms=0.01) == flags(threshold=90.0)
    assert flags(threshold=np.nan, false_alarms=0.1) == flags(false_alarms=0.1)
    rows = {"threshold": np.array([40, 91, 90, 97, 100, np.nan, 1], "float32")}
    found = detector.anomalous(scores, **rows, false_alarms=np.full(7, 0.1, "float32"))
    assert np.asarray(found).astype(int).tolist() == [1, 0, 1, 0, 0, 1, 1]


def test_a_rate_at_a_call_flags_what_a_conformal_threshold_flags(detector):
    rng = np.random.default_rng(3)
    held_out, new = rng.chisquare(5, 400), rng.chisquare(5, 300).astype("float32")
    detector.calibrate(held_out, np.inf)
    for rate in (0.01, 0.05, 0.2):
        threshold = registry.get("threshold", "conformal", false_alarms=rate).fit(held_out)
        flags = np.asarray(detector.anomalous(new, false_alarms=np.float32(rate)))
        np.testing.assert_array_equal(flags, threshold.predict(new))


def test_the_strongest_reasons_come_first_with_their_shares(account, detector):
    detector.calibrate(np.arange(9.0), 1.0)
    residual = np.array([[1, 0, -3, 2, 0], [0, 0, 0, 0, 0], [2, 1, 2, 1, 2]], "float32")
    few = {"code": account["code"][:3], "residual": residual}
    number, share = detector.reasons(few, detector(few))
    assert number.dtype == "int32"
    np.testing.assert_array_equal(number, [[2, 3, 0], [0, 1, 2], [0, 2, 4]])
    expected = [[9 / 14, 4 / 14, 1 / 14], [0, 0, 0], [4 / 14] * 3]
    np.testing.assert_allclose(share, expected, rtol=1e-6)
    shares = np.asarray(detector.shares(account, detector(account)))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    added = np.square(account["residual"])
    np.testing.assert_allclose(shares, added / added.sum(axis=1, keepdims=True), rtol=1e-4)


def test_a_row_that_cannot_be_scored_is_explained_by_its_wrong_entries(account, detector):
    residual = np.ones((4, 5), "float32")
    residual[0, 3] = np.nan
    residual[1] = np.nan
    residual[2, [1, 4]] = np.inf, -1e30
    few = {"code": account["code"][:4], "residual": residual}
    score = detector(few)
    # One wrong entry spoils every residual, and only the caller knows which it was.
    sound = np.ones((4, 5), bool)
    sound[1, 2] = False
    number, share = detector.reasons(few, score)
    assert np.asarray(number)[0, 0] == 3 and np.asarray(share)[0].tolist() == [1, 0, 0]
    assert np.asarray(number)[2, 0] == 1
    number, share = detector.reasons(few, score, sound)
    assert np.asarray(number)[1, 0] == 2 and np.asarray(share)[1, 0] == 1
    np.testing.assert_allclose(np.asarray(share)[3], 0.2, rtol=1e-6)


def test_a_detector_keeps_its_calibration_in_weights_with_stable_names(account, detector, tmp_path):
    held_out = np.random.default_rng(4).chisquare(5, 900)
    detector.calibrate(held_out, 11.5, 0.05)
    detector.save(tmp_path / "d.keras")
    again = keras.saving.load_model(tmp_path / "d.keras")
    shapes = {w.name: (tuple(w.shape), w.dtype, w.trainable) for w in again.weights[:3]}
    assert shapes == {
        "threshold": ((), "float32", False),
        "calibration": ((SIZE,), "float32", False),
        "calibration_counts": ((SIZE,), "float32", False),
    }
    assert (float(again.threshold), again.false_alarms, again.calibration_rows) == (11.5, 0.05, 900)
    np.testing.assert_array_equal(again.p_value(held_out[:9]), detector.p_value(held_out[:9]))


def test_a_detector_without_a_calibration_is_refused_in_one_line(detector):
    config = detector.get_config() | {"threshold": 1.5, "calibration_rows": 9}
    with pytest.raises(ValueError, match="before detectors kept it; fit it again"):
        Detector.from_config(config)
