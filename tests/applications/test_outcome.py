"""What is said of a model beside its baselines."""

import dataclasses
import itertools
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.metrics import adjusted_rand_score

from kerasae import PCA, registry
from kerasae.applications._base import Finding
from kerasae.applications.clustering._agreement import adjusted_rand_rows
from kerasae.applications.reduction._trust import trustworthiness_rows
from kerasae.baselines import NearestText, TextSVD
from kerasae.data import Split
from kerasae.metrics import Metric, RowSums, auroc_rows, difference
from kerasae.report import Best
from kerasae.workflows import Outcome

#: What each of 200 rows adds, of mean 0 and deviation 1.
NOISE = np.random.default_rng(0).normal(size=200)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)


def finding(value, lower, spread=None):
    """Of one metric, a mean over 200 rows with this deviation, where one is given."""
    rows = [] if spread is None or value is None else [RowSums(value + spread * NOISE, np.ones(200))]
    return Finding([Metric("rows", "rows", 3), Metric("error", "error", value, lower, rows=rows)], "error")


def outcome(figures, lower, spreads=()):
    named = itertools.zip_longest(figures.items(), spreads)
    findings = {name: finding(value, lower, spread) for (name, value), spread in named}
    return Outcome("x", "digits", 3, findings, {}, Path())


@pytest.mark.parametrize(
    ("figures", "lower", "good", "words"),
    [
        ((0.2, 0.5, 0.3), True, True, "Error: 0.2, better than the best baseline, pca (0.3), by 0.1 ± 0.01."),
        ((0.4, 0.5, 0.3), True, False, "Error: 0.4, worse than the best baseline, pca (0.3), by 0.1 ± 0.01."),
        (
            (0.4, 0.5, 0.3),
            False,
            False,
            "Error: 0.4, worse than the best baseline, mean (0.5), by 0.1 ± 0.01.",
        ),
        (
            (0.6, 0.5, 0.3),
            False,
            True,
            "Error: 0.6, better than the best baseline, mean (0.5), by 0.1 ± 0.01.",
        ),
        (
            (0.3, None, 0.4),
            True,
            True,
            "Error: 0.3, better than the best baseline, pca (0.4), by 0.1 ± 0.01.",
        ),
        (
            (0.29, 0.5, 0.3),
            True,
            False,
            "Error: 0.29; 200 rows show no difference from the best baseline, pca (0.3): 0.01 ± 0.01 is "
            "within two standard errors.",
        ),
    ],
)
def test_the_last_sentence_says_how_the_best_baseline_does(figures, lower, good, words):
    named = dict(zip(("vae", "mean", "pca"), figures, strict=True))
    unit = 0.01 * 200**0.5
    made = outcome(named, lower, [1.5 * unit, 0.5 * unit, 0.5 * unit])
    assert made.sentences[-1] == (good, words)
    told = made.to_dict()["against"]
    assert told["standard_error"] == pytest.approx(0.01, rel=0.01)
    assert told["difference"] == pytest.approx(figures[0] - named[told["baseline"]])


def test_without_rows_no_codec_is_called_the_better():
    """What is known of the rows decides: a mean alone says nothing of how sure it is."""
    said = outcome({"vae": 0.2, "pca": 0.3}, True).sentences[-1]
    assert said == (False, "Error: 0.2; the best baseline, pca, has 0.3.")


def test_a_codec_beside_itself_is_the_same():
    made = outcome({"vae": 0.3, "pca": 0.3}, True, [0.1, 0.1])
    assert made.sentences[-1] == (False, "Error: 0.3, the same as the best baseline, pca (0.3).")


@pytest.mark.parametrize(
    ("figures", "lower"),
    [
        ({"vae": 0.2}, True),
        ({"vae": 0.2, "pca": None}, True),
        ({"vae": None, "pca": 0.1}, True),
        ({"vae": 0.2, "pca": 0.1}, None),
    ],
)
def test_nothing_is_said_where_nothing_compares(figures, lower):
    assert outcome(figures, lower).sentences == []


def test_without_a_decisive_metric_nothing_is_compared():
    findings = {name: Finding([Metric("error", "error", 0.2, True)]) for name in ("vae", "pca")}
    assert Outcome("x", "digits", 3, findings, {}, Path()).sentences == []


def test_a_codec_that_numbers_examples_has_no_near_codes():
    numbered = NearestText()
    refused = [
        name
        for name in registry.names("application")
        if "number of an example" in registry.resolve("application", name).refusal(numbered)
    ]
    assert refused == ["clustering", "generation", "retrieval"]
    assert not registry.resolve("application", "retrieval").refusal(TextSVD(2))


def test_what_is_chance_is_no_good_news():
    findings = {
        name: Finding([Metric("adjusted_rand", "adjusted Rand", value, False, chance=0.0)], "adjusted_rand")
        for name, value in {"model": 0.0006, "pca": -0.0004}.items()
    }
    said = Outcome("clustering", "telco", 3, findings, {}, Path()).sentences[-1]
    words = "Adjusted Rand: 0.0006, which is chance; the best baseline, pca, has -0.0004."
    assert said == (False, words)


def test_of_equal_rankings_few_are_called_better():
    """Of 150 pairs of equally good scores, about 5 % are told apart; a higher AUROC alone told all."""
    random = np.random.default_rng(0)
    truth = np.arange(80) < 20
    told = 0
    for _ in range(150):
        common = truth + random.normal(size=80)
        pair = [auroc_rows(truth, common + random.normal(size=80)) for _ in range(2)]
        findings = {
            name: Finding([Metric("auroc", "AUROC", one.value, False, rows=[one])], "auroc")
            for name, one in zip(("vae", "pca"), pair, strict=True)
        }
        said = Outcome("anomaly", "x", 80, findings, {}, Path()).sentences[-1][1]
        told += "better" in said or "worse" in said
    # Binomial, 5 % of 150, within three standard deviations.
    assert 1 <= told <= 7.5 + 8


def test_the_error_of_an_area_is_that_of_delong():
    random = np.random.default_rng(1)
    truth = np.arange(60) < 12
    scores = np.round(truth + random.normal(size=60), 1)
    found = auroc_rows(truth, scores)
    above = scores[truth][:, None] - scores[~truth]
    placed = np.where(above > 0, 1.0, np.where(above == 0, 0.5, 0.0))
    assert found.value == pytest.approx(placed.mean())
    variance = placed.mean(axis=1).var(ddof=1) / 12 + placed.mean(axis=0).var(ddof=1) / 48
    assert np.square(found.influences).sum() / (60 * 59) == pytest.approx(variance)
    assert difference([found], [auroc_rows(truth, -scores)]).error == pytest.approx(2 * variance**0.5)


def test_one_anomaly_has_no_standard_error():
    truth = np.arange(10) < 1
    pair = [auroc_rows(truth, np.arange(10.0) * sign) for sign in (1, -1)]
    assert not difference(pair[:1], pair[1:]).shown


def test_the_influences_on_the_adjusted_rand_need_little_memory():
    rows = np.arange(2000)
    labels, clusters = rows % 900, rows // 3
    tracemalloc.start()
    found = adjusted_rand_rows(labels, clusters)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The pairs squared would need 32 MB.
    assert most < 4e6
    left_out = [0, 500, 1999]
    values = [adjusted_rand_score(np.delete(labels, row), np.delete(clusters, row)) for row in left_out]
    np.testing.assert_allclose(np.diff(found.influences[left_out]), -1999 * np.diff(values))


def test_the_error_of_the_adjusted_rand_is_that_of_drawn_rows():
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 300)
    clusters = np.where(random.random(300) < 0.3, random.integers(0, 3, 300), labels)
    found = adjusted_rand_rows(labels, clusters)
    assert found.value == pytest.approx(adjusted_rand_score(labels, clusters))
    drawn = random.integers(0, 300, size=(400, 300))
    values = [adjusted_rand_score(labels[rows], clusters[rows]) for rows in drawn]
    # The deviation of 400 draws is known to about 4 %.
    error = found.influences.std(ddof=1) / 300**0.5
    assert error == pytest.approx(np.std(values), rel=0.12)


def test_the_error_of_the_trustworthiness_is_that_of_new_rows():
    """The jackknife takes it rather too large; each row as a query alone gives 0.6 of it."""
    values, errors = [], []
    for seed in range(60):
        random = np.random.default_rng(seed)
        points = random.standard_t(4, size=(100, 6))
        found = trustworthiness_rows(points, points @ np.eye(6)[:, :2], 5)
        assert found.value == pytest.approx(trustworthiness(points, points[:, :2], n_neighbors=5))
        values.append(found.value)
        errors.append(found.influences.std(ddof=1) / 100**0.5)
    assert 0.8 < np.mean(errors) / np.std(values) < 1.8


#: What makes an application small, and gives it a figure that decides.
SETTINGS = {
    "clustering": {"clusters": 3},
    "denoising": {"noise": "gaussian"},
    "generation": {"most": 100, "components": 2},
    "imputation": {"most": 20, "rounds": 1},
    "pretraining": {"labels": 40, "counts": [], "draws": 1},
    "reduction": {"most": 100},
    "retrieval": {"most": 50},
}


@pytest.fixture(scope="module")
def pca(digits):
    return PCA(3).fit(digits)


@pytest.mark.parametrize("name", registry.names("application"))
def test_what_decides_comes_with_its_rows(name, digits, pca):
    """Otherwise its last sentence could not say how sure it is."""
    member = registry.resolve("application", name)
    if member.refusal(pca):
        pytest.skip(member.refusal(pca))
    data = digits
    if name == "anomaly":
        # Of two kinds, one of them rare.
        data = dataclasses.replace(digits, test=Split(digits.test.examples, digits.test.labels == 0))
    own = member(pca, **SETTINGS.get(name, {})).fit(data).report(data, None)
    metric = own.metric(own.decisive)
    if metric is None or metric.lower is None:
        assert name == "compression" and not any(one.rows for one in own.metrics)
        return
    [one] = metric.rows
    assert one.value == pytest.approx(metric.value)
    assert np.isfinite(one.influences).all() and len(one.influences) > 30
    assert np.mean(one.influences) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("lower", "bold"), [(True, ["0.2"]), (False, ["0.3"]), (None, [])])
def test_the_run_decides_whether_a_column_has_a_best_value(lower, bold):
    findings = {"model": finding(0.3, lower), "pca": finding(0.2, True)}
    table = Outcome("x", "digits", 3, findings, {}, Path()).table()
    assert [cell for row in table for cell in row if isinstance(cell, Best)] == bold
