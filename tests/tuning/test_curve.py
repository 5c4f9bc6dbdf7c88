"""The curve over code sizes: its knee, and what is said of it."""

import dataclasses
import re

import numpy as np
from kerasae.tuning import (
    Curve,
    Point,
    baseline_values,
    objective,
    recommendation,
    trade_off,
)
from kerasae.tuning.trials import Trial, write_rows

from kerasae.metrics import RowSums


def curve(*rows, lower=True, errors=None):
    errors = {"pca": 0.0} if errors is None else errors
    points = tuple(Point(size, value, n, {"pca": pca}, errors) for n, (size, value, pca) in enumerate(rows))
    return Curve(points, lower, "validation error", {"pca": "PCA"})


def test_the_knee_is_where_the_curve_bends():
    bent = curve((2, 1.0, 2.0), (4, 0.6, 1.0), (8, 0.1, 0.5), (16, 0.095, 0.2), (32, 0.09, 0.1))
    assert bent.knee() == 8
    # A straight line over the logarithm has none.
    # The code of 16 does what that of 8 does.
    assert curve((2, 1.0, 2), (4, 0.3, 1), (8, 0.2, 0.5), (16, 0.5, 0.2)).enough() == 8
    straight = curve((2, 4.0, 5), (4, 3.0, 5), (8, 2.0, 5), (16, 1.0, 5))
    assert straight.knee() is None and straight.recommended() == 16
    # One larger code that came out worse bends nothing: a smaller one does as well.
    assert curve((2, 1.0, 2), (4, 0.6, 1), (8, 0.1, 0.5), (16, 0.2, 0.2), (32, 0.09, 0.1)).knee() == 8


def test_what_is_said_is_so():
    level = curve((2, 1.0, 2.0), (4, 0.2, 0.4), (8, 0.199, 0.25))
    words = " ".join(sentence for _, sentence in recommendation(level))
    assert level.enough() == 4 and "More than 4 buys less than 2 %" in words and "50 % below PCA" in words
    worse = curve((2, 1.0, 2.0), (4, 0.5, 0.4))
    said = recommendation(worse)
    assert (False, "At 4 numbers PCA is better: validation error 0.5, 25 % above PCA.") in said
    perfect = " ".join(said for _, said in recommendation(curve((1, 0.8, 0.9), (2, 1.0, 1.0), lower=False)))
    assert "PCA is as good" in perfect and "levelled" not in perfect
    assert any("has not levelled off: 4 are 50 % better than 2" in sentence for _, sentence in said)


def test_a_flat_curve_has_no_use_for_larger_codes():
    """Its range is all noise: scaled to it, any curve bends somewhere."""
    flat = curve((2, 1.0, 2), (4, 0.998, 1), (8, 0.998, 0.5), (16, 0.998, 0.2))
    assert flat.knee() == 4 and flat.enough() == 2 == flat.recommended()
    (_, first), *_ = recommendation(flat)
    assert first.startswith("2 numbers, as good as any tried")


def test_of_a_difference_without_a_standard_error_nothing_is_claimed():
    unknown = curve((2, 0.90, 0.95), (4, 0.91, 0.90), lower=False, errors={})
    said = recommendation(unknown)
    assert not any("better" in sentence or "as good:" in sentence for _, sentence in said[:1])
    assert [sentence for good, sentence in said if not good] == [
        "At 2 numbers PCA is at least as good on these rows: validation error 0.9, PCA 0.95."
    ]
    lower = " ".join(sentence for _, sentence in recommendation(curve((2, 0.98, 1.0), errors={})))
    assert "0.98, PCA 1." in lower and "below" not in lower


def test_the_size_that_a_gain_is_over_is_named():
    said = recommendation(curve((2, 0.5, 9), (4, 0.3, 9), (8, 0.6, 9), (16, 0.2, 9)))
    assert any("16 are 33 % better than 4" in sentence for _, sentence in said)


def test_a_trial_that_the_number_of_epochs_ended_is_named(digits):
    def trial(number, size, epochs):
        figures = {aim.key: 1.0 / size, aim.figure: 1.0 / size, "epochs": epochs}
        return Trial(number, "COMPLETED", {"latent_dim": size}, {}, figures, (), 0.0, "")

    aim = objective("error", digits)
    trials = [trial(0, 2, 30.0), trial(1, 4, 12.0), trial(2, 8, 30.0), trial(3, 16, 30.0)]
    cut = trade_off(trials, aim, {}, epochs=30)
    assert [point.cut for point in cut.points] == [30, 0, 30, 30]
    good, sentence = recommendation(cut)[-1]
    assert not good and sentence.startswith("With 2, 8 and 16 numbers the last epoch")
    for known in (trade_off(trials, aim, {}, epochs=31), trade_off(trials, aim, {})):
        assert not any(point.cut for point in known.points)
        assert not any("last epoch" in sentence for _, sentence in recommendation(known))


def test_a_difference_within_two_standard_errors_is_none(digits, tmp_path):
    """A trial that is PCA with a little noise of its own on each row; its rows are read from its folder."""
    aim = objective("error", digits)
    rival = baseline_values([2], aim, digits)
    rows = rival[2]["pca"].rows
    said = {}
    for factor, spread in ((1.0, 0.3), (0.5, 0.3)):
        noise = np.random.default_rng(1).normal(factor, spread, len(rows.totals))
        mine = RowSums(rows.totals * noise, rows.counts)
        folder = tmp_path / str(factor) / "trial_0000"
        folder.mkdir(parents=True)
        write_rows(folder, {aim.figure: mine})
        trial = Trial(0, "COMPLETED", {"latent_dim": 2}, {}, {aim.figure: mine.value}, (), 0.0, "")
        curve = trade_off([trial], aim, rival, folder.parent)
        assert 0 < curve.points[0].errors["pca"] < 0.1 * mine.value
        said[factor] = recommendation(curve)
        equal = [dataclasses.replace(trial, number=n) for n in range(30)]
        assert trade_off(equal, aim, rival, folder.parent).points[0].tried == 30
    assert "a difference within two standard errors" in said[1.0][0][1]
    point = dataclasses.replace(curve.points[0], value=0.88 * curve.points[0].baselines["pca"])
    point = dataclasses.replace(point, errors={"pca": 0.05 * point.baselines["pca"]})
    for tried, words in ((1, "12 ± 5 % below PCA"), (30, "that the best of 30 trials may have by chance")):
        tried_so_often = dataclasses.replace(curve, points=(dataclasses.replace(point, tried=tried),))
        [(_, first), *_] = recommendation(tried_so_often)
        assert words in first
    assert said[1.0][-1][1].startswith("At 2 numbers PCA is as good") and not said[1.0][-1][0]
    assert len(said[0.5]) == 1 and re.search(r"5\d ± \d % below PCA", said[0.5][0][1])


def test_no_share_is_beyond_reading():
    [(_, said), *_] = recommendation(curve((2, 0.05, 1e-17)))
    assert said == "2 numbers, the only size tried: validation error 0.05, PCA 1e-17."
