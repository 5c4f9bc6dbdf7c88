"""The score by mean and log variance of each channel of a window, and the growth of what wanders."""

import types

import numpy as np
import pytest
from scipy import stats

from kerasae.scores import ChannelMomentsScore
from kerasae.scores._wandering import growth

STEPS, CHANNELS = 20, 3


def account(residual, missing=None):
    found = {"residual": residual.reshape(len(residual), -1).astype("float32")}
    return (
        found
        if missing is None
        else {**found, "missing": missing.reshape(len(missing), -1).astype("float32")}
    )


def windows(count, seed=0):
    return np.random.default_rng(seed).normal([0.5, -1, 0], [1, 2, 0.1], (count, STEPS, CHANNELS))


def fitted(residual, **arguments):
    return ChannelMomentsScore(channels=CHANNELS, **arguments).adapt(lambda: [account(residual)])


def test_the_score_is_the_greatest_deviation_of_a_mean_or_a_log_variance():
    training = windows(400)
    score = fitted(training, horizon=0.25)  # four times a quarter: nothing grows
    floor = 0.005 * np.median(training.var(axis=1))

    def features(part):
        return np.hstack([part.mean(axis=1), 0.5 * np.log(part.var(axis=1) + floor)])

    age = np.arange(400) / np.arange(400).sum()
    known = features(training)
    center = age @ known
    squared = np.square(age).sum()
    variance = age @ np.square(known - center) * (1 + squared) / (1 - squared)
    quantile = stats.norm.isf(0.001 / 2 / 6)
    new = windows(50, seed=1) * np.linspace(0.2, 5, 50)[:, None, None]
    expected = np.abs(features(new) - center) / (quantile * np.sqrt(variance))
    # The logarithm is linear between two doublings, so that it is off by up to 0.03.
    np.testing.assert_allclose(score(account(new)), expected.max(axis=1), rtol=0.1, atol=0.1)


def test_independent_windows_exceed_one_as_often_as_the_level_says():
    score = fitted(windows(4000), level=0.05, horizon=0.25)
    share = np.mean(np.array(score(account(windows(20_000, seed=1)))) > 1)
    # Log variances of 20 normal readings are a little skewed.
    assert 0.03 < share < 0.08


def test_a_channel_that_moved_is_the_reason_at_each_of_its_steps_together():
    score = fitted(windows(400))
    new = windows(6, seed=1)
    new[:3, :, 1] += 9
    new[3:, :, 2] *= 20
    parts = np.array(score.features(account(new))).reshape(6, STEPS, CHANNELS).sum(axis=1)
    np.testing.assert_array_equal(parts.argmax(axis=1), [1, 1, 1, 2, 2, 2])
    np.testing.assert_allclose(parts.sum(axis=1), score(account(new)), rtol=1e-5)


def test_missing_readings_do_not_count_and_their_evidence_is_added():
    training = windows(400)
    none = np.zeros(training.shape)

    class Fitted:
        class spec:  # noqa: N801
            channels = tuple(types.SimpleNamespace(gap=gap) for gap in (0.0, 7.0, 0.0))

    score = ChannelMomentsScore()
    score.suit(Fitted)
    score.adapt(lambda: [account(training, none)])
    new, missing = windows(8, seed=1), np.zeros((8, STEPS, CHANNELS))
    whole = np.array(score(account(new, missing)))
    np.testing.assert_allclose(whole, fitted(training)(account(new)), rtol=1e-5)
    missing[:, :7, 0] = 1
    spoiled = np.where(missing, 1e6, new)
    np.testing.assert_array_equal(score(account(spoiled, missing)), score(account(new, missing)))
    # Where gaps are no evidence, a channel without readings is no reason.
    missing[:, :, 0] = 1
    assert (np.array(score(account(new, missing))) <= whole + 1e-6).all()
    gone = np.zeros(missing.shape)
    gone[:, -3:, 1] = 1
    added = 3 * 7 / np.log(2 * CHANNELS / 0.001)
    assert (np.array(score(account(new, gone))) >= added).all()


def test_batches_and_thinning_change_nothing_but_the_number_of_windows(monkeypatch):
    training = windows(600)
    one = fitted(training)
    parts = [account(part) for part in np.split(training, [100, 350])]
    several = ChannelMomentsScore(channels=CHANNELS).adapt(lambda: parts)
    np.testing.assert_allclose(several.center, one.center, rtol=1e-5)
    np.testing.assert_allclose(several.inverse, one.inverse, rtol=1e-5)
    monkeypatch.setattr("kerasae.scores.channel_moments._WINDOWS", 200)
    thinned = ChannelMomentsScore(channels=CHANNELS).adapt(lambda: parts)
    every = fitted(training[::3])
    np.testing.assert_allclose(thinned.center, every.center, rtol=1e-5)


def test_what_overlaps_counts_less():
    training = windows(400)
    plain = fitted(training, horizon=0.25)
    overlapping = ChannelMomentsScore(channels=CHANNELS, horizon=0.25)
    overlapping.block = 100
    overlapping.adapt(lambda: [account(training)])
    # The sum of the squared weights counts a hundred times, as of windows that are alike.
    one = np.square(np.arange(400) / np.arange(400).sum()).sum()
    ratio = np.sqrt((1 + 100 * one) / (1 - 100 * one) / ((1 + one) / (1 - one)))
    np.testing.assert_allclose(plain.inverse / overlapping.inverse, ratio, rtol=1e-4)


def test_a_new_window_deviates_by_one_standard_error_whatever_the_number_of_windows():
    """Over many trainings of few windows: the variance that is expected is that of a new mean.

    The weights grow with time. A count of the windows as if they were equal was too small by a fourth of the
    variance for four windows.
    """
    rng, quantile = np.random.default_rng(5), stats.norm.isf(0.001 / 2 / 6)
    for count in (4, 12):
        deviations, expected = [], []
        for _ in range(300):
            score = fitted(rng.normal(size=(count, STEPS, CHANNELS)), horizon=0.25)
            new = rng.normal(size=(40, STEPS, CHANNELS)).mean(axis=1)
            deviations.append(np.square(new - np.asarray(score.center)[:CHANNELS]).mean())
            expected.append(np.square(1.0 / (quantile * np.asarray(score.inverse)[:CHANNELS])).mean())
        assert np.mean(expected) == pytest.approx(np.mean(deviations), rel=0.1)


@pytest.mark.parametrize("arguments", [{"level": 0}, {"level": 1}, {"level": True}, {"horizon": 0}])
def test_wrong_arguments_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        ChannelMomentsScore(**arguments)


def test_other_examples_have_a_channel_for_each_feature():
    rng = np.random.default_rng(0)
    score = ChannelMomentsScore(horizon=0.25).adapt(lambda: [{"residual": rng.normal(2, 3, (400, 4))}])
    new = np.float32([[2, 2, 2, 2], [2, 30, 2, 2]])
    low, high = np.array(score({"residual": new}))
    assert low < 0.1 and high == pytest.approx(28 / 3 / stats.norm.isf(0.001 / 2 / 8), rel=0.1)
    with pytest.raises(ValueError, match="`channels` must divide the 60 features"):
        ChannelMomentsScore(channels=7).adapt(lambda: [account(windows(9))])


def test_noise_does_not_grow_and_a_random_walk_grows_with_time():
    steps = np.random.default_rng(0).normal(size=(8000, 40))
    assert growth(steps, 1, 2.0) == pytest.approx(1, abs=0.2)
    # Eight quarters of the log: eight times the variance.
    assert np.median(growth(np.cumsum(steps, axis=0), 1, 2.0)) == pytest.approx(8, rel=0.25)
    line = np.arange(8000.0)[:, None] * np.ones(2)
    assert growth(line, 1, 2.0) == pytest.approx(64, rel=0.01)
    assert growth(steps[:3], 2, 2.0) == pytest.approx(1)
