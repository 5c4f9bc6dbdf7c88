"""Intervals of filled numbers hold the share that they promise."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from vectors_of import vectors

from kerasae import PCA
from kerasae.applications._conformal import Conformal
from kerasae.applications.imputation import Imputer
from kerasae.baselines import TablePCA
from kerasae.data._data import NO_ROWS
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing


def test_an_interval_of_any_codec_holds_what_it_says(digits):
    rng = np.random.default_rng(0)
    factors, noise = rng.normal(size=(3000, 3)) @ rng.normal(size=(3, 8)), rng.normal(size=(3000, 8))
    continuous = vectors((factors + 0.5 * noise).astype("float32"), rows=(1000, 1000))
    # 1,600 hidden cells in 1,000 rows, and as many rows to learn the widths from: 0.04 is three standard
    # errors at the worst. Pixels that are always 0 are always held, so digits may hold more.
    for data, share in ((continuous, 0.5), (continuous, 0.9), (digits, 0.9)):
        imputer = Imputer(PCA(3).fit(data), interval=share).fit(data)
        held = imputer.report(data, None).figures["coverage"]
        assert abs(held - share) < (0.05 if data is digits else 0.04)


def test_conformal_holds_the_share_that_theory_gives():
    # The share held by 99 calibration values at 90 % has mean 0.9 exactly.
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(300):
        truth = rng.standard_exponential((99, 1))
        zero = np.zeros_like(truth)
        conformal = Conformal(0.9).fit(zero, zero, truth, np.ones_like(truth, bool))
        fresh = rng.standard_exponential((1000, 1))
        low, high = conformal.apply(np.zeros_like(fresh), np.zeros_like(fresh))
        shares.append(((low <= fresh) & (fresh <= high)).mean())
    assert abs(np.mean(shares) - 0.9) < 0.006


@pytest.mark.parametrize(("blocks", "level"), [(10, 0.78), (20, 0.89)])
def test_the_share_is_kept_on_average_where_blocks_of_rows_go_wrong_together(blocks, level):
    """An odd block is odd in all of its rows; counted as rows of their own, they hold less than they say."""
    block, rng = 6, np.random.default_rng(blocks)
    shares = {1: [], block: []}
    for _ in range(4000):
        rows = rng.standard_t(2, (blocks + 1, 1)) + 0.01 * rng.normal(size=(blocks + 1, block))
        truth, new = rows[:-1].reshape(-1, 1), rows[-1:].reshape(-1, 1)
        for counted, found in shares.items():
            conformal = Conformal(level, counted)
            conformal.fit(truth * 0, truth * 0, truth, np.ones_like(truth, bool))
            low, high = conformal.apply(new * 0, new * 0)
            found.append(((low <= new) & (new <= high)).mean())
    error = 3 * np.std(shares[block]) / np.sqrt(4000)
    assert level - error <= np.mean(shares[block]) <= level + 1 / blocks + error
    assert np.mean(shares[1]) < level - error


@pytest.mark.parametrize(("rows", "needed"), [(3, 9), (8, 9), (18, 19)])
def test_intervals_that_theory_makes_infinite_are_none(rows, needed):
    level = needed / (needed + 1)
    truth = np.random.default_rng(0).normal(size=(rows, 2))
    conformal = Conformal(level).fit(truth * 0, truth * 0, truth, np.ones_like(truth, bool))
    assert np.isinf(conformal.widening_).all()
    assert np.isnan(conformal.apply(truth, truth)).all()
    assert (
        f"at least {needed} calibration rows, which no training saw, and there are {rows}" in conformal.lack
    )
    enough = np.random.default_rng(0).normal(size=(needed, 2))
    conformal = Conformal(level).fit(enough * 0, enough * 0, enough, np.ones_like(enough, bool))
    # Of so many rows the largest value: of both columns, as 30 rows make a quantile of a column's own.
    assert conformal.lack == "" and (conformal.widening_ == np.abs(enough).max()).all()


def test_without_calibration_rows_there_are_no_intervals_and_the_page_says_so(digits):
    bare = dataclasses.replace(digits, calibration=NO_ROWS)
    imputer = Imputer(PCA(8).fit(digits)).fit(bare)
    found = imputer.report(bare, None)
    assert found.figures["coverage"] is None and found.figures["mean_width"] is None
    assert any(
        "There are no 90% intervals" in sentence and "there are 0;" in sentence
        for _, sentence in found.sentences
    )
    assert len(imputer.draw(digits.test.head(3), draws=2, mask=np.eye(8, dtype=bool))) == 2


def test_after_a_training_on_validation_rows_neither_choices_nor_intervals_look_at_them(digits):
    one = Imputer(PCA(8).fit(digits)).fit(digits.joined())
    wrong = Split(digits.calibration.examples[::-1][:, ::-1])
    joined = dataclasses.replace(digits.joined(), validation=NO_ROWS)
    spoiled = Imputer(PCA(8).fit(digits)).fit(dataclasses.replace(joined, calibration=wrong))
    assert np.isfinite(one._conformal.widening_).all()
    assert (one._conformal.widening_ != spoiled._conformal.widening_).any()


def test_intervals_of_dates_are_in_the_time_zone_of_their_column():
    rng = np.random.default_rng(0)
    z = rng.normal(size=400)
    day = pd.Timestamp("2020-06-01", tz="Asia/Tokyo") + pd.to_timedelta(np.round(600 * z), unit="min")
    data = from_frame(pd.DataFrame({"z": z, "day": day.where(z > -2)}))
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    imputer = Imputer(TablePCA(1, indicators=True).fit(data), most=200).fit(data)
    raw = data.test.examples.copy()
    raw["day"] = raw["day"].mask(raw["day"].notna())
    filled, low, high = imputer.intervals(raw)
    # Before: the ends were in UTC and had no time zone, so they could not be compared.
    assert low["day"].dt.tz == high["day"].dt.tz == day.tz
    # The interval of a reconstruction is as wide to both sides; few are brought to the range of the column.
    middle = low["day"] + (high["day"] - low["day"]) / 2
    assert (middle - filled["day"]).abs().median() < pd.Timedelta(1, "min")
