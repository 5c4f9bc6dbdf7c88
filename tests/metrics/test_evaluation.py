"""Evaluation: explained variance, the probe, and what is left out."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_vectors import Shrunk, vectors

from kerasae import PCA, evaluate
from kerasae.metrics import Entry, Metric, reconstruct
from kerasae.metrics._rows import Difference, RowInfluences, RowSums
from kerasae.metrics.detection import anomaly_auroc, row_errors
from kerasae.metrics.evaluation import probe_accuracy
from kerasae.metrics.measures import (
    Measures,
    measures_of,
)
from kerasae.report import Best
from kerasae.report.verdicts import verdicts
from kerasae.spec import Column, Spec
from kerasae.workflows.comparison.page import headings, table_rows


@pytest.mark.parametrize(("share", "explained"), [(0.0, 0.0), (0.5, 0.75), (1.0, 1.0)])
def test_explained_variance_is_one_less_the_share_left(share, explained):
    rng = np.random.default_rng(0)
    # The test rows lie elsewhere: the reference is the mean of the training rows.
    data = vectors(rng.normal(size=(60, 3)), rng.normal(size=(50, 3)) + 1)
    found = evaluate(Shrunk(data, share), data)
    assert found["explained_variance"] == pytest.approx(explained, abs=1e-6)
    x = data.x("test")
    off = (1 - share) * (x - data.x("train").mean(axis=0))
    assert found["error"] == pytest.approx(np.mean(off**2), rel=1e-5, abs=1e-12)
    assert found["absolute_error"] == pytest.approx(np.mean(np.abs(off)), rel=1e-5, abs=1e-6)


def test_explained_variance_of_pca_is_that_of_its_components():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(200, 2)) @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(200, 5))
    data = vectors(rows, rows)
    # On the rows that it was fitted on: the eigenvalues kept over all of them. Two rows count twice.
    values = np.linalg.eigvalsh(np.cov(data.x("train").T))[::-1]
    found = evaluate(PCA(2).fit(data), data)["explained_variance"]
    assert found == pytest.approx(values[:2].sum() / values.sum(), abs=2e-3)


def test_the_probe_learns_from_training_rows_alone():
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(80, 2)), rng.normal(size=(60, 2))
    # In the test split the classes are the other way round: a probe that had seen one of its rows would
    # get some right.
    data = vectors(train, test, (train[:, 0] > 0, test[:, 0] < 0))
    assert probe_accuracy(PCA(2).fit(data), data) < 0.1
    data = vectors(train, test, (train[:, 0] > 0, test[:, 0] > 0))
    assert probe_accuracy(PCA(2).fit(data), data) > 0.9


@pytest.mark.parametrize(("errors", "good"), [((0.5, 0.99), False), ((0.7, 0.72), True)])
def test_a_lead_within_the_spread_over_seeds_is_none(errors, good):
    rng = np.random.default_rng(3)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(20, 3)))

    def entry(name, *errors):
        # All rows alike: the seeds alone leave a doubt.
        rows = [{"error": RowSums(np.full(20, 3 * error), np.full(20, 3.0))} for error in errors]
        figures = [{"error": error, "explained_variance": 0.5, "latent_dim": 2} for error in errors]
        return Entry(name, figures, [], np.zeros((1, 2)), np.zeros((1, 3)), name == "PCA", rows)

    ((found, said),) = verdicts([entry("ours", *errors), entry("PCA", 0.8)], measures_of(data.spec))
    assert found == good
    assert said.startswith("ours beats PCA:") == good
    assert ("20 test rows and 2 seeds show no difference from PCA" in said) != good
    assert said.endswith(", within two standard errors.") != good


# Labels ----------------------------------------------------------------------------------------------


def test_the_probe_leaves_out_rows_without_a_label():
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(80, 2)), rng.normal(size=(60, 2))
    labels = [np.where(rows[:, 0] > 0, "a", "b") for rows in (train, test)]
    # Half of the labels are gone, of rows where they would have been the wrong way round.
    for rows, told in zip((train, test), labels, strict=True):
        told[rows[:, 1] > 0] = ""
    data = vectors(train, test, labels)
    assert probe_accuracy(PCA(2).fit(data), data) > 0.9
    # Nothing to learn: one class, quantities, none judged, or a class of its own for most rows.
    for wrong in (
        (np.full(80, "a"), labels[1]),
        (rng.normal(size=80), rng.normal(size=60)),
        (labels[0], np.full(60, "")),
        (np.arange(80).astype(str), labels[1]),
        (None, labels[1]),
        (labels[0], None),
    ):
        data = vectors(train, test, wrong)
        assert probe_accuracy(PCA(2).fit(data), data) is None
    # Forty kinds of eighty rows are classes.
    data = vectors(train, test, (np.repeat(np.arange(40), 2), np.zeros(60, int)))
    assert probe_accuracy(PCA(2).fit(data), data) is not None
    data = vectors(train[:79], test, (np.r_[np.repeat(np.arange(39), 2), 39], np.zeros(60, int)))
    assert probe_accuracy(PCA(2).fit(data), data) is None


def test_the_probe_is_that_of_scikit_learn_on_few_rows():
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(300, 3)) * [1, 50, 1], rng.normal(size=(200, 3)) * [1, 50, 1]
    truth = [rows[:, 0] + 0.01 * rows[:, 1] + 0.3 * rng.normal(size=len(rows)) > 0 for rows in (train, test)]
    data = vectors(train, test, truth)
    codec = PCA(3).fit(data)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(codec.transform(train), truth[0])
    assert probe_accuracy(codec, data) == model.score(codec.transform(test), truth[1])
    # Of 20 rows it learns less than of all.
    assert probe_accuracy(codec, data, most=20) != probe_accuracy(codec, data)


def test_the_rarer_of_two_labels_is_the_anomaly():
    rng = np.random.default_rng(2)
    train, test = rng.normal(size=(80, 3)), rng.normal(size=(60, 3))
    odd = np.arange(60) < 20
    test[odd] *= 1.5
    labels = np.where(odd, "odd", "usual")
    data = vectors(train, test, (None, labels))
    codec = Shrunk(data, 0.5)
    x = data.x("test")
    errors = np.square(0.5 * (x - data.x("train").mean(axis=0))).mean(axis=1)
    assert anomaly_auroc(codec, data) == pytest.approx(roc_auc_score(odd, errors))
    for rare in (0, 59):
        one = np.arange(60) == rare
        data = vectors(train, test, (None, one.astype(int)))
        assert anomaly_auroc(codec, data) == pytest.approx(roc_auc_score(one, errors))
    labels[10:50] = ""
    data = vectors(train, test, (None, labels))
    known = labels != ""
    # Now they are as many: the first in the order of names counts as the anomaly.
    assert anomaly_auroc(codec, data) == pytest.approx(roc_auc_score(odd[known], errors[known]))
    for wrong in (None, np.full(60, "a"), np.arange(60) % 3):
        assert anomaly_auroc(codec, vectors(train, test, (None, wrong))) is None


def test_the_error_of_a_row_is_the_mean_over_what_is_there():
    columns = (
        Column("n", "number", "float64"),
        Column("c", "category", "str", ("p", "q")),
        Column("b", "boolean", "bool"),
    )
    data = SimpleNamespace(spec=Spec("table", (3,), "mixed", columns=columns))
    x = np.array([[1.0, 2, 1], [np.nan, 1, 0], [2.0, np.nan, np.nan], [np.nan] * 3])
    rebuilt = np.array([[0.5, 1, 0.7], [9, 1, 0.2], [0.0, 1, 1], [0, 0, 0]])
    codec = SimpleNamespace(transform=lambda raw: rebuilt, decode=lambda codes: codes)
    # The boolean of the first row rounds to what it is.
    np.testing.assert_allclose(row_errors(codec, data, x, x), [(0.25 + 1 + 0) / 3, 0, 4, 0])
    words = SimpleNamespace(spec=SimpleNamespace(kind="text"))
    x, rebuilt = np.array([[3, 4, 2, 0]]), np.array([[3.2, 9, 2, 0]])
    codec = SimpleNamespace(transform=lambda raw: rebuilt, decode=lambda codes: codes)
    np.testing.assert_allclose(row_errors(codec, words, x, x), [0.25])


# PCA -------------------------------------------------------------------------------------------------


def test_a_kind_that_says_nothing_of_its_own_doubts_nothing_and_has_no_exact_baseline():
    kind = Measures()
    assert kind.exact({"error": 0.0}, "error") is False
    assert kind.doubt({"error": 1.0}.get, {"error": 2.0}.get, "error") == ""


@pytest.mark.parametrize(
    "one",
    [
        Metric("error", "error", lower=True),
        RowSums(np.ones(2), np.ones(2)),
        RowInfluences(1.0, np.ones(2)),
        Difference(1.0, 0.5),
    ],
)
def test_what_was_measured_is_not_changed_afterwards(one):
    for field in dataclasses.fields(one):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, field.name, None)


@pytest.mark.parametrize(
    ("kind", "own", "cells"),
    [
        ("vector", {"error": 0.0123456, "explained_variance": 0.9876}, ["0.01235", "0.988"]),
        ("table", {"error": 0.0123456, "wrong": 0.04321}, ["0.01235", "0.0432"]),
        (
            "text",
            {"tokens_rebuilt": 0.8765, "words_recalled": 0.7654, "texts_rebuilt": 0.1234},
            ["0.876", "0.765", "0.123"],
        ),
    ],
)
def test_a_table_of_figures_is_short_and_tells_a_row_in_a_thousand(kind, own, cells):
    data = SimpleNamespace(spec=SimpleNamespace(kind=kind))
    common = {"probe_accuracy": 0.7895, "seconds": 12.34, "parameters": 1234567}

    def entry(name, more):
        figures = {**common, **{key: value + more for key, value in own.items()}}
        return Entry(name, [figures], [], np.zeros((1, 2)), np.zeros((1, 3)))

    entries = [entry("ours", 0.0), entry("pca", 1e-3)]
    first, other = table_rows(entries, data)
    # A count is whole, and a hundredth of a second is chance.
    assert first == ["ours", *cells, "0.789", "12.3", "1,234,567"]
    assert len(first) == len(headings(entries, data))
    assert all(a != b for a, b in zip(first[: len(cells) + 1], other, strict=False))
    # Bold is the one that is better: the lower error, the higher share.
    better = [not figure.lower for figure in measures_of(data.spec).headline]
    assert [isinstance(cell, Best) for cell in other[1 : len(cells) + 1]] == better
    assert [isinstance(cell, Best) for cell in first[1 : len(cells) + 1]] == [not one for one in better]


def test_reconstructions_come_in_batches():
    codec = SimpleNamespace(
        transform=lambda raw: raw, decode=lambda codes: calls.append(len(codes)) or 2 * codes
    )
    for batch_size, sizes in ((None, [2048, 2]), (1000, [1000, 1000, 50])):
        calls = []
        given = {} if batch_size is None else {"batch_size": batch_size}
        rows = np.arange(2050.0)[:, None]
        np.testing.assert_array_equal(reconstruct(codec, rows, **given), 2 * rows)
        assert calls == sizes
