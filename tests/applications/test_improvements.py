"""What an application says it makes better: how sure that is, over the rows it was measured on."""

import dataclasses

import numpy as np
import pytest

from kerasae import PCA
from kerasae.applications import Denoising
from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.filling import Filled
from kerasae.applications.denoising._number_fidelity import NumberFidelity
from kerasae.applications.denoising._page import sentences as of_cleaning
from kerasae.applications.generation._measures import Measured, measure_attribute, measure_samples
from kerasae.applications.generation._sentences import on_the_attribute, on_the_samples, on_the_truth
from kerasae.applications.imputation._errors import HiddenErrors
from kerasae.applications.imputation._report import sentences as of_filling
from kerasae.applications.pretraining._curve import LabelCurve
from kerasae.data import Data, Split
from kerasae.metrics import Metric, RowSums, auroc_rows
from kerasae.preprocessing.identity import Identity
from kerasae.report.paired import Paired
from kerasae.spec import Spec

#: Tries of what makes no difference, and how many may be told apart: binomial, 5 % of them, within three
#: standard deviations.
TRIES, MOST = 100, 5 + 6.5


def claims(said):
    """How many sentences say that one is better or worse; the others must doubt it."""
    told = ["better than" in words or "worse than" in words for words in said]
    doubted = ["show no difference" in words and "within two standard errors" in words for words in said]
    assert all(one != other for one, other in zip(told, doubted, strict=True))
    return sum(told)


def normal_rows(random, rows=60):
    """Vectors of six numbers; those of the test split are given."""
    x = random.normal(size=(80 + rows, 6))
    spec = Spec("vector", (6,))
    data = Data("rows", spec, Split(x[:60]), Split(x[60:80]), Split(x[80:]))
    return data.with_preprocessor(Identity(spec))


def cleaned(random, noise, rows=60):
    """What is said of vectors with noise of deviation 1 where cleaning leaves this much of its own."""
    data, fidelity = normal_rows(random, rows), NumberFidelity(None, 1)
    truth = data.test.examples
    fidelity.add(*(truth + scale * random.normal(size=truth.shape) for scale in (1.0, noise)), truth)
    return of_cleaning(fidelity.changes(), fidelity.best_filter(), data)


def test_noise_for_noise_is_no_improvement():
    """Where an error that is lower by any amount "improves", half of the tries did."""
    random = np.random.default_rng(0)
    said = [words for _ in range(TRIES) for _, words in cleaned(random, 1.0)]
    assert len(said) == TRIES and claims(said) <= MOST


@pytest.mark.parametrize(("noise", "words"), [(0.5, "better than before"), (2.0, "worse than before")])
def test_less_noise_is_an_improvement_and_more_is_none(noise, words):
    [(good, sentence)] = cleaned(np.random.default_rng(0), noise)
    assert sentence.startswith("Error after cleaning: ") and words in sentence and "±" in sentence
    assert good == (noise < 1)
    assert good != sentence.endswith("a model trained on such noise, or another size of code, may do better.")


def test_cleaned_images_are_held_against_a_filter_row_by_row(digits, tmp_path):
    """Eight digits: where the mean alone said that 0.1 dB are more."""
    few = dataclasses.replace(digits, test=Split(digits.test.head(8)))
    app = Denoising(PCA(24).fit(digits), noise="gaussian", level=0.2)
    found = app.fit(few).report(few, tmp_path)
    psnr, _, filtered = found.sentences
    assert psnr[1].startswith("PSNR after cleaning: ") and " dB, better than before (" in psnr[1]
    assert "which has learnt nothing" in filtered[1] and ("±" in filtered[1])
    metric = found.metric("psnr_after")
    [sums] = metric.rows
    assert sums.value == pytest.approx(metric.value)
    assert len(sums.totals) == 8


def test_a_filling_as_wrong_as_the_mean_is_no_gain():
    random = np.random.default_rng(0)
    said = []
    for _ in range(TRIES):
        x = random.normal(size=(50, 6))
        data = normal_rows(random)
        cells = Cells(data.spec, data.preprocessor)
        cells.typical = np.zeros(6)
        measured = HiddenErrors(cells, 0.9, 1)
        nothing = np.full(x.shape, np.nan)
        measured.add(
            x, random.random(x.shape) < 0.5, Filled(x + random.normal(size=x.shape), nothing, nothing)
        )
        said += [words for _, words in of_filling(measured)]
    assert len(said) == TRIES and claims(said) <= MOST
    assert said[0].startswith("Squared error on hidden numbers: ") and "the mean's (" in said[0]


def test_hits_alone_do_not_make_a_training_better_than_one_from_scratch():
    random = np.random.default_rng(0)
    said = []
    for _ in range(TRIES):
        easy = random.random(80) < 0.8
        staged, scratch = ({50: easy != (random.random((1, 80)) < 0.1)} for _ in range(2))
        curve = LabelCurve({"staged": staged, "scratch": scratch}, 30)
        said += [words for _, words in curve.beside_scratch("staged")]
    assert claims([one for one in said if "the same as" not in one]) <= MOST
    assert said[0].startswith("50 labels to learn from and 30 to choose by: accuracy staged 0.")


def test_draws_that_disagree_are_doubted():
    """Two draws, one far better and one worse: on the rows alone the difference would be sure."""
    random = np.random.default_rng(0)
    shares = (0.95, 0.55)
    ours = np.stack([random.random(400) < share for share in shares])
    scratch = random.random((2, 400)) < 0.65
    curve = LabelCurve({"frozen": {50: ours}, "scratch": {50: scratch}}, 30)
    [(good, words)] = curve.beside_scratch("frozen")
    assert "400 rows and 2 draws show no difference from the same network from scratch" in words and not good
    curve = LabelCurve({"frozen": {50: ours[:1]}, "scratch": {50: scratch[:1]}}, 30)
    [(good, words)] = curve.beside_scratch("frozen")
    assert ", better than the same network from scratch (" in words and good


def sampled(random, scale, rows=14):
    """Of samples and held-out rows: the ratio of their distances from training rows, and what is said."""
    train = random.normal(size=(60, 3))
    heldout, samples = random.normal(size=(2, rows, 3)) * np.array([1.0, scale])[:, None, None]
    measured = measure_samples(heldout, samples, train)
    return measured.number("nearest_ratio"), on_the_samples(measured, None)[0]


def test_samples_like_held_out_rows_are_seldom_called_farther_or_nearer():
    """A ratio outside 0.8 to 1.25 is usual for 14 rows."""
    random = np.random.default_rng(0)
    ratios, said = zip(*(sampled(random, 1.0) for _ in range(TRIES)), strict=True)
    outside = [words for ratio, (_, words) in zip(ratios, said, strict=True) if not 0.8 <= ratio <= 1.25]
    assert len(outside) > 20
    doubted = sum("28 rows show no difference." in words for words in outside)
    assert len(outside) - doubted <= MOST
    ratio, (good, words) = sampled(random, 4.0, rows=40)
    assert ratio > 1.25 and "farther from real rows" in words and not good


def told(random, apart, rows=60):
    """What is said where made rows and a copula's are told from real ones by scores of their own."""
    truth = np.arange(2 * rows) >= rows
    ours, theirs = (
        auroc_rows(truth, truth * shift + random.normal(size=2 * rows)) for shift in (0.5, 0.5 + apart)
    )
    metric = Metric("told_from_real", "told from real (AUC)", ours.value)
    return on_the_truth(Measured([metric], {metric.key: Paired.of([ours], [theirs], lower=True)}))[-1]


def test_a_copula_that_is_told_as_easily_is_no_worse():
    random = np.random.default_rng(0)
    assert claims([told(random, 0.0)[1] for _ in range(TRIES)]) <= MOST
    good, words = told(random, 1.5)
    assert good and words.startswith("Told from real: 0.")
    assert ", better than rows of a Gaussian copula, which learns correlations alone (" in words


@pytest.mark.parametrize(("moved", "good"), [(1, False), (12, True)])
def test_one_row_that_takes_an_attribute_on_shows_little(moved, good):
    """Of 20 rows: one alone may have come by chance."""
    ones = np.repeat([0.0, 1.0], 30)[:, None]
    raw = np.zeros((20, 1))
    after = np.where(np.arange(20)[:, None] < moved, 1.0, 0.0)
    measured = measure_attribute("yes", raw, after, ones, ones[:, 0] > 0)
    assert [metric.value for metric in measured.metrics] == [0.0, moved / 20]
    shown, words = on_the_attribute(measured, "yes")[0]
    assert shown == good
    assert ("20 rows show no difference from before (0%)" in words) != good
    assert (f"{moved / 20:.0%}, better than before (0%), by 0.6 ± 0.1" in words) == good


def test_nothing_counted_is_nothing_said():
    empty = RowSums(np.zeros(3), np.zeros(3))
    assert Paired.of([empty], [RowSums(np.ones(3), np.ones(3))], lower=True) is None
