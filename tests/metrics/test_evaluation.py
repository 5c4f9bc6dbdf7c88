"""Figures against their definitions, and verdicts that doubt what they should."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import decomposition
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerasae import PCA, evaluate
from kerasae.data import Data, Split
from kerasae.data._drawing import SPLITS
from kerasae.metrics import Entry, Metric, reconstruct
from kerasae.metrics._auroc import auroc_rows
from kerasae.metrics._rows import Difference, RowInfluences, RowSums, difference
from kerasae.metrics.comparison import (
    baseline_entries,
    best_baseline,
    compare,
    mapped_rows,
    merge,
)
from kerasae.metrics.detection import anomaly_auroc, row_errors
from kerasae.metrics.evaluation import probe_accuracy
from kerasae.metrics.measures import (
    Measures,
    NumberMeasures,
    TableMeasures,
    TextMeasures,
    measures_of,
)
from kerasae.preprocessing import Identity, Standardization
from kerasae.report import Best
from kerasae.report.verdicts import verdicts
from kerasae.spec import Column, Spec
from kerasae.workflows.comparison.page import headings, table_rows
from kerasae.workflows.comparison.plain import to_json


def vectors(train, test, labels=(None, None)):
    spec = Spec("vector", train.shape[1:], "float64")
    splits = dict.fromkeys(SPLITS, Split(train[:2]))
    splits |= {"train": Split(train, labels[0]), "test": Split(test, labels[1])}
    return Data("vectors", spec, **splits).with_preprocessor(Standardization(spec))


class Shrunk:
    """A codec that gives back the training mean and a share of what deviates from it."""

    def __init__(self, data, share):
        self.preprocessor, self.mean, self.share = data.preprocessor, data.mean, share
        self.latent_dim = data.spec.size

    def transform(self, raw):
        return self.preprocessor.to_x(raw)

    def decode(self, codes):
        return self.mean + self.share * (codes - self.mean)


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


# Rows and their differences --------------------------------------------------------------------------


def test_the_error_of_a_difference_is_that_of_the_ratio():
    """By hand: rows that count unlike, and what each adds beyond its share."""
    counts = np.array([1.0, 2.0, 1.0])
    ours, theirs = RowSums(np.array([3.0, 5.0, 1.0]), counts), RowSums(np.array([1.0, 1.0, 1.0]), counts)
    found = difference([ours], [theirs])
    # 6 over 4; off by 2 - 1.5, 4 - 3, 0 - 1.5; the sum of squares is 3.5, times 3/2, over 16.
    assert found.value == pytest.approx(1.5)
    assert found.error == pytest.approx(np.sqrt(3.5 * 1.5 / 16))
    # Two seeds at 2.25 and 1.25: their mean has a variance of 0.5 / 2; the other side has one seed.
    other = RowSums(np.array([3.0, 1.0, 1.0]), counts)
    both = difference([ours, other], [theirs])
    off = np.array([3.0, 3.0, 1.0]) - theirs.totals
    rows = np.square(off - off.sum() / 4 * counts).sum() * 1.5 / 16
    assert both.value == pytest.approx(1.0)
    assert both.error == pytest.approx(np.sqrt(rows + 0.25))
    swapped = difference([theirs], [ours, other])
    assert (swapped.value, swapped.error) == pytest.approx((-1.0, both.error))
    one = difference([RowSums(np.array([2.0]), np.array([1.0]))], [RowSums(np.array([1.0]), np.array([1.0]))])
    assert one.value == 1 and one.error == np.inf and not one.shown
    assert RowSums(np.zeros(2), np.zeros(2)).value is None
    assert [Difference(value, 1.0).shown for value in (-2.1, -2.0, 0.0, 2.0, 2.1)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    best = Difference(2.5, 1.0)
    assert best.shown_by_best_of(2) and not best.shown_by_best_of(5)


def test_the_best_of_many_equal_codecs_is_rarely_shown_to_be_better():
    """Of 5, 30 and 100 the best differs as rarely as one does: 4.6 % of the time, not 22, 76 and 99."""
    rng = np.random.default_rng(0)
    for count in (1, 5, 30, 100):
        least = rng.normal(size=(4000, count)).min(axis=1)
        shown = np.mean([Difference(value, 1.0).shown_by_best_of(count) for value in least])
        # The best of many is rarely worse than what it is compared with. A standard error is 0.0024.
        assert shown == pytest.approx(0.0455 if count == 1 else 0.023, abs=0.008)


def test_rows_that_are_all_rebuilt_move_nothing():
    assert not RowSums(np.zeros(4), np.arange(1.0, 5)).influences.any()
    # By hand: 6 over 4 is 1.5; counts are 1 and 3, of mean 2.
    np.testing.assert_allclose(RowSums(np.array([3.0, 3.0]), np.array([1.0, 3.0])).influences, [0.75, -0.75])


def test_the_error_of_an_area_is_that_of_mann_whitney():
    """DeLong's components by comparing all pairs, ties by half."""
    rng = np.random.default_rng(0)
    truth, scores = rng.random(40) < 0.3, rng.integers(0, 12, 40).astype(float)
    scores[truth] += 2
    wins = np.sign(scores[truth][:, None] - scores[~truth]) / 2 + 0.5
    found = auroc_rows(truth, scores)
    assert found.value == pytest.approx(wins.mean())
    delong = wins.mean(axis=1).var(ddof=1) / truth.sum() + wins.mean(axis=0).var(ddof=1) / (~truth).sum()
    assert found.influences.var(ddof=1) / 40 == pytest.approx(delong)
    # A row that wins more than the others of its kind raises the area.
    np.testing.assert_array_equal(
        np.sign(found.influences[truth]).round(), np.sign((wins.mean(axis=1) - wins.mean()).round(12))
    )
    for lone in (np.arange(40) == 3, np.arange(40) != 3):
        assert np.isnan(auroc_rows(lone, scores).influences).all()
    assert np.isfinite(auroc_rows(np.arange(40) < 2, scores).influences).all()


def made(name, *values, key="error", baseline=False, rows=4):
    """An entry whose rows are all alike, one value a seed."""
    sums = [{key: RowSums(np.full(rows, value), np.ones(rows))} for value in values]
    figures = [{key: value, "explained_variance": 0.5, "latent_dim": 2, "seconds": 1.0} for value in values]
    return Entry(name, figures, [[]] * len(values), np.zeros((1, 2)), np.zeros((1, 3)), baseline, sums)


def test_an_entry_has_the_mean_and_the_spread_of_its_seeds():
    entry = made("ours", 1.0, 2.0, 6.0)
    assert entry.mean("error") == 3.0
    assert entry.spread("error") == pytest.approx(np.std([1, 2, 6], ddof=1))
    assert entry.spread("nothing") is None and entry.mean("nothing") is None
    assert made("ours", 1.0).spread("error") is None
    entry.figures[1]["error"] = None
    assert entry.mean("error") is None and entry.spread("error") is None
    again = merge([made("ours", 1.0), made("ours", 3.0)])
    assert again.mean("error") == 2.0 and len(again.histories) == len(again.rows) == 2


def test_the_baseline_to_beat_is_the_best_of_those_that_have_the_figure():
    entries = [
        made("ours", 0.1),
        *(made(f"pca-{i}", value, baseline=True) for i, value in enumerate((3.0, 1.0, 2.0))),
    ]
    entries[3].figures[0]["error"] = None
    lower, higher = Metric("error", "error", lower=True), Metric("error", "error", lower=False)
    assert best_baseline(entries, lower).name == "pca-1"
    assert best_baseline(entries, higher).name == "pca-0"
    assert best_baseline(entries[:1], lower) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "good", "said"),
    [
        (
            0.5,
            0.8,
            True,
            "ours beats PCA: its test error is 37.5 ± 0.0 % below that of PCA at the same code size.",
        ),
        (1.2, 0.8, False, "ours does not beat PCA: its test error is 50.0 ± 0.0 % above that of PCA"),
        # From ten times the other's error on the figures say more than their ratio.
        (8.7, 0.8, False, "its test error is 987.5 ± 0.0 % above that of PCA"),
        (8.8, 0.8, False, "its test error is 8.8 against 0.8, a difference of 8 ± 0."),
        (0.8, 0.8, False, "ours is no better and no worse than PCA: the test error of both is 0.8."),
        (0.7995, 0.8, True, "its test error is 0.06 ± 0.0 % below"),
    ],
)
def test_a_verdict_says_which_side_and_how_much(ours, theirs, good, said):
    rng = np.random.default_rng(3)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(20, 3)))
    ((found, sentence),) = verdicts(
        [made("ours", ours), made("PCA", theirs, baseline=True)], measures_of(data.spec)
    )
    assert found == good and said in sentence


def test_a_comparison_for_machines():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(60, 3))
    data = vectors(rows, rng.normal(size=(30, 3)))
    entries = compare({"half": Shrunk(data, 0.5), "pca": PCA(1).fit(data)}, data, {"half": 2.5})
    assert [entry.baseline for entry in entries] == [False, True]
    assert [entry.figures[0]["seconds"] for entry in entries] == [2.5, None]
    assert [len(entry.codes) for entry in entries] == [30, 30]
    assert [len(entry.reconstructions) for entry in entries] == [12, 12]
    said = to_json(entries, data)
    assert said["test_rows"] == 30 and len(said["verdicts"]) == 1
    half, pca = said["entries"]
    assert pca["against"] == {"error": None}
    apart = half["mean"]["error"] - pca["mean"]["error"]
    assert half["against"]["error"]["baseline"] == "pca"
    assert half["against"]["error"]["difference"] == pytest.approx(apart)
    assert half["against"]["error"]["standard_error"] > 0
    assert half["spread"]["error"] is None and "probe_accuracy" in half["mean"]
    # No more components than features, however wide the code.
    (baseline,) = baseline_entries(8, data, " (8)")
    assert (
        (baseline.name, baseline.title) == ("pca (8)", "PCA (8)")
        and baseline.baseline
        and baseline.figures[0]["latent_dim"] == 3
    )
    assert baseline.figures[0]["parameters"] == 3 * 3 + 3 and half["seeds"][0]["parameters"] is None


def test_a_map_shows_5000_rows_at_most():
    for rows, shown in ((4999, 4999), (5000, 5000), (5001, 5000)):
        data = vectors(np.eye(5, 2), np.zeros((rows, 2)))
        assert len(mapped_rows(data).test) == shown


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


@pytest.mark.parametrize("streamed", [False, True])
def test_pca_is_that_of_scikit_learn_in_memory_and_in_parts(streamed):
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(90, 14)) * np.geomspace(8, 0.1, 14) + 3) @ rng.normal(size=(14, 14))
    # As they are, far from 0: standardised rows would hide a mean that is not taken off.
    data = vectors(rows / 10, rows[:40] / 10).with_preprocessor(Identity(Spec("vector", (14,), "float64")))
    rows = rows / 10
    if streamed:
        data = Streamed(data)
    codec = PCA(3).fit(data)
    x = np.concatenate([data.x("train"), data.x("validation")]).astype("float64")
    truth = decomposition.PCA(3).fit(x)
    np.testing.assert_allclose(codec.decode(np.zeros((1, 3)))[0], truth.mean_, atol=1e-5)
    found = codec.decode(codec.transform(rows))
    np.testing.assert_allclose(found, truth.inverse_transform(truth.transform(data.x("train"))), atol=2e-3)
    signs = np.sign((codec.transform(rows) * truth.transform(data.x("train"))).sum(axis=0))
    np.testing.assert_allclose(codec.transform(rows), signs * truth.transform(data.x("train")), atol=5e-3)
    assert codec.count_params() == 3 * 14 + 14
    np.testing.assert_allclose(
        codec.inverse_transform(codec.transform(rows)), data.preprocessor.restore(found), rtol=1e-4
    )


def test_pca_with_all_components_gives_raw_rows_back():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3)) * [1, 50, 1] + [0, 1000, 5]
    data = vectors(rows, rows[:7])
    codec = PCA(3).fit(data)
    np.testing.assert_allclose(codec.inverse_transform(codec.transform(rows)), rows, rtol=1e-4, atol=1e-4)
    # Without a preprocessor rows are `x`.
    codec.preprocessor = None
    x = data.x("test")
    np.testing.assert_allclose(codec.inverse_transform(codec.transform(x)), x, atol=1e-5)


@pytest.mark.parametrize("origin", [0.0, 1000.0])
def test_components_of_rows_in_parts_converge_wherever_the_rows_lie(origin):
    """The spectrum falls slowly, so that every pass counts, and more features than any basis has."""
    size, rng = 40, np.random.default_rng(0)
    turned = np.linalg.qr(rng.normal(size=(size, size)))[0]
    rows = (rng.normal(size=(120, size)) * np.geomspace(3, 0.3, size)) @ turned + origin
    data = vectors(rows, rows[:40]).with_preprocessor(Identity(Spec("vector", (size,), "float64")))
    x = np.concatenate([data.x("train"), data.x("validation")]).astype("float64")
    truth = decomposition.PCA(3, svd_solver="full").fit(x)
    codec = PCA(3).fit(Streamed(data))
    components = codec.decode(np.eye(3)) - codec.decode(np.zeros((3, 3)))
    signs = np.sign((components * truth.components_).sum(axis=1, keepdims=True))
    # Six passes leave 1.5e-4 and five 6.7e-4. Reconstructions are float32, at 1,000 good to 6e-5.
    tolerance = 3e-4 + 2e-7 * origin
    np.testing.assert_allclose(signs * components, truth.components_, atol=tolerance)


class Streamed:
    """Data that are read in parts of 25 rows."""

    streamed = True

    def __init__(self, data):
        self._data = data

    def __getattr__(self, name):
        return getattr(self._data, name)

    def parts(self, split):
        raw = self._data.split(split).examples
        for start in range(0, len(raw), 25):
            part = raw[start : start + 25]
            yield part, self._data.preprocessor.to_x(part)


def test_a_code_of_pca_is_no_wider_than_rows_and_features():
    rng = np.random.default_rng(0)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(5, 3)))
    assert PCA(3).fit(data).latent_dim == 3
    with pytest.raises(ValueError, match="must not exceed 3, the lesser of rows and features, received 4"):
        PCA(4).fit(data)
    few = vectors(rng.normal(size=(2, 9)), rng.normal(size=(5, 9)))
    # Two rows to train on and the same two to validate.
    assert PCA(4).fit(few).latent_dim == 4
    with pytest.raises(ValueError, match="must not exceed 4"):
        PCA(5).fit(few)
    for wrong in (0, -1, True, 1.5):
        with pytest.raises(ValueError, match="`latent_dim` must be a positive integer"):
            PCA(wrong)
    assert PCA(1).latent_dim == 1 and PCA().latent_dim == 8


def test_a_baseline_is_exact_where_rounding_alone_is_left():
    kind = NumberMeasures()
    for explained, error, exact in (
        (1 - 2e-6, 1.0, False),
        (1 - 5e-7, 1.0, True),
        (0.0, 1e-15, False),
        (-0.1, 2e-12, False),
        (-0.1, 5e-13, True),
        (None, 2e-12, False),
        (None, 5e-13, True),
    ):
        assert kind.exact({"explained_variance": explained, "error": error}, "error") is exact


def test_a_baseline_of_a_table_or_of_texts_is_exact():
    assert TableMeasures().exact({"error": 5e-7, "wrong": 0.1}, "error")
    assert not TableMeasures().exact({"error": 2e-6, "wrong": 0.0}, "error")
    assert TableMeasures().exact({"error": 1.0, "wrong": 0.0}, "wrong")
    assert TextMeasures().exact({"tokens_rebuilt": 1.0}, "tokens_rebuilt")
    assert not TextMeasures().exact({"tokens_rebuilt": 0.999}, "tokens_rebuilt")


@pytest.mark.parametrize(
    ("tokens", "words", "key", "doubted"),
    [
        ((0.8, 0.5), (0.1, 0.2), "tokens_rebuilt", True),
        ((0.8, 0.5), (0.2, 0.2), "tokens_rebuilt", False),
        ((0.5, 0.5), (0.1, 0.2), "tokens_rebuilt", False),
        ((0.8, 0.5), (0.1, 0.2), "words_recalled", False),
    ],
)
def test_more_tokens_with_fewer_words_are_doubted(tokens, words, key, doubted):
    ours, theirs = ({"tokens_rebuilt": a, "words_recalled": b} for a, b in zip(tokens, words, strict=True))
    said = TextMeasures().doubt(ours.get, theirs.get, key)
    assert ("fewer words, 0.100 against 0.200" in said) == doubted and bool(said) == doubted


def test_figures_are_what_was_measured():
    rng = np.random.default_rng(0)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(9, 3)))
    codec = Shrunk(data, 0.5)
    figures, rows = NumberMeasures().measured(codec, data, "test")
    assert NumberMeasures().figures(codec, data, "test") == figures
    assert rows["error"].value == figures["error"] and set(figures) > {"absolute_error"}


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

    first, other = table_rows([entry("ours", 0.0), entry("pca", 1e-3)], data)
    # A count is whole, and a hundredth of a second is chance.
    assert first == ["ours", *cells, "0.789", "12.3", "1,234,567"]
    assert len(first) == len(headings(data))
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
