"""Made rows of a table: ranges, decimals, shared values, order, gaps, and what they are held against."""

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from kerasae import Recipe, train
from kerasae.applications import Generation
from kerasae.applications._filling.values import TableValues
from kerasae.applications.generation._choice import energy_distance
from kerasae.applications.generation._copula import GaussianCopula
from kerasae.applications.generation._discrimination import told_apart
from kerasae.applications.generation._followers import Followers
from kerasae.applications.generation._sentences import on_the_distribution
from kerasae.data import Data, Split
from kerasae.data._split import drawn_rows
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


@pytest.fixture(scope="module")
def rides():
    """Rides as of taxis: an end after the beginning, cents, a toll that few pay, whole numbers, gaps."""
    rng = np.random.default_rng(0)
    rows = 1500
    minutes = rng.gamma(2.0, 8.0, rows)
    begin = pd.Timestamp("2019-03-01") + pd.to_timedelta(rng.integers(0, 30 * 86400, rows), unit="s")
    tolls = np.where(rng.random(rows) < 0.06 + 0.3 * (minutes > 40), 5.76, 0.0)
    frame = pd.DataFrame(
        {
            "begin": begin,
            "end": begin + pd.to_timedelta(np.round(60 * minutes + 20), unit="s"),
            "fare": np.round(2.5 + 0.8 * minutes + rng.exponential(1.0, rows), 2),
            "tolls": tolls,
            "children": rng.poisson(0.7, rows),
            "payment": rng.choice(["card", "cash", None], rows, p=[0.6, 0.3, 0.1]),
        }
    )
    data = from_frame(frame)
    return data.with_preprocessor(TablePreprocessing(data.spec))


def check(made, real):
    """Made rows have what training rows have."""
    assert (made.dtypes == real.dtypes).all() and [*made] == [*real]
    assert (made["end"] > made["begin"]).all()
    for name in ("begin", "fare", "tolls", "children"):
        assert made[name].min() >= real[name].min() and made[name].max() <= real[name].max()
    assert (made["fare"].round(2) == made["fare"]).all()
    assert not np.signbit(made["tolls"]).any()
    # Of 1,000 rows a share of 0.9 has a standard error of 0.01.
    assert (made["tolls"] == 0).mean() == pytest.approx((real["tolls"] == 0).mean(), abs=0.05)
    assert (made["children"] == 0).mean() == pytest.approx((real["children"] == 0).mean(), abs=0.06)
    assert made["payment"].isna().mean() == pytest.approx(real["payment"].isna().mean(), abs=0.05)
    assert not made.drop(columns="payment").isna().any().any()


def test_noisy_numbers_become_values_of_their_columns(rides):
    draw = np.random.default_rng(1)
    x = np.nan_to_num(rides.x("train"))
    noisy = x + np.where(np.arange(x.shape[1]) < 5, 0.3, 0.0) * draw.normal(size=x.shape)
    noisy = noisy.astype("float32")
    values, followers = TableValues(rides).fit(noisy), Followers(rides).fit(noisy)
    made = values.rounded(followers.apply(values.frame(noisy), noisy))
    check(values.with_gaps(made, np.isnan(rides.x("train"))), rides.train.examples)


@pytest.mark.parametrize(
    ("zones", "follows"),
    [
        ((None, None), True),
        (("Europe/Berlin", "Europe/Berlin"), True),
        (("UTC", "Asia/Tokyo"), True),
        # A moment without a zone is neither before nor after one that has one.
        ((None, "Europe/Berlin"), False),
    ],
)
def test_an_end_follows_its_beginning_in_any_time_zone(rides, zones, follows):
    frame = rides.train.examples[["begin", "end"]].copy()
    for name, zone in zip(frame, zones, strict=True):
        if zone is not None:
            frame[name] = frame[name].dt.tz_localize("UTC").dt.tz_convert(zone)
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    noisy = data.x("train") + 0.3 * np.random.default_rng(1).normal(size=data.x("train").shape)
    noisy = noisy.astype("float32")
    made = Followers(data).fit(noisy).apply(TableValues(data).fit(noisy).frame(noisy), noisy)
    assert (made.dtypes == frame.dtypes).all()
    begin, end = (pd.to_datetime(made[name], utc=True) for name in frame)
    # The shortest ride takes 20 seconds; alone, a third of the ends come before their beginning.
    assert bool((end - begin).min() >= pd.Timedelta(20, "s")) == follows


@pytest.mark.slow
def test_samples_of_a_model_are_rows_of_the_table(rides):
    recipe = Recipe.of("variational", latent_dim=3, network={"widths": [32]}, train={"epochs": 30})
    model = recipe.build(rides)
    train(model, rides, **recipe.train)
    app = Generation(model).fit(rides)
    check(app.sample(1000, seed=1), rides.train.examples)
    # Of one code the numbers vary as the likelihood says; means would all be the same.
    codes = np.repeat(model.transform(rides.test.examples[:1]), 2000, axis=0)
    numbers = [i for i, one in enumerate(rides.spec.features) if one.kind in ("number", "date")]
    scales = np.exp(np.array(model.decoder(codes[:1]))[0, -len(numbers) :])
    np.testing.assert_allclose(app._sampler._rows._x(codes, 5)[:, numbers].std(axis=0), scales, rtol=0.1)
    finding = app.report(rides, None)
    # Rows of means, as they were, are told from real ones without fail (AUC 1.00).
    assert finding.figures["told_from_real"] < 0.85 and finding.figures["copula_told_from_real"] > 0.5
    made, _ = app.augment(rides.test.examples, 500, seed=0)
    assert (made["end"] > made["begin"]).all() and (made["tolls"] >= 0).all()


def test_a_likely_number_falls_to_the_value_that_most_rows_share(rides):
    values = TableValues(rides).fit_likely(np.nan_to_num(rides.x("train")))
    cell = [column.name for column in rides.spec.features].index("tolls")
    x = np.tile(np.nan_to_num(rides.x("train"))[:1], (3, 1))
    zero, paid = np.unique(rides.x("train")[:, cell])
    x[:, cell] = [zero - 0.2, zero, paid + 5]
    np.testing.assert_allclose(values.settled(x)[:, cell], [zero, zero, paid])


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float32"])
def test_made_numbers_have_the_decimals_of_their_column(dtype):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"price": np.round(rng.gamma(2.0, 8.0, 300), 2), "depth": rng.normal(size=300)})
    data = from_frame(frame.astype(dtype))
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    x = data.x("train")
    values = TableValues(data).fit(x)
    made = values.frame((x + 0.1 * rng.normal(size=x.shape)).astype("float32"))
    assert (made.dtypes == dtype).all()
    # float32 has 7 digits: before, prices of that type kept all of them.
    cents = made["price"].to_numpy("float64") * 100
    np.testing.assert_allclose(cents, np.round(cents), rtol=1e-6)
    assert (made["depth"].round(4) != made["depth"]).mean() > 0.9


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_column_without_a_value_among_the_rows_drawn_stays_as_it_is_made():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"full": np.round(rng.normal(size=20_500), 1), "rare": np.nan})
    left_out = np.setdiff1d(np.arange(len(frame)), drawn_rows(len(frame), 20_000, 0))
    frame.loc[left_out[:2], "rare"] = [1.25, 3.5]
    spec = from_frame(frame).spec
    parts = [Split(frame), *(Split(frame[:0]) for _ in range(2))]
    data = Data("rare", spec, *parts).with_preprocessor(TablePreprocessing(spec))
    x = np.array([[0.1, 0.3], [-0.2, -0.4]], "float32")
    values = TableValues(data).fit(x).fit_likely(x)
    for made in (values.brought(x), values.kept(x), values.settled(x)):
        np.testing.assert_array_equal(made[:, 1], x[:, 1])
    real = data.preprocessor.restore(x)["rare"]
    made = Followers(data).fit(x).apply(values.frame(x), x)
    # Before: an IndexError.
    np.testing.assert_allclose(made["rare"], real)


# What made rows are held against ----------------------------------------------------------------


def test_a_copula_keeps_columns_correlations_and_gaps():
    rng = np.random.default_rng(0)
    z = rng.multivariate_normal([0, 0], [[1, 0.7], [0.7, 1]], size=4000)
    x = np.stack([np.exp(z[:, 0]), np.where(rng.random(4000) < 0.2, np.nan, z[:, 1] > 0.5)], axis=1)
    made = GaussianCopula().fit(x).sample(4000, seed=1)
    assert set(np.unique(made[:, 1][~np.isnan(made[:, 1])])) == {0.0, 1.0}
    assert np.isnan(made[:, 1]).mean() == pytest.approx(0.2, abs=0.03)
    assert scipy.stats.ks_2samp(made[:, 0], x[:, 0]).pvalue > 0.001
    z = GaussianCopula().fit(z).sample(4000, seed=1)
    assert np.corrcoef(z, rowvar=False)[0, 1] == pytest.approx(0.7, abs=0.03)


def test_trees_tell_what_differs_and_nothing_else():
    rng = np.random.default_rng(0)
    same, other = rng.normal(size=(2, 600, 4))
    assert told_apart(same, other).value == pytest.approx(0.5, abs=0.07)
    assert told_apart(same, other * 0.5).value > 0.8
    assert told_apart(same[:20], other) is None


def test_the_energy_distance_in_closed_form():
    # Two points at a distance of 3: 2 * 3 - 0 - 0.
    assert energy_distance(np.zeros((50, 1)), np.full((50, 1), 3.0)) == pytest.approx(6.0)
    rng = np.random.default_rng(0)
    # N(0, 1) and N(d, 1): 2 E|X - Y| - 2 E|X - X'|, both of N(., 2).
    shift = 1.0
    spread = np.sqrt(2)
    folded = spread * np.sqrt(2 / np.pi) * np.exp(-(shift**2) / 4) + shift * (
        1 - 2 * scipy.stats.norm.cdf(-shift / spread)
    )
    expected = 2 * folded - 2 * spread * np.sqrt(2 / np.pi)
    found = energy_distance(rng.normal(size=(1000, 1)), rng.normal(shift, size=(1000, 1)))
    assert found == pytest.approx(expected, abs=0.1)


class Itself:
    """A codec whose code is the example, with a prior N(0, I)."""

    generative, latent_dim = True, 2

    def __init__(self, preprocessor):
        self.preprocessor = preprocessor

    def transform(self, raw):
        return np.asarray(raw, "float32")

    decode = inverse_transform = transform

    def sample(self, count, seed):
        return np.random.default_rng(seed).normal(size=(count, 2)).astype("float32")


@pytest.mark.parametrize(
    ("apart", "chosen", "words"),
    [
        (0.0, "prior", "samples of a mixture fitted on training codes are not nearer"),
        (4.0, "mixture of 2", "samples are nearer to validation rows by more than two standard errors"),
    ],
)
def test_the_prior_is_left_where_codes_do_not_lie_as_it_does(apart, chosen, words):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 2)) + apart * rng.choice([-1, 1], size=(1500, 1))
    spec = Spec("vector", (2,))
    parts = [Split(part.astype("float32")) for part in np.split(x, [900, 1200])]
    data = Data("two", spec, *parts).with_preprocessor(Identity(spec))
    codec = Itself(data.preprocessor)
    app = Generation(codec).fit(data)
    assert app.drawn_from() == chosen
    finding = app.report(data, None)
    assert finding.figures["drawn_from"] == chosen
    # The prior is kept when the mixture is a little nearer, too: it need not be the better of the two.
    [(_, said)] = on_the_distribution(chosen, app.distances_)
    assert said.startswith("Codes are drawn from ") and words in said
    bare = Generation(codec, method="prior").fit(data).report(data, None)
    assert finding.figures["recall"] > 0.85
    if apart:
        assert bare.figures["recall"] < 0.5 and app.distances_["prior"] > app.distances_["mixture of 2"] + 0.5
