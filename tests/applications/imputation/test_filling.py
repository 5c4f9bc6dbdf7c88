"""Gaps are filled by the posterior, and what is there stays."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from vectors_of import vectors

from kerasae import PCA, Recipe, train
from kerasae.applications._conformal import Conformal
from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.iterated import Iterated
from kerasae.applications._filling.posterior import (
    Posterior,
    drawn,
    even_points,
    expected,
    normalised,
    resampled,
)
from kerasae.applications._filling.weighed import Weighed
from kerasae.applications.imputation import Imputer
from kerasae.baselines import TablePCA
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.losses.columns import Columns
from kerasae.preprocessing.identity import Identity
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.spec import Column, Spec


@pytest.fixture(scope="module")
def frame():
    """Columns of every kind that follow from two hidden numbers, with gaps."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(500, 2))
    frame = pd.DataFrame(
        {
            "number": 10 + 3 * z[:, 0],
            "sum": z[:, 0] + z[:, 1] + 0.1 * rng.normal(size=500),
            "count": pd.Series(np.round(5 * z[:, 1])).astype("Int64"),
            "flag": pd.Series(z[:, 0] > 0).astype("boolean"),
            "word": np.where(z[:, 1] > 0, "high", "low"),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.round(30 * z[:, 0]), unit="D"),
        }
    ).set_axis([f"row {number}" for number in range(500)])
    for name in frame:
        frame.loc[rng.random(500) < 0.1, name] = pd.NA
    return frame


@pytest.fixture(scope="module")
def table(frame):
    data = from_frame(frame)
    return data.with_preprocessor(TablePreprocessing(data.spec))


@pytest.fixture(scope="module")
def model(table):
    recipe = Recipe.of("variational", latent_dim=3, network={"widths": [48]}, train={"epochs": 40})
    built = recipe.build(table)
    train(built, table, **recipe.train)
    return built


@pytest.fixture(scope="module")
def imputer(model, table):
    return Imputer(model, samples=50, most=300).fit(table)


def test_pca_finds_what_lies_in_its_plane():
    # x = z W without noise: the seen cells say what the hidden ones are, to rounding.
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(1000, 2)) @ rng.normal(size=(2, 8))).astype("float32")
    data = vectors(x)
    imputer = Imputer(PCA(2).fit(data), rounds=1000, hidden=0.1).fit(data)
    holes = x[800:].copy()
    missing = np.zeros(holes.shape, bool)
    missing[np.arange(200), rng.integers(8, size=200)] = True
    holes[missing] = np.nan
    filled = imputer.transform(holes)
    typical = np.square(x[800:] - x.mean(axis=0))[missing].mean()
    assert np.square(filled - x[800:])[missing].mean() < 1e-3 * typical
    np.testing.assert_array_equal(filled[~missing], holes[~missing])


class LinearGaussian:
    """`x = z W' + noise` with the exact posterior of the cells that are seen as 1 and 2."""

    generative = True
    latent_dim = 1

    def __init__(self, spec, scale):
        import keras

        from kerasae.losses.gaussian import Gaussian

        self.preprocessor = Identity(spec)
        self.reconstruction_loss = Gaussian(scale)
        self.weight = np.array([[1.0, -0.5, 2.0]], "float32")
        self.decoder = keras.Sequential([keras.Input((1,)), keras.layers.Dense(3, use_bias=False)])
        self.decoder.layers[0].set_weights([self.weight])

    def posterior(self, x):
        # A wide guess that looks at nothing: the weights have all to do.
        return 0.0 * x[:, :1], 0.0 * x[:, :1] + np.log(1.5)

    def transform(self, raw):
        return np.asarray(raw)[:, :1]

    def decode(self, codes):
        return np.asarray(codes) @ self.weight


def test_the_weights_give_the_posterior_in_closed_form():
    # p(x_3 | x_1, x_2) of a linear Gaussian model is known; 20,000 draws come within two percent.
    scale, spec = 0.5, Spec("vector", (3,))
    model = LinearGaussian(spec, scale)
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(900, 1)) @ model.weight + scale * rng.normal(size=(900, 3))).astype("float32")
    data = vectors(x)
    cells = Cells(data.spec, data.preprocessor).fit(data)
    filling = Weighed(Posterior(model, 20_000, 0), cells, Iterated(model, cells, False, 0), 0.9)
    rows, missing = x[:6], np.zeros((6, 3), bool)
    missing[:, 2] = True
    seen, weight = rows[:, :2].astype("float64"), model.weight[0].astype("float64")
    precision = 1 + (weight[:2] ** 2).sum() / scale**2
    mean = weight[2] * (seen @ weight[:2]) / scale**2 / precision
    deviation = np.sqrt(weight[2] ** 2 / precision + scale**2)
    filled = filling.fill(rows, missing)
    np.testing.assert_allclose(filled.x[:, 2], mean, atol=0.05)
    np.testing.assert_array_equal(filled.x[:, :2], rows[:, :2])
    draws = filling.draw(rows, missing, 4000, np.random.default_rng(1))[:, :, 2]
    # Standard errors of 4,000 draws: 0.018 of the mean, 0.013 of the deviation.
    np.testing.assert_allclose(draws.mean(axis=0), mean, atol=0.09)
    np.testing.assert_allclose(draws.std(axis=0), deviation, atol=0.06)


def test_cells_that_are_there_stay_to_the_bit(imputer, table):
    raw = table.test.examples
    there = raw.notna()
    for filled in (imputer.transform(raw), *imputer.draw(raw, draws=2, seed=1)):
        assert not filled.isna().any().any()
        pd.testing.assert_series_equal(filled.dtypes, raw.dtypes)
        pd.testing.assert_index_equal(filled.index, raw.index)
        for name in raw:
            assert (filled[name][there[name]] == raw[name][there[name]]).all()


@pytest.mark.parametrize("posterior", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_stored_imputer_fills_and_draws_as_the_fitted_one(posterior, request, table, tmp_path):
    if posterior:
        fitted = request.getfixturevalue("imputer")
    else:
        fitted = Imputer(TablePCA(1, indicators=True).fit(table), rounds=2, most=50).fit(table)
    fitted.save(tmp_path / "kept")
    loaded = Imputer.load(tmp_path / "kept", fitted.codec)
    raw = table.test.examples[:40]
    before, after = ([*one.intervals(raw), *one.draw(raw, draws=2, seed=1)] for one in (fitted, loaded))
    for one, other in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_a_row_is_filled_alone_as_it_is_among_others(imputer, table):
    raw = table.test.examples
    together = imputer.intervals(raw)
    gaps = raw.isna().to_numpy()
    for number in np.flatnonzero(gaps.any(axis=1))[:5]:
        alone = imputer.intervals(raw.iloc[[number]])
        for one, all_rows in zip(alone, together, strict=True):
            # To rounding: products of matrices of one row and of many are summed in another order.
            pd.testing.assert_frame_equal(one, all_rows.iloc[[number]], rtol=1e-4)


def test_draws_differ_in_the_gaps_and_follow_from_the_seed(imputer, table):
    raw = table.test.examples
    one, two = imputer.draw(raw, draws=2, seed=3)
    again = imputer.draw(raw, draws=2, seed=3)[0]
    pd.testing.assert_frame_equal(one, again)
    gaps = raw["number"].isna()
    assert gaps.any() and (one["number"] != two["number"])[gaps].all()


def test_it_beats_mean_and_mode_and_says_so(imputer, table):
    finding = imputer.report(table, None)
    figures = finding.figures
    assert figures["error"] < 0.6 * figures["error_of_mean"]
    assert figures["categories_wrong"] < figures["wrong_of_mode"]
    # About 110 hidden numbers: three standard errors of a share of 0.9.
    assert abs(figures["coverage"] - 0.9) < 0.09


def test_a_row_looked_at_ten_times_counts_once():
    # Three rows, each ten times: thirty values, and no more known of new rows than three rows tell.
    truth = np.repeat([[1.0], [2.0], [3.0]], 10, axis=0)
    zero, rows = np.zeros_like(truth), np.repeat(np.arange(3), 10)
    there = np.ones_like(truth, bool)
    assert np.isinf(Conformal(0.9).fit(zero, zero, truth, there, rows).widening_).all()
    assert Conformal(0.7).fit(zero, zero, truth, there, rows).widening_ == [3.0]
    # Coverage over 400 calibrations of 12 rows with one to ten values: 0.9 or a little more, never less.
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(400):
        counts = rng.integers(1, 11, 12)
        centres = rng.normal(size=12)
        rows = np.repeat(np.arange(12), counts)
        values = (centres[rows] + 0.1 * rng.normal(size=len(rows)))[:, None]
        zero = np.zeros_like(values)
        conformal = Conformal(0.9).fit(zero, zero, values, np.ones_like(values, bool), rows)
        fresh = rng.normal(size=1000) + 0.1 * rng.normal(size=1000)
        shares.append((np.abs(fresh) <= conformal.widening_[0]).mean())
    # 12 rows allow 12/13 = 0.923; a standard error is 0.0035.
    assert 0.9 <= np.mean(shares) <= 0.94


def test_a_mask_says_where_pixels_are_missing(digits):
    imputer = Imputer(PCA(8).fit(digits)).fit(digits)
    raw = digits.test.head(20)
    mask = np.zeros(raw.shape[1:3], bool)
    mask[2:5, 2:5] = True
    blotted = raw.copy()
    blotted[:, mask] = 255
    filled, low, high = imputer.intervals(blotted, mask=mask)
    assert filled.dtype == raw.dtype
    np.testing.assert_array_equal(filled[:, ~mask], blotted[:, ~mask])
    np.testing.assert_array_equal(filled, imputer.transform(raw, mask=mask))
    assert np.isnan(low[:, ~mask]).all() and (low[:, mask] <= high[:, mask]).all()
    with pytest.raises(ValueError, match="`mask` must have the shape"):
        imputer.transform(raw, mask=np.zeros((3, 3), bool))


def test_few_images_decide_together_whether_the_mean_fills_them_better(digits):
    """Of 8 images no pixel has 30 hidden cells, however often they are repeated."""
    few = dataclasses.replace(digits, validation=digits.validation.rows(slice(8)))
    white = np.random.default_rng(0).integers(14, 17, (300, *digits.spec.shape)).astype(digits.spec.dtype)
    codecs = {"poor": PCA(1).fit(dataclasses.replace(digits, train=Split(white))), "good": PCA(8).fit(digits)}
    raw = digits.test.head(20)
    mask = np.zeros(raw.shape[1:3], bool)
    mask[2:5, 2:5] = True
    imputers = {name: Imputer(codec).fit(few) for name, codec in codecs.items()}
    learnt = np.concatenate([few.train.examples, few.validation.examples])
    mean = np.broadcast_to(np.rint(learnt.mean(axis=0)), raw.shape)[:, mask]
    made = {name: imputer.transform(raw, mask=mask)[:, mask] for name, imputer in imputers.items()}
    np.testing.assert_array_equal(made["poor"], mean)
    error = np.square(made["good"] - raw[:, mask].astype(float)).mean()
    assert error < 0.8 * np.square(mean - raw[:, mask]).mean()


def test_draws_of_other_codecs_are_as_far_apart_as_residuals(digits):
    imputer = Imputer(PCA(8).fit(digits), hidden=0.3).fit(digits)
    raw = digits.test.examples
    mask = np.random.default_rng(0).random(raw.shape[:3]) < 0.3
    one, two = (drawn.astype("float64") for drawn in imputer.draw(raw, draws=2, seed=0, mask=mask))
    error = np.square(imputer.transform(raw, mask=mask) - raw.astype("float64"))[mask].mean()
    # Two independent residuals: half their squared difference is the variance (clipped to the range).
    assert 0.6 < np.square(one - two)[mask].mean() / 2 / error < 1.2
    np.testing.assert_array_equal(one[~mask], raw[~mask])


def test_table_files(imputer, table, tmp_path):
    imputer.report(table, tmp_path)
    raw = table.test.examples
    filled = pd.read_csv(tmp_path / "filled.csv", index_col=0)
    assert [*filled] == [*raw] and [*filled.index] == [*raw.index] and not filled.isna().any().any()
    intervals = pd.read_csv(tmp_path / "intervals.csv")
    assert [*intervals] == ["row", "column", "value", "low", "high", "confidence"]
    assert len(intervals) == raw.isna().sum().sum()
    numbers = intervals[intervals["column"] == "number"].astype({"value": float, "low": float, "high": float})
    assert ((numbers["low"] <= numbers["value"]) & (numbers["value"] <= numbers["high"])).all()
    words = intervals[intervals["column"].isin(["word", "flag"])]
    assert words["low"].isna().all() and words["confidence"].between(0.3, 1).all()
    assert intervals.drop(words.index)["confidence"].isna().all()


def test_a_filled_category_is_right_as_often_as_its_confidence_says(imputer, table):
    raw = table.test.examples
    there = raw.notna().to_numpy()
    rng, told, right = np.random.default_rng(0), [], []
    for _ in range(20):
        mask = (rng.random(raw.shape) < 0.2) & there
        filled, confidence = imputer.transform(raw, mask=mask), imputer.confidence(raw, mask=mask)
        assert np.isnan(confidence[~mask & there]).all()
        for number, name in ((3, "flag"), (4, "word")):
            rows = mask[:, number]
            told += [*confidence[rows, number]]
            right += [*(filled[name] == raw[name])[rows]]
    # About 800 cells of 100 rows: three standard errors of a share.
    assert len(told) > 500 and 0.6 < np.mean(told) < 0.99
    assert np.mean(told) == pytest.approx(np.mean(right), abs=0.08)


def test_rows_that_no_training_saw(imputer, frame):
    strange = pd.DataFrame(
        {name: [None] for name in frame} | {"word": ["new"], "other": ["kept"]}, index=["alone"]
    )
    with pytest.warns(UserWarning, match="ignored"):
        filled = imputer.transform(strange)
    assert filled.loc["alone", "word"] == "new" and filled.loc["alone", "other"] == "kept"
    assert not filled.isna().any().any()


class Named(Split):
    """Rows with names, as of files."""

    names = ()


def test_pictures_of_one_stem_are_files_of_their_own(digits, tmp_path):
    """Where x.png and x.jpg, and a/x.png and a_x.png, were written over each other."""
    imputer = Imputer(PCA(4).fit(digits), rounds=1, most=50).fit(digits)
    few = Named(digits.test.examples[:4])
    few.names = ["x.png", "x.jpg", "a/x.png", "a_x.png"]
    imputer.report(dataclasses.replace(digits, test=few), tmp_path)
    written = {str(path.relative_to(tmp_path / "filled")) for path in (tmp_path / "filled").rglob("*.png")}
    assert written == {"x.png.png", "x.jpg.png", "a/x.png", "a_x.png"}


def test_image_files(digits, tmp_path):
    np.save(tmp_path / "mask.npy", np.eye(8, dtype=bool))
    imputer = Imputer(PCA(4).fit(digits), mask=str(tmp_path / "mask.npy")).fit(digits)
    few = dataclasses.replace(digits, test=digits.test.rows(slice(30)))
    imputer.report(few, tmp_path)
    assert len([*(tmp_path / "filled").glob("*.png")]) == 30
    with np.load(tmp_path / "filled.npz") as found:
        there = ~found["missing"]
        assert found["missing"].sum() == 30 * 8
        np.testing.assert_array_equal(found["filled"][there], few.test.examples[there])


def test_categories_are_drawn_by_their_odds():
    spec = Spec(
        "table",
        (2,),
        "mixed",
        columns=(Column("word", "category", "str", ("a", "b")), Column("flag", "boolean", "bool")),
    )
    loss = Columns(spec)
    # Code 0, of unknown values, is the likeliest and never the answer; then odds of 1 to 3, and 3 to 1.
    params = np.tile(np.array([5.0, 0.0, np.log(3), np.log(3)], "float32"), (4000, 1, 1))
    found = drawn(loss, params, np.random.default_rng(0).random((4000, 1, 2)))[:, 0]
    assert abs((found[:, 0] == 2).mean() - 0.75) < 0.03 and abs(found[:, 1].mean() - 0.75) < 0.03
    assert set(found[:, 0]) == {1, 2}
    mean = expected(loss, params, np.full((4000, 1), 1 / 4000))
    np.testing.assert_allclose(mean, [[2, 0.75]], rtol=1e-5)


def test_resampling_follows_the_weights():
    params = np.arange(3.0)[:, None, None]
    weights = normalised(np.log([[1.0], [2.0], [5.0]]))
    found = resampled(params, weights, even_points(800, (1,), np.random.default_rng(0))).ravel()
    np.testing.assert_allclose(np.bincount(found.astype(int)) / 800, [0.125, 0.25, 0.625], atol=0.003)


@pytest.mark.parametrize("arguments", [{"hidden": 0.0}, {"interval": 1.0}, {"rounds": 0}, {"samples": 0}])
def test_arguments_out_of_range(digits, arguments):
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        Imputer(PCA(2), **arguments)


@pytest.mark.slow
def test_filled_numbers_keep_the_range_the_decimals_and_the_shared_values():
    rng = np.random.default_rng(0)
    z = rng.normal(size=1500)
    tolls = np.where(z > 1.0, np.round(5.76 + np.abs(rng.normal(size=1500)), 2), 0.0)
    # Nothing tells who tips, or how much: the model errs as much as the mean, which fills this column.
    tips = np.where(rng.random(1500) < 0.4, 0.0, np.round(rng.gamma(3.0, 1.5, size=1500), 2))
    frame = pd.DataFrame({"z": np.round(z, 3), "fare": np.round(20 + 5 * z, 2), "tolls": tolls, "tips": tips})
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    recipe = Recipe.of("variational", latent_dim=2, network={"widths": [24]}, train={"epochs": 15})
    model = recipe.build(data)
    train(model, data, **recipe.train)
    real = data.train.examples
    holes = data.test.examples.copy()
    holes["tolls"] = np.nan
    for codec in (model, TablePCA(1, indicators=True).fit(data)):
        imputer = Imputer(codec, samples=50, most=300).fit(data)
        for filled in (imputer.transform(holes), *imputer.draw(holes, draws=2)):
            # Before: half of the filled tolls were negative, and none was 0. The share rests on rows of which
            # other columns were hidden too, so it is not exact.
            assert (filled["tolls"] == 0).mean() == pytest.approx((real["tolls"] == 0).mean(), abs=0.15)
            assert filled["tolls"].min() == 0 and filled["tolls"].max() <= real["tolls"].max()
            assert (filled["tolls"].round(2) == filled["tolls"]).all()
        # It is known from the other columns who pays.
        paid = data.test.examples["tolls"] > 0
        assert (imputer.transform(holes)["tolls"] > 0)[paid].mean() > 0.6
        drawn = pd.concat(imputer.draw(data.test.examples.assign(tips=np.nan), draws=20))["tips"]
        # They rest on 79 hidden cells of calibration rows: the standard errors are a tenth of the deviation,
        # 0.055 of the share of zeros and 0.9 of the quantile. Before: 8.0 and 4.8; 0.65 and 0.62; 16.7 twice.
        assert drawn.std() == pytest.approx(real["tips"].std(), rel=0.3)
        assert (drawn == 0).mean() == pytest.approx((real["tips"] == 0).mean(), abs=0.17)
        assert drawn.quantile(0.95) == pytest.approx(real["tips"].quantile(0.95), abs=2.7)


def test_missforest_stands_beside_the_model_on_the_same_hidden_cells(model, table):
    imputer = Imputer(model).fit(table)
    ours = imputer.report(table, None)
    (name, theirs), *others = imputer.beside(table).items()
    assert (name, others) == ("iterated-forest", [])
    assert theirs.decisive == ours.decisive == "error"
    # The same cells: as many, and the mean errs as much on them.
    for key in ("hidden_cells", "error_of_mean", "wrong_of_mode"):
        assert theirs.figures[key] == ours.figures[key]
    assert theirs.figures["coverage"] is None
    assert 0 < theirs.figures["error"] < theirs.figures["error_of_mean"]
