"""scikit-learn's own checks on the estimators, and what they are used for."""

import datetime
import pickle
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import (
    check_outlier_contamination,
    check_outliers_fit_predict,
    parametrize_with_checks,
)

from kerasae.losses import HIGHEST
from kerasae.preprocessing import type_name
from kerasae.sklearn import AutoencoderDetector, AutoencoderImputer, AutoencoderTransformer

#: Short trainings: what the checks look at is the contract.
_SHORT = {"epochs": 2, "settings": {"network.widths": [8], "train.jit_compile": False}}


def rounds_by_place():
    """Return whether a row of a matrix product has other bits here in another place or alone.

    This is so where TensorFlow multiplies without oneDNN, on processors without AVX512.
    """
    rng = np.random.default_rng(0)
    rows, kernel = rng.normal(size=(20, 10)).astype("float32"), rng.normal(size=(10, 8)).astype("float32")
    whole = tf.matmul(rows, kernel).numpy()
    turned = tf.matmul(rows[::-1], kernel).numpy()[::-1]
    alone = np.concatenate([tf.matmul(row[None], kernel) for row in rows])
    return not (np.array_equal(whole, turned) and np.array_equal(whole, alone))


def expected_failures(estimator):
    """Return the checks that ask for more digits than the processor gives, with the reason."""
    if not isinstance(estimator, AutoencoderDetector) or not rounds_by_place():
        return {}
    checks = ("check_methods_sample_order_invariance", "check_methods_subset_invariance")
    return dict.fromkeys(checks, "the bits of a matrix product depend on the place of a row here")


@pytest.mark.slow
@parametrize_with_checks(
    [
        AutoencoderTransformer(2, **_SHORT),
        AutoencoderDetector(latent_dim=4, **_SHORT),
        AutoencoderImputer(latent_dim=2, **_SHORT),
    ],
    expected_failed_checks=expected_failures,
)
def test_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("check", [check_outlier_contamination, check_outliers_fit_predict])
def test_the_contract_of_a_detector_of_its_own_rows(check):
    check("AutoencoderDetector", AutoencoderDetector(latent_dim=4, novelty=False, **_SHORT))


@pytest.mark.slow
def test_the_contract_where_scipy_takes_other_arrays(run_python):
    """Checks that scikit-learn skips unless this was set before SciPy is imported."""
    which = [__file__, "-q", "-m", "slow", "-k", "test_the_contract_of_scikit_learn and array_api"]
    found = run_python(
        "import sys, pytest\n"
        "class Count:\n"
        "    def pytest_runtest_logreport(self, report):\n"
        "        print('check', report.when, report.outcome)\n"
        f"sys.exit(pytest.main({which!r}, plugins=[Count()]))",
        SCIPY_ARRAY_API="1",
    )
    assert found.count("check call passed") == 3
    assert "skipped" not in found


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def mixed():
    """Columns of several types, with gaps; the last ten rows are odd in `b`."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=200), "b": rng.normal(size=200)})
    frame["b"] = 2 * frame["a"] + 0.1 * frame["b"]
    frame["kind"] = pd.Categorical(np.where(frame["a"] > 0, "hot", "cold"))
    frame["count"] = rng.integers(0, 9, 200)
    frame.loc[frame.index[-10:], "b"] += 8
    frame.loc[::7, "a"] = np.nan
    frame.loc[::11, "kind"] = np.nan
    frame.index = [f"row {number}" for number in range(200)]
    return frame


@pytest.fixture(scope="module")
def imputer(mixed):
    return AutoencoderImputer(latent_dim=2, **_SHORT).fit(mixed)


def test_codes_in_a_pipeline_and_a_grid(iris):
    X, y = iris
    pipeline = make_pipeline(AutoencoderTransformer(**_SHORT), LogisticRegression(max_iter=500))
    grid = GridSearchCV(pipeline, {"autoencodertransformer__latent_dim": [1, 3]}, cv=2).fit(X, y)
    assert grid.best_score_ > 0.5
    names = grid.best_estimator_[:-1].get_feature_names_out()
    assert names[0] == "autoencodertransformer0"
    assert len(names) == grid.best_params_["autoencodertransformer__latent_dim"]


def test_a_fit_is_repeated_by_its_random_state_and_leaves_that_of_numpy(iris):
    X, _ = iris
    np.random.seed(3)
    before = np.random.get_state()[1].copy()

    def codes(seed):
        return AutoencoderTransformer(2, random_state=seed, **_SHORT).fit(X).transform(X)

    first, other = codes(1), codes(2)
    assert np.array_equal(np.random.get_state()[1], before)
    assert not np.allclose(first, other)
    # In threads too, which share the generator that Keras draws its seeds from.
    with ThreadPoolExecutor(2) as pool:
        for found, expected in zip(pool.map(codes, (1, 2)), (first, other), strict=True):
            assert np.array_equal(found, expected)
    assert np.array_equal(np.random.get_state()[1], before)


def test_codes_go_back_to_rows(iris):
    X, _ = iris
    estimator = AutoencoderTransformer(3, settings={"network.widths": [16], "train.learning_rate": 0.01}).fit(
        X
    )
    error = np.square((estimator.inverse_transform(estimator.transform(X)) - X) / X.std(axis=0)).mean()
    assert error < 0.2


@pytest.mark.parametrize("dump", [pickle.dumps, None])
def test_a_stored_estimator_is_the_estimator(iris, dump, tmp_path):
    X, _ = iris
    detector = AutoencoderDetector(latent_dim=3, **_SHORT).fit(X)
    if dump is None:
        joblib.dump(detector, tmp_path / "d.joblib")
        again = joblib.load(tmp_path / "d.joblib")
    else:
        again = pickle.loads(dump(detector))
    assert np.array_equal(again.score_samples(X), detector.score_samples(X))
    assert clone(detector).get_params() == detector.get_params()


def test_a_frame_of_several_types(mixed):
    detector = AutoencoderDetector(
        preset=None,
        latent_dim=2,
        contamination=0.05,
        novelty=False,
        epochs=30,
        settings={"network.widths": [16]},
    )
    flagged = mixed.index[detector.fit_predict(mixed) == -1]
    assert len(flagged) == 10
    assert len(set(flagged) & set(mixed.index[-10:])) >= 7
    reasons = detector.explain(mixed)
    assert reasons.shape == (200, 4)
    told = detector.reasons(mixed.iloc[-3:])
    assert [*told["row"]] == [*np.repeat(mixed.index[-3:], 3)] and [*told["rank"]] == [1, 2, 3] * 3
    first = told[told["rank"] == 1]["reason"]
    assert [*first] == [mixed.columns[number] for number in reasons[-3:].argmax(axis=1)]
    # Gaps among the rows of `fit` are judged as they are in other rows.
    assert np.allclose(-detector.training_scores_, reasons.sum(axis=1), rtol=1e-4)
    codes = AutoencoderTransformer(2, **_SHORT).set_output(transform="pandas").fit_transform(mixed)
    assert [*codes.columns] == ["autoencodertransformer0", "autoencodertransformer1"]
    assert [*codes.index] == [*mixed.index]


def test_gaps_are_filled_and_the_rest_is_kept(mixed):
    filled = AutoencoderImputer(latent_dim=3, epochs=30).fit_transform(mixed)
    assert not filled.isna().any(axis=None)
    assert [*filled.columns] == [*mixed.columns]
    assert [*filled.index] == [*mixed.index]
    for name in mixed:
        there = mixed[name].notna()
        assert (filled.loc[there, name] == mixed.loc[there, name]).all()
    assert set(filled["kind"]) == {"hot", "cold"}


def test_filled_entries_are_of_the_type_of_the_others():
    """Each column beside the type that its filled entries must have."""
    rng = np.random.default_rng(0)

    def gaps(values):
        return [None if row in (3, 17) else value for row, value in enumerate(values)]

    ints, bits = rng.choice([7, 9], 60).tolist(), (rng.random(60) > 0.5).tolist()
    prices = [Decimal(f"{value:.2f}") for value in rng.normal(size=60)]
    days = [datetime.date(2024, 1, 1 + int(day)) for day in rng.integers(0, 28, 60)]
    arrow = {
        name: pd.Series(gaps(values), dtype=pd.ArrowDtype(kind))
        for name, values, kind in (
            ("arrow ints", ints, pa.int64()),
            ("arrow days", days, pa.date32()),
            ("arrow prices", prices, pa.decimal128(8, 2)),
        )
    }
    dictionary = pa.array(gaps(rng.choice(["a", "b"], 60).tolist())).dictionary_encode()
    frame = pd.DataFrame(
        {
            "category of ints": pd.Categorical(gaps(ints)),
            "booleans": pd.Series(gaps(bits), dtype=object),
            "prices": pd.Series(gaps(prices), dtype=object),
            "days": pd.Series(gaps(days), dtype=object),
            "intervals": pd.cut(pd.Series(gaps(rng.normal(size=60)), dtype="float64"), [-9, -1, 1, 9]),
            "dictionary": pd.Series(dictionary, dtype=pd.ArrowDtype(dictionary.type)),
            **arrow,
        }
    ).set_axis([f"row {number}" for number in range(60)])
    imputer = AutoencoderImputer(latent_dim=2, **_SHORT).fit(frame)
    filled = imputer.transform(frame)
    assert filled.index.equals(frame.index)
    assert [*filled.dtypes] == [*frame.dtypes]
    types = (int, bool, Decimal, datetime.date, pd.Interval, str, int, datetime.date, Decimal)
    for name, kind in zip(frame, types, strict=True):
        assert {type(value) for value in filled[name]} == {kind}, name
    rebuilt = imputer.model_.inverse_transform(imputer.model_.transform(frame))
    assert [type_name(rebuilt[name]) for name in frame] == [type_name(frame[name]) for name in frame]


@pytest.mark.slow
def test_numbers_keep_their_index_their_types_and_their_columns(iris):
    frame = pd.DataFrame(iris[0][:60], index=range(100, 160))
    frame.columns = pd.MultiIndex.from_product([["sepal", "petal"], ["length", "width"]])
    frame["count", "n"] = range(60)
    frame.iloc[::7, 1] = np.nan
    filled = AutoencoderImputer(latent_dim=2, **_SHORT).fit_transform(frame)
    assert len(pd.concat([frame, filled.add_suffix("_")], axis=1)) == 60
    assert filled.columns.equals(frame.columns)
    assert [*filled.dtypes] == [*frame.dtypes]
    named = AutoencoderImputer(latent_dim=2, **_SHORT).set_output(transform="pandas").fit_transform(frame)
    assert named.index.equals(frame.index)
    # With a text among the columns the model takes them by name.
    frame["kind", "k"] = np.where(frame.iloc[:, 0] > 5, "large", "small")
    assert AutoencoderImputer(latent_dim=2, **_SHORT).fit_transform(frame).columns.equals(frame.columns)


def test_a_type_that_cannot_hold_what_is_filled_is_said(imputer, mixed):
    blank = mixed.assign(kind=np.nan)
    with pytest.warns(UserWarning, match="'kind' of type float64 becomes one of objects"):
        filled = imputer.transform(blank)
    assert set(filled["kind"]) <= {"hot", "cold"}
    narrow = mixed.iloc[:20].assign(kind=pd.Categorical([None] * 20, categories=["warm"]))
    with pytest.warns(UserWarning, match="categories of column 'kind' get"):
        filled = imputer.transform(narrow)
    assert set(filled["kind"]) <= {"hot", "cold"}


@pytest.mark.slow
def test_rows_of_polars_are_rows():
    polars = pytest.importorskip("polars")
    rng = np.random.default_rng(0)
    rows = polars.DataFrame(
        {"a": [None, *rng.normal(size=59)], "s": [*rng.choice(["x", "y"], 59), None], "n": [*range(59), None]}
    )
    imputer = AutoencoderImputer(latent_dim=2, **_SHORT)
    filled = imputer.fit_transform(rows)
    assert isinstance(filled, pd.DataFrame)
    assert not filled.isna().any(axis=None)
    again = imputer.set_output(transform="polars").transform(rows)
    assert again.schema == rows.schema
    assert again["a"][1:].equals(rows["a"][1:])


def test_no_rows_and_durations_are_refused_in_a_line(imputer, mixed):
    model = imputer.model_
    for ask in (
        lambda: imputer.transform(mixed.iloc[:0]),
        lambda: model.transform(mixed.iloc[:0]),
        lambda: model.inverse_transform(np.zeros((0, 2))),
        lambda: model.predict(np.zeros((0, 4)), verbose=0),
    ):
        with pytest.raises(ValueError, match=r"0 sample|at least one example"):
            ask()
    mixed = mixed.assign(wait=pd.to_timedelta(np.arange(200), unit="s"))
    with pytest.raises(ValueError, match="received column 'wait' of type timedelta64"):
        AutoencoderImputer().fit(mixed)
    with pytest.raises(ValueError, match="received column 'list' of type object"):
        AutoencoderImputer().fit(mixed.drop(columns="wait").assign(list=[[1]] * 200))


def test_an_array_with_gaps_comes_back_as_one(iris):
    X = iris[0].copy()
    X[::5, 2] = np.nan
    filled = AutoencoderImputer(epochs=100, latent_dim=4).fit_transform(X)
    assert filled.dtype == X.dtype
    assert np.array_equal(filled[~np.isnan(X)], X[~np.isnan(X)])
    gaps = np.isnan(X)
    against = np.square(filled - iris[0])[gaps].mean() / iris[0][:, 2].var()
    assert against < 0.5, "no better than half the error of the mean"


def test_what_was_complete_in_training_must_be_complete(iris):
    X, _ = iris
    estimator = AutoencoderTransformer(2, **_SHORT).fit(X)
    gap = X.copy()
    gap[3, 1] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        estimator.transform(gap)


def flagged_range(fresh, held_out, share):
    """Between which counts of `fresh` new rows 99.9 % lie, for a threshold from so many held-out rows."""
    return stats.betabinom.interval(0.999, fresh, share * (held_out + 1), (1 - share) * (held_out + 1))


#: A hundred rows of noise in 20 columns, which a model learns by heart.
_BY_HEART = {
    "contamination": 0.1,
    "settings": {"train.steps": 500, "train.batch_size": 50, "network.widths": [64]},
}


@pytest.mark.parametrize("score", ["whitened", "nearest_neighbours"])
def test_new_rows_are_flagged_as_often_as_asked(score):
    rng = np.random.default_rng(0)
    detector = AutoencoderDetector(anomaly_score=score, calibration=0.5, **_BY_HEART)
    detector.fit(rng.normal(size=(200, 20)))
    flagged = (detector.predict(rng.normal(size=(1000, 20))) == -1).sum()
    low, high = flagged_range(1000, 100, 0.1)
    assert low <= flagged <= high


def test_the_threshold_of_rows_that_were_trained_on_does_not_do_for_new_ones():
    rng = np.random.default_rng(0)
    own = AutoencoderDetector(novelty=False, **_BY_HEART)
    assert (own.fit_predict(rng.normal(size=(100, 20))) == -1).sum() == 10
    new = -own.detector_.score_samples(rng.normal(size=(1000, 20)))
    assert (new < own.offset_).sum() > flagged_range(1000, 100, 0.1)[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("score", "contamination", "malignant"),
    [
        ("evidence", 0.05, 0.6),
        ("whitened", 0.05, 0.6),
        ("whitened", "auto", 0.4),
        ("nearest_neighbours", 0.05, 0.3),
    ],
)
def test_benign_rows_that_are_new_are_not_odd(score, contamination, malignant):
    """The issue: 107 fresh benign rows of breast_cancer after a fit on 250, 100 % or 83 % of them flagged."""
    X, y = load_breast_cancer(return_X_y=True)
    benign = np.random.default_rng(0).permutation(X[y == 1])
    # Distances between codes need more units than the preset has.
    settings = {"network.widths": [256, 256], "network.latent_dim": 128}
    settings = settings if score == "nearest_neighbours" else None
    detector = AutoencoderDetector(anomaly_score=score, contamination=contamination, settings=settings)
    detector.fit(benign[:250])
    flagged = (detector.predict(benign[250:]) == -1).sum()
    low, high = flagged_range(107, 50, 0.05)
    assert low <= flagged <= high
    assert (detector.predict(X[y == 0]) == -1).mean() > malignant


def test_too_few_rows_for_the_share_are_said():
    rows = np.random.default_rng(0).normal(size=(60, 3))
    with pytest.warns(UserWarning, match="at least 99 held-out rows for contamination=0.01, received 12"):
        AutoencoderDetector(contamination=0.01, **_SHORT).fit(rows)


@pytest.mark.slow
def test_an_imputer_holds_out_rows_for_its_intervals(mixed):
    ends = {}
    for share in (0.0, 0.2):
        imputer = AutoencoderImputer(latent_dim=3, calibration=share, **_SHORT).fit(mixed)
        _, low, high = imputer.imputer_.intervals(mixed)
        ends[share] = (low["a"].notna() | high["a"].notna()).sum()
    gaps = mixed["a"].isna().sum()
    assert gaps and ends == {0.0: 0, 0.2: gaps}


def test_the_share_of_outliers_is_that_asked_for(iris):
    X, _ = iris
    detector = AutoencoderDetector(contamination=0.1, latent_dim=3, novelty=False, **_SHORT)
    assert (detector.fit_predict(X) == -1).sum() == 15
    robust = AutoencoderDetector(contamination="auto", latent_dim=3, **_SHORT).fit(X)
    assert (robust.predict(X) == -1).sum() < 15
    with pytest.raises(AttributeError) as raised:
        robust.fit_predict(X)
    assert "use novelty=False to find the outliers" in str(raised.value.__cause__)
    with pytest.raises(AttributeError) as raised:
        detector.predict(X)
    assert "use novelty=True" in str(raised.value.__cause__)
    with pytest.raises(ValueError, match="contamination"):
        AutoencoderDetector(contamination=0.7).fit(X)


def test_a_row_that_cannot_be_scored_is_an_outlier_of_its_own_rows():
    rows = np.random.default_rng(0).normal(size=(60, 3))
    rows[rows[:, 0] > 1, 1] = np.nan
    rows[7] = np.nan
    detector = AutoencoderDetector(latent_dim=2, novelty=False, **_SHORT)
    flags = detector.fit_predict(rows)
    assert flags[7] == -1 and 1 < (flags == -1).sum() < 10
    assert detector.training_scores_[7] == -HIGHEST
    assert np.isfinite(detector.offset_)
    # Even if more rows than the share cannot be scored.
    rows[:6] = np.nan
    assert (detector.fit_predict(rows)[[0, 1, 2, 3, 4, 5, 7]] == -1).all()
    assert np.isfinite(detector.offset_)


def test_a_fit_for_new_rows_forgets_the_scores_of_the_training_rows(iris):
    X, _ = iris
    detector = AutoencoderDetector(contamination=0.1, latent_dim=3, novelty=False, **_SHORT).fit(X)
    assert hasattr(detector, "training_scores_")
    assert not hasattr(detector.set_params(novelty=True).fit(X), "training_scores_")


def test_reasons_and_columns_have_the_names_of_a_frame_with_gaps():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["speed", "torque", "heat"])
    frame.loc[3, "heat"] = np.nan
    found = AutoencoderDetector(epochs=1, latent_dim=2).fit(frame)
    assert {*found.reasons(frame)["reason"]} <= {*frame}
    # Without names, rows are taken as those of the training.
    assert {*found.reasons(frame.to_numpy())["reason"]} <= {*frame}
