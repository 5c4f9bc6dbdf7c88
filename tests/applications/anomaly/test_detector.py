"""The anomaly detector: residuals, whose scores they are, and what it refuses."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from plane_rows import correlated, rows_data

from kerasae import PCA, Recipe
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly import estimator
from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._labels import same_label
from kerasae.baselines import TablePCA
from kerasae.data import Split
from kerasae.data._data import NO_ROWS
from kerasae.data.tables import from_frame
from kerasae.metrics import reconstruct


def test_a_model_and_any_codec_say_the_same_residual(rows, model):
    """A model's own account against the one worked out from its verbs alone."""

    class Verbs:
        preprocessor = model.preprocessor
        latent_dim = model.latent_dim
        transform, inverse_transform, decode = model.transform, model.inverse_transform, model.decode

    raw = rows.test.examples
    own, other = (account_of(codec, rows.spec, raw) for codec in (model, Verbs()))
    np.testing.assert_allclose(own["residual"], other["residual"], atol=1e-5)
    np.testing.assert_allclose(own["residual"], rows.to_x(raw) - reconstruct(model, raw), atol=1e-5)
    np.testing.assert_allclose(own["nll"], np.square(own["residual"]), rtol=1e-4, atol=1e-6)


def test_residuals_of_a_table_are_of_its_deviance():
    """Half the sum of squares of categories and booleans is their likelihood; a usual gap is 0."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "a": np.where(rng.random(300) < 0.2, np.nan, rng.normal(size=300)),
            "b": rng.random(300) < 0.3,
            "c": rng.choice(["u", "v", "w"], 300),
        }
    )

    recipe = Recipe.of(latent_dim=2)
    data = recipe.prepare(from_frame(frame))
    model = recipe.build(data)
    found = model.accounts(frame)
    missing = frame["a"].isna().to_numpy()
    assert not found["residual"][missing, 0].any()
    assert found["residual"][~missing, 0].all()
    np.testing.assert_allclose(
        0.5 * np.square(found["residual"][:, 1:]), found["nll"][:, 1:], rtol=1e-3, atol=1e-5
    )
    baseline = TablePCA(1, indicators=True).fit(data)
    gone = frame.assign(c=None)
    # Which no training row has.
    gap = data.spec.features[2].gap
    np.testing.assert_allclose(
        account_of(baseline, data.spec, gone)["residual"][:, 2], np.sqrt(2 * gap), rtol=1e-5
    )
    assert account_of(baseline, data.spec, frame)["residual"][:, 2].any()
    told = np.sign(found["residual"][:, 1])
    assert np.array_equal(told, np.where(frame["b"], 1, -1))


def test_rows_off_the_plane_are_found_and_the_feature_named(model, rows):
    odd = correlated(50, 3)
    odd[:, 4] += 3.0
    detector = AnomalyDetector(model).fit(rows)
    assert detector.predict(odd).mean() > 0.9
    assert (detector.explain(odd).argmax(axis=1) == 4).mean() > 0.7
    assert np.array_equal(
        detector.predict(odd), (detector.score_samples(odd) > detector.threshold_).astype(int)
    )
    assert detector.p_values(odd).max() <= 1
    assert detector.p_values(odd).min() == pytest.approx(1 / 301)


def test_pca_is_a_baseline(rows):
    detector = AnomalyDetector(PCA(2).fit(rows), score="squared_error").fit(rows)
    broken = np.array(rows.test.examples[:5])
    broken[2, 1] = np.nan
    assert list(detector.predict(broken)) == [False, False, True, False, False]
    assert np.isfinite(detector.score_samples(broken)).all()
    odd = correlated(50, 3)
    odd[:, 4] += 3.0
    assert detector.predict(odd).mean() > 0.9
    settings = {"score": "likelihood", "most_reasons": 2}
    assert AnomalyDetector.for_baseline(settings, PCA(2).fit(rows)) == {**settings, "score": "whitened"}
    with pytest.raises(ValueError, match="needs a model with a likelihood"):
        AnomalyDetector(PCA(2).fit(rows), score="likelihood").fit(rows)


def test_only_normal_rows_are_fitted_on(model):
    normal, odd = correlated(300, 0), correlated(300, 1) * 5
    labels = np.repeat(["good", "bad"], 300)
    data = rows_data(normal, correlated(100, 3), correlated(10, 4))
    clean = AnomalyDetector(model).fit(data)
    both = Split(np.concatenate([normal, odd]), labels)
    held = Split(np.concatenate([data.calibration.examples, odd[:50]]), np.repeat(["good", "bad"], [100, 50]))
    mixed = dataclasses.replace(data, train=both, calibration=held)
    assert AnomalyDetector(model, normal="good").fit(mixed).threshold_ == pytest.approx(
        clean.threshold_, rel=1e-5
    )
    assert AnomalyDetector(model).fit(mixed).threshold_ != pytest.approx(clean.threshold_, rel=1e-2)
    with pytest.raises(ValueError, match="Expected rows with the label 'fine' in the train split"):
        AnomalyDetector(model, normal="fine").fit(mixed)
    with pytest.raises(ValueError, match="the rows have none"):
        AnomalyDetector(model, normal="good").fit(data)


@pytest.mark.parametrize(
    ("labels", "wanted"),
    [
        (np.array(["true", "false"]), True),
        (np.array(["True", "False"]), "true"),
        (np.array([True, False]), "true"),
        (np.array([1, 0]), True),
        (np.array([0.5, 1.5]), 0.5),
        (np.array([1.0, 2.0]), "1"),
        (np.array(["a", "A"]), "a"),
        (np.array(["3", "30"]), 3),
        (np.array(["0", ""]), 0),
        (np.array(["0", "1"]), 0.0),
    ],
)
def test_a_label_as_a_user_writes_it(labels, wanted):
    assert [*same_label(labels, wanted)] == [True, False]


def test_a_score_that_is_no_number_is_odd(model, rows):
    detector = AnomalyDetector(model).fit(rows)
    wild = np.full((1, 6), np.float32(3e38))
    with np.errstate(over="ignore", invalid="ignore"):
        assert detector.predict(wild)[0] == 1
        assert detector.p_values(wild)[0] == pytest.approx(1 / 301)


def test_arguments_that_mean_nothing_are_refused(model, rows):
    with pytest.raises(ValueError, match="`false_alarms` has no meaning for the threshold 'best_f1'"):
        AnomalyDetector(model, threshold="best_f1", false_alarms=0.1).fit(rows)
    with pytest.raises(ValueError, match="Unknown score 'whitend'; did you mean 'whitened'"):
        AnomalyDetector(model, score="whitend").fit(rows)


def test_a_row_that_cannot_be_judged_is_named_by_its_entries(model, tmp_path):
    examples = correlated(30, 9)
    examples[4, 2], examples[7, [0, 5]] = np.nan, np.inf
    data = dataclasses.replace(rows_data(correlated(300, 0), correlated(100, 3), correlated(10, 4)))
    data = dataclasses.replace(data, test=Split(examples))
    finding = AnomalyDetector(model).fit(data).report(data, tmp_path)
    rows = pd.read_csv(tmp_path / "scores.csv", index_col="row")
    assert rows.index[:2].tolist() == [4, 7] and rows["anomalous"].iloc[:2].tolist() == [1, 1]
    assert (rows.loc[4, "reason_1"], rows.loc[4, "share_1"], rows.loc[4, "share_2"]) == ("feature 2", 1, 0)
    assert {rows.loc[7, "reason_1"], rows.loc[7, "reason_2"]} == {"feature 0", "feature 5"}
    assert rows.loc[7, "share_1"] == rows.loc[7, "share_2"] == 0.5
    [listing] = finding.listings
    assert listing.rows[0][2] == "cannot be judged" and "nan" not in listing.rows[0][7]
    picture, _ = finding.pictures
    assert "Without 2 that cannot be judged" in picture.caption
    _, right = picture.figure.axes[0].get_xlim()
    assert right < 100 * rows["score"].iloc[2:].max()


def test_a_score_is_the_same_whether_training_rows_are_explained_once_or_at_each_pass(
    model, rows, monkeypatch
):
    asked = []

    def counted(*arguments):
        asked.append(1)
        return account_of(*arguments)

    monkeypatch.setattr(estimator, "account_of", counted)
    once = AnomalyDetector(model).fit_score(rows).score_samples(rows.test.examples)
    few = len(asked)
    monkeypatch.setattr(estimator, "_KEPT", 0)
    each = AnomalyDetector(model).fit_score(rows).score_samples(rows.test.examples)
    np.testing.assert_array_equal(once, each)
    assert len(asked) - few > few


def test_many_rows_are_scored_in_parts(model, rows):
    """A score with prototypes computes hundreds of numbers for each row."""
    detector = AnomalyDetector(model).fit_score(rows)
    many = np.tile(rows.test.examples, (25, 1))
    expected = np.concatenate([detector.score_samples(rows.test.examples)] * 25)
    counts, compute = [], detector.detector_.call

    def counted(account, *others):
        counts.append(len(account["x"]))
        return compute(account, *others)

    detector.detector_.call = counted
    np.testing.assert_allclose(detector.score_samples(many), expected, rtol=1e-5, atol=1e-6)
    assert sum(counts) == 5000 and max(counts) <= 2048


def test_validation_rows_tell_how_much_evidence_outside_of_the_training_rows_counts():
    """The weights have seen the training rows, and the calibration rows set the threshold."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=400), "b": rng.normal(size=400), "c": [*"uvwx"] * 100})
    data = Recipe.of().prepare(from_frame(frame))
    codec = TablePCA(1, indicators=True).fit(data)

    def fitted(normal=None, **splits):
        changed = dataclasses.replace(data, **splits)
        return AnomalyDetector(codec, normal=normal).fit_score(changed).detector_.score

    score = fitted()
    account = account_of(codec, data.spec, data.validation.examples)
    middle, high = np.quantile(score.score(score.score.taken(account)), [0.5, 0.95])
    np.testing.assert_allclose(score.per_nat, (high - middle) / np.log(10), rtol=1e-4)
    assert float(fitted(calibration=NO_ROWS).per_nat) == float(score.per_nat)
    # The training rows tell if there is no other row, or fewer than twenty, or none of them is normal.
    alone = float(fitted(validation=NO_ROWS).per_nat)
    assert abs(alone / float(score.per_nat) - 1) > 1e-3
    assert float(fitted(validation=data.validation.rows(np.arange(19))).per_nat) == alone
    labels = {"train": 0, "validation": 1}
    labelled = {
        name: dataclasses.replace(data.split(name), labels=np.repeat(label, len(data.split(name))))
        for name, label in labels.items()
    }
    assert float(fitted(0, **labelled).per_nat) == alone
