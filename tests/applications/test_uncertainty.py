"""uncertainty: spread over the posterior, and intervals that hold what they say on held-out rows."""

import keras
import numpy as np
import pandas as pd
import pytest

from kerasae import PCA, Recipe, train
from kerasae.applications.uncertainty import Uncertainty
from kerasae.data import Data
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.losses.gaussian import Gaussian
from kerasae.preprocessing.identity import Identity
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.spec import Spec


@pytest.fixture(scope="module")
def model(digits):
    recipe = Recipe.of("variational", latent_dim=6, network={"widths": [48]}, train={"epochs": 15})
    built = recipe.build(digits)
    train(built, digits, **recipe.train)
    return built


@pytest.fixture(scope="module")
def uncertainty(model, digits):
    return Uncertainty(model, samples=50).fit(digits)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(1500, 2))
    frame = pd.DataFrame(
        {
            # The noise of the first grows with its value: one scale a column cannot say that.
            "first": z[:, 0] + 0.3 * np.abs(z[:, 0]) * rng.normal(size=1500),
            "second": 100 * z[:, 1] + 10 * rng.normal(size=1500),
            "both": z.sum(axis=1) + 0.2 * rng.normal(size=1500),
            "whole": np.round(4 * z[:, 0]).astype(int),
            "word": np.where(z[:, 1] > 0, "high", "low"),
        }
    )
    frame.loc[rng.random(1500) < 0.1, "second"] = np.nan
    data = from_frame(frame)
    return data.with_preprocessor(TablePreprocessing(data.spec))


@pytest.fixture(scope="module")
def table_model(table):
    recipe = Recipe.of("variational", latent_dim=2, network={"widths": [48]}, train={"epochs": 20})
    built = recipe.build(table)
    train(built, table, **recipe.train)
    return built


def test_ninety_percent_intervals_hold_ninety_percent_of_held_out_pixels(uncertainty, digits):
    low, high = uncertainty.intervals(digits.test.examples)
    held = ((low <= digits.test.examples) & (digits.test.examples <= high)).mean()
    assert 0.85 <= held <= 0.95


@pytest.mark.parametrize("level", [0.7, 0.9])
def test_so_do_those_of_each_column(table_model, table, level):
    # 300 test rows: three standard errors of a share, of the rows that judge and of those that calibrate.
    uncertainty = Uncertainty(table_model, samples=50, interval=level).fit(table)
    raw = table.test.examples
    low, high = uncertainty.intervals(raw)
    for name in ("first", "second", "both", "whole"):
        there = raw[name].notna()
        held = ((low[name] <= raw[name]) & (raw[name] <= high[name]))[there].mean()
        slack = 3 * np.sqrt(level * (1 - level) * (1 / there.sum() + 1 / len(table.calibration)))
        assert abs(held - level) < slack
    total = uncertainty.report(table, None).figures["coverage"]
    assert abs(total - level) < 0.06


def test_the_spread_of_a_linear_decoder_in_closed_form():
    # x = w z with z ~ N(m, s^2) spreads by |w| s, and its score over draws is a known quadratic.
    class Linear:
        generative = True
        latent_dim = 1

        def __init__(self, spec):
            self.preprocessor = Identity(spec)
            self.reconstruction_loss = Gaussian(0.5)
            self.decoder = keras.Sequential([keras.Input((1,)), keras.layers.Dense(2, use_bias=False)])
            self.decoder.layers[0].set_weights([np.array([[1.0, -3.0]], "float32")])

        def posterior(self, x):
            return x[:, :1], 0.0 * x[:, :1] + np.log(0.04)

    spec = Spec("vector", (2,))
    x = np.random.default_rng(0).normal(size=(60, 2)).astype("float32")
    splits = Split(x[:20]), Split(x[:0]), Split(x[50:])
    data = Data("vectors", spec, *splits, calibration=Split(x[20:50])).with_preprocessor(Identity(spec))
    uncertainty = Uncertainty(Linear(spec), samples=20_000).fit(data)
    spread = uncertainty._spread(x[50:])
    # 0.5 % is the standard error of a deviation from 20,000 draws.
    np.testing.assert_allclose(spread.deviation, np.tile([0.2, 0.6], (10, 1)), rtol=0.03)
    mean, _ = uncertainty.score_samples(x[50:])
    bias = np.square(x[50:] - x[50:, :1] * [1, -3]).sum(axis=1)
    expected = (bias + 0.04 * 10) / (2 * 0.25) + 2 * np.log(0.5) + np.log(2 * np.pi)
    np.testing.assert_allclose(mean, expected, rtol=0.02, atol=0.05)


def test_stored_intervals_are_the_fitted_ones(uncertainty, digits, tmp_path):
    uncertainty.save(tmp_path / "kept")
    loaded = Uncertainty.load(tmp_path / "kept", uncertainty.codec)
    # A graph for one number of rows rounds differently, so it must not depend on what was computed before.
    raw = digits.test.head(37)
    for verb in ("intervals", "score_samples"):
        for one, other in zip(getattr(uncertainty, verb)(raw), getattr(loaded, verb)(raw), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_row_like_no_other_scores_worse_and_draws_follow_from_the_seed(uncertainty, digits):
    raw = digits.test.examples
    noise = np.random.default_rng(0).integers(0, 17, raw.shape).astype(raw.dtype)
    assert uncertainty.score_samples(noise)[0].mean() > uncertainty.score_samples(raw)[0].mean()
    for one, again in zip(uncertainty.score_samples(raw), uncertainty.score_samples(raw), strict=True):
        np.testing.assert_array_equal(one, again)
    assert uncertainty.predict(raw).dtype == raw.dtype


def test_image_files(uncertainty, digits, tmp_path):
    finding = uncertainty.report(digits, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"uncertainty.csv", "cells.npz", "spread.png"}
    rows = pd.read_csv(tmp_path / "uncertainty.csv")
    mean, deviation = uncertainty.score_samples(digits.test.examples)
    np.testing.assert_allclose(rows["score_mean"], mean, rtol=1e-4)
    np.testing.assert_allclose(rows["score_std"], deviation, rtol=1e-3)
    np.testing.assert_array_equal(rows["label"], digits.test.labels)
    held = finding.figures["coverage"]
    np.testing.assert_allclose(1 - rows["outside"].mean(), held, atol=1e-6)
    with np.load(tmp_path / "cells.npz") as cells:
        # Over the range of the raw pixels, 16.
        np.testing.assert_allclose(cells["std"].mean() / 16, rows["cell_std"].mean(), rtol=1e-3)


def test_table_files(table_model, table, tmp_path):
    Uncertainty(table_model, samples=20).fit(table).report(table, tmp_path)
    cells = pd.read_csv(tmp_path / "cells.csv")
    raw = table.test.examples
    assert len(cells) == raw.size
    second = cells[cells["column"] == "second"]
    np.testing.assert_allclose(second["value"].astype(float), raw["second"], rtol=1e-4, atol=1e-3)
    deviation = second["std"] / (second["high"].astype(float) - second["low"].astype(float))
    # Both are in the units of the column.
    assert 0.05 < deviation.median() < 1
    assert cells.loc[cells["column"] == "word", "low"].isna().all()


def test_a_codec_without_posterior_is_refused(digits, build):
    assert not Uncertainty.refusal(build("variational"))
    for codec in (PCA(2), build("undercomplete")):
        assert "posterior" in Uncertainty.refusal(codec)


@pytest.mark.parametrize("arguments", [{"samples": 1}, {"interval": 0.0}, {"most": 0}])
def test_arguments_out_of_range(arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        Uncertainty(PCA(2), **arguments)
