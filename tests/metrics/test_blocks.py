"""Windows that share readings: what a threshold promises where blocks of rows go up and down together."""

import numpy as np
import pytest

from kerasae.calibration import Calibration
from kerasae.thresholds import ConformalThreshold
from kerasae.thresholds._peaks import beyond_peaks

DRAWS = 4000


def blocks_of(rng, blocks, block, heavy=False):
    """Exchangeable blocks: a level for each, and noise of windows; an odd block is odd in many windows."""
    level = rng.standard_t(2, (blocks, 1)) if heavy else rng.normal(size=(blocks, 1))
    return level + 0.01 * rng.normal(size=(blocks, block))


@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize(("blocks", "rate"), [(19, 0.05), (19, 0.2), (40, 0.1)])
def test_the_share_of_new_windows_is_kept_on_average(blocks, rate, heavy):
    block, shares, old = 6, [], []
    rng = np.random.default_rng(blocks)
    for _ in range(DRAWS):
        scores = blocks_of(rng, blocks, block, heavy).ravel()
        new = blocks_of(rng, 1, block, heavy).ravel()
        p_values = Calibration.of(scores, block).p_values(new)
        shares.append(np.mean(p_values <= rate * (1 + 1e-9)))
        old.append(np.mean(Calibration.of(scores).p_values(new) <= 0.01))
    error = 3 * np.std(shares) / np.sqrt(DRAWS)
    assert np.mean(shares) <= rate + error
    # It is nearly exhausted, because the windows of a block are nearly equal.
    assert np.mean(shares) >= 0.8 * rate
    # As if they were independent rows, they break the promise of 1 % by a factor.
    assert np.mean(old) > 0.02


@pytest.mark.parametrize("block", [1, 4])
def test_the_threshold_flags_what_the_p_value_says(block):
    rng = np.random.default_rng(block)
    scores, new = rng.gamma(2, size=400), rng.gamma(2, size=300)
    for rate in (0.05, 0.1, 0.3):
        threshold = ConformalThreshold(false_alarms=rate).fit(scores, block=block)
        flagged = threshold.p_values(new) <= rate + 1e-12
        np.testing.assert_array_equal(threshold.predict(new), flagged)
        assert threshold.keeps and threshold.promised == pytest.approx(block / (400 + block))


def test_a_block_of_one_row_is_as_it_was():
    scores = np.random.default_rng(0).gamma(2, size=99)
    plain, one = (ConformalThreshold(false_alarms=0.1).fit(scores, **sent) for sent in ({}, {"block": 1}))
    assert plain.threshold_ == one.threshold_
    assert plain.share_range() == one.share_range() and plain.count_range(50) == one.count_range(50)
    with pytest.raises(ValueError, match="at least 99 held-out rows"):
        ConformalThreshold(false_alarms=0.01).fit(scores[:98])


@pytest.mark.parametrize("blocks", [2, 3, 19])
@pytest.mark.parametrize("rate", [0.02, 0.005])
def test_beyond_the_greatest_score_the_rate_of_blocks_is_exact_for_an_exponential_tail(blocks, rate):
    """Over many draws, for peaks that are exponential; nothing is estimated but the tail."""
    rng, block, shares = np.random.default_rng(blocks), 3, []
    for _ in range(DRAWS):
        peaks = rng.exponential(size=(blocks, 1))
        scores = np.concatenate([peaks, 0.5 * peaks, np.zeros_like(peaks)], axis=1)
        threshold = beyond_peaks(rng.permuted(scores, axis=1).ravel(), block, rate)
        shares.append(np.exp(-threshold))
    error = 4 * np.std(shares) / np.sqrt(DRAWS)
    assert np.mean(shares) == pytest.approx(rate, abs=error)


def test_too_few_windows_promise_what_they_can_and_estimate_the_rest():
    rng = np.random.default_rng(4)
    scores = np.repeat(rng.gamma(2, size=19), 10) + 0.01 * rng.normal(size=190)
    found = ConformalThreshold(false_alarms=0.005).fit(scores, block=10)
    assert not found.keeps and found.promised == pytest.approx(10 / 200)
    assert found.threshold_ > scores.max()
    # A smaller rate asks for a higher threshold, over both ways to find it.
    rates = (0.3, 0.1, 0.06, 0.05, 0.049, 0.02, 0.001)
    thresholds = [ConformalThreshold(false_alarms=rate).fit(scores, block=10).threshold_ for rate in rates]
    assert (np.diff(thresholds) >= 0).all()
    low, high = found.share_range()
    assert low == 0.0 and 0.05 < high < 0.3


def test_less_than_two_blocks_and_windows_that_cannot_be_scored():
    scores = np.array([1.0, 3.0, 2.0])
    assert ConformalThreshold(false_alarms=0.05).fit(scores, block=2).threshold_ == pytest.approx(3, rel=1e-3)
    broken = np.append(np.arange(40.0), np.finfo("float32").max)
    found = ConformalThreshold(false_alarms=0.01).fit(broken, block=10)
    assert 39 < found.threshold_ < 40


@pytest.mark.parametrize("block", [0, 1.5, True])
def test_a_block_that_is_no_number_of_rows_is_refused(block):
    with pytest.raises(ValueError, match="`block` must be a positive integer"):
        Calibration.of(np.ones(3), block)
    with pytest.raises(ValueError, match="`block` must be a positive integer"):
        ConformalThreshold(false_alarms=0.5).fit(np.ones(3), block=block)


def test_a_count_of_flagged_windows_is_that_of_whole_blocks():
    scores = np.arange(1000.0)
    one, many = (ConformalThreshold(false_alarms=0.1).fit(scores, block=block) for block in (1, 50))
    assert many.threshold_ > one.threshold_
    narrow, wide = one.count_range(1000), many.count_range(1000)
    assert wide[0] < narrow[0] and narrow[1] < wide[1] and wide[1] % 50 == 0
    # Nine blocks of ten say little against the promise, and ninety independent rows much.
    assert many.excess_p_value(200, 1000) > 0.05 > one.excess_p_value(200, 1000)
