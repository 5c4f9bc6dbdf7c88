"""Alarms: smoothing, hysteresis and a least length."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY

from kerasae.calibration import Alarm, AlarmRule, alarms, smoothed

SCORES = st.lists(st.floats(0, 10), max_size=60)


@MANY
@given(SCORES, st.integers(1, 5), st.floats(0.1, 1), st.integers(1, 4))
def test_alarms_are_those_of_a_rule_in_words(scores, smooth, release, least):
    rule = AlarmRule(5.0, smooth, release, least)
    means = [np.mean(scores[max(0, k - smooth + 1) : k + 1]) for k in range(len(scores))]
    on, expected = False, []
    for k, mean in enumerate(means):
        if on:
            on = mean > 5.0 * release
        else:
            on = k + 1 >= least and all(one > 5.0 for one in means[k - least + 1 : k + 1])
        expected.append(on)
    # A mean that lies at the threshold up to rounding may fall on either side.
    if all(abs(mean - limit) > 1e-9 for mean in means for limit in (5.0, 5.0 * release)):
        assert alarms(scores, rule).tolist() == expected
    np.testing.assert_allclose(smoothed(scores, smooth), means, rtol=1e-12)


@MANY
@given(SCORES, st.integers(1, 5))
def test_a_reset_is_a_new_stretch(scores, smooth):
    rule = AlarmRule(5.0, smooth, 0.5, 2)
    alarm = Alarm(rule)
    for score in scores:
        alarm.update(score)
    alarm.reset()
    assert [alarm.update(score)[1] for score in scores] == alarms(scores, rule).tolist()


def test_hysteresis_joins_what_swings_about_the_threshold():
    scores = [0, 6, 4, 6, 4, 6, 2, 6]
    assert alarms(scores, AlarmRule(5.0)).astype(int).tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert alarms(scores, AlarmRule(5.0, release=0.6)).astype(int).tolist() == [0, 1, 1, 1, 1, 1, 0, 1]
    assert alarms(scores, AlarmRule(5.0, least=2)).astype(int).tolist() == [0] * 8


def test_a_threshold_below_zero_has_no_release_above_it():
    # Log-densities may be negative.
    assert alarms([-1.0, -3.0], AlarmRule(-2.0, release=0.5)).tolist() == [True, False]


@pytest.mark.parametrize(
    "wrong", [{"smooth": 0}, {"least": 0}, {"smooth": 1.5}, {"release": 0}, {"release": 1.1}, {"least": True}]
)
def test_numbers_out_of_range_are_refused(wrong):
    with pytest.raises(ValueError, match=f"`{next(iter(wrong))}` must be"):
        AlarmRule(1.0, **wrong)
    assert AlarmRule(math.inf).to_dict() == {"threshold": math.inf, "smooth": 1, "release": 1.0, "least": 1}
