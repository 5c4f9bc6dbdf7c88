"""Anomaly scores of tables with gaps and unseen categories: what a missing cell and a new value say."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from kerasae import Recipe, registry, train
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._accounts import account_of
from kerasae.baselines import TablePCA
from kerasae.data.tables import from_frame
from kerasae.losses import HIGHEST, usual_parts
from kerasae.preprocessing._evidence import gap_evidence, unseen_evidence
from kerasae.presets import settings

SCORES = ("whitened", "squared_error", "likelihood")


def people(rows, seed, gaps=0.0):
    """Rows of two hidden numbers: numbers, categories, and a name that no other row has."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(rows, 2))
    noise = rng.normal(size=(rows, 4))
    frame = pd.DataFrame(
        {
            "age": 40 + 10 * hidden[:, 0] + 2 * noise[:, 0],
            "bmi": 30 + 5 * hidden[:, 1] + noise[:, 1],
            "charges": np.exp(9 + 0.5 * hidden[:, 0] + 0.3 * hidden[:, 1] + 0.1 * noise[:, 2]),
            "region": np.select([hidden[:, 0] > 0.5, hidden[:, 1] > 0], ["north", "south"], "east"),
            "smoker": np.where(hidden[:, 0] + 0.3 * noise[:, 3] > 0.5, "yes", "no"),
            "name": [f"n{number}" for number in rng.integers(10**9, size=rows)],
        }
    )
    return frame.mask(rng.random(frame.shape) < gaps)


@pytest.fixture(
    scope="module",
    params=[pytest.param(0.0, marks=pytest.mark.slow, id="whole"), pytest.param(0.1, id="gaps")],
)
def trained(request):
    """A detector model of training rows without gaps, or with a tenth of the cells missing."""
    data = from_frame(people(1200, 0, request.param))
    recipe = Recipe.of().override({**settings("detector", data.spec), "train.steps": 600})
    recipe = recipe.override({"network.widths": [64], "network.latent_dim": 32})
    with pytest.warns(UserWarning, match="'name' has a value of its own"):
        data = recipe.prepare(data)
    model = recipe.build(data)
    train(model, data, **recipe.train)
    return model, data, request.param


@pytest.fixture(scope="module")
def detectors(trained):
    model, data, _ = trained
    return {name: AnomalyDetector(model, score=name).fit(data) for name in SCORES}


def first_reasons(detector, rows):
    names = np.array([column.name for column in detector.spec_.features])
    return names[detector.explain(rows).argmax(axis=1)]


def errors(model, rows):
    x = model.preprocessor.to_x(rows)
    return np.asarray(model.reconstruction_loss.anomaly_score(x, model.decoder(model.encode(x))))


@pytest.mark.parametrize("score", SCORES)
def test_usual_gaps_neither_raise_nor_lower_a_score(trained, detectors, score):
    model, _, gaps = trained
    if not gaps:
        pytest.skip("Gaps are not usual there.")
    rows = people(1500, 1, gaps)
    count = rows.isna().sum(axis=1)
    assert abs(spearmanr(count, detectors[score].score_samples(rows)).statistic) < 0.25
    assert abs(spearmanr(count, errors(model, rows)).statistic) < 0.25
    # A row with one gap is flagged about as often as a row without.
    whole = people(1500, 2)
    usual = detectors[score].predict(whole).mean()
    for column in ("age", "charges", "region"):
        flags = detectors[score].predict(whole.assign(**{column: None}))
        assert abs(flags.mean() - usual) < 0.06, column


@pytest.mark.parametrize("score", SCORES)
def test_a_gap_that_no_training_row_has_is_odd_and_named(trained, detectors, score):
    _, _, gaps = trained
    if gaps:
        pytest.skip("Gaps are usual there.")
    for column in ("age", "charges", "region"):
        blank = people(300, 3).assign(**{column: None})
        assert detectors[score].predict(blank).mean() > 0.95, column
        assert (first_reasons(detectors[score], blank) == column).mean() > 0.85, column


@pytest.mark.parametrize("score", SCORES)
def test_an_unseen_category_is_odd_and_named_but_a_new_name_is_not(detectors, score):
    rows = people(300, 4)
    assert detectors[score].predict(rows).mean() < 0.2
    assert (first_reasons(detectors[score], rows) == "name").mean() < 0.6
    mistyped = rows.assign(region="nroth")
    assert detectors[score].predict(mistyped).mean() > 0.95
    assert (first_reasons(detectors[score], mistyped) == "region").mean() > 0.95


@pytest.mark.parametrize("score", [*SCORES, "nearest_neighbours", "combination"])
def test_of_a_row_without_any_entry_nothing_can_be_said(trained, score):
    model, data, _ = trained
    detector = AnomalyDetector(model, score=score).fit_score(data)
    empty = people(1, 5).astype(object).mask([[True] * 6])
    assert detector.score_samples(empty)[0] == HIGHEST
    assert errors(model, empty)[0] == np.float32(HIGHEST)


def test_the_features_still_add_up(trained, detectors):
    rows = people(200, 6, 0.2).assign(region=lambda frame: frame["region"].replace("north", "nroth"))
    for detector in detectors.values():
        # Gradients on the way leave the last bits of float32 in sums of hundreds.
        np.testing.assert_allclose(
            detector.explain(rows).sum(axis=1), detector.score_samples(rows), rtol=1e-4
        )


def test_the_evidence_of_a_gap_is_that_of_its_share():
    assert gap_evidence([0, 100, 500], 1000) == pytest.approx(
        [-np.log(0.5 / 1001) * (1 - 0.5 / 1001 / 0.05), 0, 0]
    )
    # Rare gaps in each of many columns are usual gaps of rows.
    assert gap_evidence([10] * 20, 1000) == pytest.approx([0] * 20)
    assert gap_evidence([10, 0], 1000)[0] == pytest.approx(-np.log(10.5 / 1001) * (1 - 10.5 / 1001 / 0.05))


def test_the_evidence_of_an_unseen_value_is_that_of_the_variety():
    """Held out: of draws from many values the share of new ones is `exp(-evidence)`."""
    assert unseen_evidence([500, 500]) == pytest.approx(-np.log(0.5 / 1001))
    assert unseen_evidence([1] * 300) == pytest.approx(0, abs=0.01)
    rng = np.random.default_rng(0)
    drawn = rng.zipf(1.6, 4000)
    _, counts = np.unique(drawn, return_counts=True)
    new = ~np.isin(rng.zipf(1.6, 50_000), drawn)
    assert np.exp(-unseen_evidence(counts)) == pytest.approx(new.mean(), rel=0.15)


def test_what_is_usual_is_what_keeps_the_median():
    """Of long tails the mean is that of a few; rows without a feature are the harder ones to explain."""
    rng = np.random.default_rng(0)
    parts = rng.lognormal(sigma=2, size=(6000, 4))
    missing = rng.random((6000, 4)) < [0.0, 0.01, 0.3, 0.3]
    parts[missing[:, 3], 0] *= 2
    found = usual_parts(parts, missing)
    sums = np.where(missing, found, parts).sum(axis=1)
    for number in (2, 3):
        gone = missing[:, number]
        assert np.median(sums[gone]) == pytest.approx(np.median(sums[~gone]), rel=0.02)
    assert found[3] < found[2] < parts[:, 2].mean()
    symmetric = rng.normal(size=(6000, 3)) + 5
    np.testing.assert_allclose(usual_parts(symmetric, np.zeros((6000, 3), bool)), 5, atol=0.1)


def test_missing_residuals_count_as_the_distance_of_the_others():
    """The whitened distance of a row with gaps is that of the present columns by their own covariance."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(5, 5))
    residual = (rng.normal(size=(200_000, 5)) @ mixing).astype("float32")
    missing = np.zeros_like(residual)
    score = registry.get("score", "whitened").adapt(lambda: [{"residual": residual, "missing": missing}])
    covariance = np.cov(residual.T.astype("float64"), bias=True)
    for gone in ([1], [0, 3], [0, 1, 2, 4]):
        kept = np.setdiff1d(np.arange(5), gone)
        row, mask = residual[:50].copy(), missing[:50].copy()
        row[:, gone], mask[:, gone] = 0, 1
        centred = row[:, kept] - residual.mean(axis=0)[kept]
        inner = np.linalg.inv(covariance[np.ix_(kept, kept)])
        expected = np.einsum("ij,jk,ik->i", centred, inner, centred)
        expected += np.asarray(score.expected)[gone].sum()
        found = np.asarray(score({"residual": row, "missing": mask}))
        np.testing.assert_allclose(found, expected, rtol=0.02, atol=0.02)


def test_a_boolean_that_is_none_is_odd():
    """5 for a boolean had a likelihood above 1: the most normal of all."""
    frame = pd.DataFrame({"a": np.arange(200.0), "on": np.arange(200) % 3 == 0})
    recipe = Recipe.of(latent_dim=2)
    data = recipe.prepare(from_frame(frame))
    model = recipe.build(data)
    x = np.array([[0.0, 1.0], [0.0, 5.0], [0.0, 0.5]], "float32")
    params = model.decoder(model.encode(x))
    found = np.asarray(model.reconstruction_loss.anomaly_score(x, params))
    assert np.array_equal(found == np.float32(HIGHEST), [False, True, True])
    assert not np.isfinite(np.asarray(model.reconstruction_loss.residual(x, params))[1:, 1]).any()


def test_a_baseline_weighs_gaps_and_unseen_values_too():
    data = Recipe.of().prepare(from_frame(people(400, 0)[["age", "bmi", "region"]]))
    codec = TablePCA(1, indicators=True).fit(data)
    rows = people(3, 1)[["age", "bmi", "region"]].astype(object)
    rows.iloc[0, 0], rows.iloc[1, 2] = None, "nroth"
    account = account_of(codec, data.spec, rows)
    columns = data.spec.features
    assert account["residual"][0, 0] == pytest.approx(np.sqrt(2 * columns[0].gap))
    assert account["residual"][1, 2] == pytest.approx(np.sqrt(2 * columns[2].unseen))
    assert account["missing"].sum() == 1


def test_what_a_missing_entry_costs_is_what_training_rows_cost(trained, tmp_path):
    import keras

    model, data, gaps = trained
    loss = model.reconstruction_loss
    rows = people(20, 8, 0.3)
    account = model.accounts(rows)
    if gaps:
        x = data.x("train")
        nll = np.asarray(loss.per_feature(x, model.decoder(model.encode(x))))
        np.testing.assert_allclose(loss.expected, usual_parts(nll, np.isnan(x)), rtol=1e-3, atol=1e-3)
    evidence = np.array([column.gap for column in data.spec.features])
    gone = np.where(account["missing"] > 0)
    np.testing.assert_allclose(account["nll"][gone], (np.array(loss.expected) + evidence)[gone[1]], rtol=1e-4)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.accounts(rows)["nll"], account["nll"], rtol=1e-4, atol=1e-5)


def test_without_a_training_the_entropy_stands_in(trained):
    model, data, _ = trained
    loss = type(model.reconstruction_loss)(data.spec)
    params = model.decoder(model.encode(data.x("train")[:4000]))
    rng = np.random.default_rng(0)
    drawn = [np.asarray(loss.draw(params, rng.random((len(params), 6)).astype("float32"))) for _ in range(20)]
    nll = np.mean([np.asarray(loss.per_feature(x, params)) for x in drawn], axis=(0, 1))
    entropy = np.asarray(loss.entropy(params)).mean(axis=0)
    known = np.array([column.kind != "category" for column in data.spec.features])
    np.testing.assert_allclose(entropy[known], nll[known], rtol=0.03, atol=0.03)
