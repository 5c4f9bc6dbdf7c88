"""scikit-learn's own checks on the estimators, and what they are used for."""

import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from kerasae.sklearn import AutoencoderDetector, AutoencoderImputer, AutoencoderTransformer

#: Short trainings: what the checks look at is the contract.
_SHORT = {"epochs": 2, "settings": {"network.widths": [8], "train.jit_compile": False}}


@pytest.mark.slow
@parametrize_with_checks(
    [
        AutoencoderTransformer(2, **_SHORT),
        AutoencoderDetector(latent_dim=4, **_SHORT),
        AutoencoderDetector(latent_dim=4, novelty=False, **_SHORT),
        AutoencoderImputer(latent_dim=2, **_SHORT),
    ]
)
def test_the_contract_of_scikit_learn(estimator, check):
    check(estimator)


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
    assert found.count("check call passed") == 4
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
    first, again, other = (
        AutoencoderTransformer(2, random_state=seed, **_SHORT).fit(X).transform(X) for seed in (1, 1, 2)
    )
    assert np.array_equal(np.random.get_state()[1], before)
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)


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
        preset=None, latent_dim=2, contamination=0.05, epochs=30, settings={"network.widths": [16]}
    ).fit(mixed)
    flagged = mixed.index[detector.predict(mixed) == -1]
    assert len(set(flagged) & set(mixed.index[-10:])) >= 7
    assert detector.explain(mixed).shape == (200, 4)
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
@pytest.mark.parametrize("contamination", [0.05, "auto"])
@pytest.mark.parametrize("score", ["whitened", "nearest_neighbours"])
def test_benign_rows_that_are_new_are_not_odd(score, contamination):
    """The issue: 107 fresh benign rows of breast_cancer after a fit on 250, 100 % or 83 % of them flagged."""
    X, y = load_breast_cancer(return_X_y=True)
    benign = np.random.default_rng(0).permutation(X[y == 1])
    detector = AutoencoderDetector(anomaly_score=score, contamination=contamination).fit(benign[:250])
    flagged = (detector.predict(benign[250:]) == -1).sum()
    low, high = flagged_range(107, 50, 0.05)
    assert low <= flagged <= high
    assert (detector.predict(X[y == 0]) == -1).mean() > 0.6


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
    assert "take novelty=False to find the outliers" in str(raised.value.__cause__)
    with pytest.raises(AttributeError) as raised:
        detector.predict(X)
    assert "take novelty=True" in str(raised.value.__cause__)
    with pytest.raises(ValueError, match="contamination"):
        AutoencoderDetector(contamination=0.7).fit(X)
