"""What is said of a codec beside its baseline, and how sure that is."""

import dataclasses
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kerasae import PCA, Recipe, evaluate
from kerasae.baselines import fit_baselines
from kerasae.data import Data, Split, array_spec
from kerasae.data.tables import from_frame
from kerasae.metrics import Metric
from kerasae.metrics._rows import Difference, RowSums, difference
from kerasae.metrics.comparison import compare, merge
from kerasae.metrics.evaluation import evaluate_rows
from kerasae.metrics.measures import measures_of
from kerasae.preprocessing.identity import Identity
from kerasae.report import with_error
from kerasae.report.paired import Paired
from kerasae.report.verdicts import _verdict, verdicts
from kerasae.workflows.comparison.plain import to_json

#: What each of nine rows adds.
NINE = np.ones(9)


def rows_data(train, test):
    """Rows as they are, in a training and a test split."""
    spec = array_spec(train)
    return Data("rows", spec, Split(train), Split(train[:2]), Split(test), Identity(spec))


class Noisy:
    """A codec that gives back each row with noise of its own, of a scale that differs from row to row."""

    preprocessor = None

    def __init__(self, seed, size, scale=1.0):
        self.random, self.latent_dim, self.scale = np.random.default_rng(seed), size, scale

    def transform(self, raw):
        return np.asarray(raw)

    def decode(self, codes):
        scales = np.random.default_rng(len(codes)).lognormal(sigma=0.5, size=(len(codes), 1))
        return codes + self.scale * scales * self.random.normal(size=codes.shape)

    inverse_transform = decode


def test_of_equal_codecs_one_in_forty_beats():
    """Of 400 pairs of equal codecs, 80 test rows each, about 5 % are told apart, half of them wrongly so.

    A codec with the lower error alone would beat the baseline in half of the pairs.
    """
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(10, 6)), random.normal(size=(80, 6)))
    said = []
    for pair in range(400):
        entries = compare(
            {"model": Noisy(2 * pair, 6), "PCA": Noisy(2 * pair + 1, 6)}, data, baselines=["PCA"]
        )
        said += [sentence for _, sentence in verdicts(entries, measures_of(data.spec))]
    beaten = sum("model beats PCA" in one for one in said)
    lost = sum("does not beat" in one for one in said)
    same = sum("80 test rows show no difference from PCA" in one for one in said)
    few = [read(one)[0] for one in said if "80 test rows are too few to tell it apart from PCA" in one]
    assert len(few) > 10 and min(few) >= 10
    same += len(few)
    assert beaten + lost + same == len(said) == 400
    # Binomial, 5 % of 400 and 2.5 % of 400, within three standard deviations.
    assert beaten + lost <= 20 + 13
    assert beaten <= 10 + 9
    assert beaten + lost >= 5


@pytest.mark.parametrize(("scale", "words"), [(0.8, "model beats PCA"), (1.25, "model does not beat PCA")])
def test_a_difference_that_is_there_is_said(scale, words):
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(10, 6)), random.normal(size=(400, 6)))
    entries = compare({"model": Noisy(0, 6, scale), "PCA": Noisy(1, 6)}, data, baselines=["PCA"])
    [(good, sentence)] = verdicts(entries, measures_of(data.spec))
    assert words in sentence and "±" in sentence
    assert good == (scale < 1)
    told = to_json(entries, data)["entries"][0]["against"]["error"]
    assert told["baseline"] == "PCA"
    assert abs(told["difference"]) > 2 * told["standard_error"] > 0


def test_what_is_hard_for_both_is_no_noise():
    """Rows are paired: a small gain on each row is seen, however much the rows differ."""
    random = np.random.default_rng(0)
    hard = random.lognormal(sigma=2.0, size=100)
    one, other = (RowSums(factor * hard, np.ones(100)) for factor in (0.97, 1.0))
    found = difference([one], [other])
    assert found.shown and found.value < 0
    assert found.error < 0.1 * hard.std() / 10


def test_the_standard_error_is_that_of_drawn_rows():
    """A ratio of sums with counts that differ, as of a table with gaps, against 4,000 bootstrap samples."""
    random = np.random.default_rng(1)
    counts = random.integers(0, 6, 300)
    one = random.exponential(size=300) * counts
    other = 0.5 * one + random.exponential(size=300) * counts
    found = difference([RowSums(one, counts)], [RowSums(other, counts)])
    drawn = random.integers(0, 300, size=(4000, 300))
    values = (one - other)[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    assert found.value == pytest.approx((one.sum() - other.sum()) / counts.sum())
    # The deviation of 4,000 draws is known to about 1 %.
    assert found.error == pytest.approx(values.std(), rel=0.05)


def test_seeds_that_disagree_are_doubted():
    """Two seeds, one far better and one far worse: on the rows alone the difference would be sure."""
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(10, 6)), random.normal(size=(400, 6)))
    codecs = {"good": Noisy(0, 6, 0.5), "bad": Noisy(1, 6, 1.2), "PCA": Noisy(2, 6)}
    good, bad, pca = compare(codecs, data, baselines=["PCA"])
    [(_, alone)] = verdicts([good, pca], measures_of(data.spec))
    assert "good beats PCA" in alone
    [(flag, both)] = verdicts([merge([good, bad]), pca], measures_of(data.spec))
    assert "400 test rows and 2 seeds show no difference from PCA" in both and not flag
    steady = merge([good, dataclasses.replace(good)])
    [(flag, sure)] = verdicts([steady, pca], measures_of(data.spec))
    assert "beats" in sure and flag


def read(words):
    """Return the figures of a sentence with a difference and its error."""
    return [float(number.rstrip(".")) for number in re.search(r"([\d.e-]+) ± ([\d.e-]+)", words).groups()]


@pytest.mark.parametrize("theirs", [0.8, 0.05])
def test_the_printed_figures_say_what_the_sentence_says(theirs):
    """2.45 ± 1.23 would be 2.5 ± 1.2, but is within two standard errors."""
    code, figures = {"code_size": 2, "baseline": False}, iter(np.random.default_rng(0).random((400, 2)))
    metric = Metric("error", "error", lower=True)
    for error, near in [(0.0123, -0.05 / 123), (0.0123, 0.04 / 123), *figures]:
        gap = Difference(2 * error * (1 + 0.1 * near * (-1) ** (near > 0.5)), error)
        ours = SimpleNamespace(
            title="ours",
            mean=lambda _, gap=gap: theirs + gap.value,
            rows=[{"error": RowSums(NINE, NINE)}],
            **code,
        )
        ours.difference = lambda *_, gap=gap: gap
        best = SimpleNamespace(title="PCA", mean=lambda _: theirs, **code)
        _, sentence = _verdict(ours, best, metric)
        value, doubt = read(sentence)
        assert (value > 2 * doubt) == gap.shown == ("within two standard errors" not in sentence)
        words = Paired(True, theirs + gap.value, theirs, gap, 9, 1, 1).words("PCA")
        value, doubt = read(words)
        assert (value > 2 * doubt) == gap.shown == ("within two standard errors" not in words)


def test_digits_are_added_only_where_they_decide():
    assert with_error(0.25, 0.12) == "0.25 ± 0.12"
    assert with_error(0.2451, 0.1232) == "0.245 ± 0.123"
    assert with_error(0.2441, 0.1219) == "0.2441 ± 0.1219"
    assert with_error(1.0, 0.5) == "1 ± 0.5"
    assert with_error(3, 1.4, "{:.{}f}".format, 0) == "3 ± 1"
    assert with_error(2.6, 1.4, "{:.{}f}".format, 0) == "2.6 ± 1.4"


def test_a_tie_is_a_tie():
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(50, 6)), random.normal(size=(20, 6)))
    pca = PCA(2).fit(data)
    [(good, sentence)] = verdicts(
        compare({"model": pca, "pca": pca}, data, baselines=["pca"]), measures_of(data.spec)
    )
    assert sentence.startswith("model is no better and no worse than PCA: the test error of both is 0.")
    assert not good and "%" not in sentence


def test_one_test_row_shows_nothing():
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(50, 6)), random.normal(size=(1, 6)))
    codecs = {"model": Noisy(0, 6, 0.1), "pca": PCA(2).fit(data)}
    entries = compare(codecs, data)
    [(good, sentence)] = verdicts(entries, measures_of(data.spec))
    assert "1 test row is too few to tell it apart from" in sentence and "±" not in sentence and not good
    assert "standard error" not in sentence
    assert to_json(entries, data)["entries"][0]["against"]["error"]["standard_error"] is None


@pytest.mark.parametrize("value", [0.0, 0.3, 1e4])
def test_rows_that_do_not_vary_have_no_explained_variance(value):
    """Where it ended in a ZeroDivisionError, after the training."""
    data = rows_data(np.full((40, 5), value, "float32"), np.full((10, 5), value, "float32"))
    pca = PCA(2).fit(data)
    assert evaluate(pca, data)["explained_variance"] is None
    [(_, sentence)] = verdicts(compare({"model": Noisy(0, 5, 0.1), "pca": pca}, data), measures_of(data.spec))
    assert sentence.startswith("PCA is exact at this code size") and "%" not in sentence


def test_a_code_that_is_larger_than_a_row_is_said_to_be_meant():
    """An over-complete detector is not told that nothing is left to beat."""
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(50, 5)), random.normal(size=(10, 5)))
    model = Noisy(0, 5, 0.1)
    model.latent_dim = 16
    [(_, sentence)] = verdicts(
        compare({"model": model, "pca": PCA(5).fit(data)}, data), measures_of(data.spec)
    )
    assert "PCA is exact at this code size" in sentence and "as detectors and imputers need it" in sentence
    assert "nothing left" not in sentence


def test_no_percentage_is_beyond_reading():
    """Where a baseline is all but exact, the two errors say more than their ratio (5350170253788174 %)."""
    random = np.random.default_rng(0)
    data = rows_data(random.normal(size=(50, 5)), random.normal(size=(40, 5)))
    entries = compare({"model": Noisy(0, 5, 0.1), "PCA": Noisy(1, 5, 2e-3)}, data, baselines=["PCA"])
    [(good, sentence)] = verdicts(entries, measures_of(data.spec))
    assert "model does not beat PCA: its test error is 0.01" in sentence and "against" in sentence
    assert "%" not in sentence and not good


def test_each_row_adds_to_the_figures_what_they_say(tmp_path):
    """The figures of a table and of texts are the ratios of what their rows add."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"a": random.normal(size=60), "b": random.normal(size=60)})
    frame["kind"] = random.choice(["x", "y", "z"], 60)
    frame.loc[random.random(60) < 0.3, "a"] = np.nan
    table = Recipe.of().prepare(from_frame(frame))
    words = np.array(["one", "two", "three", "four"])
    lines = [" ".join(random.choice(words, random.integers(1, 5))) for _ in range(60)]
    (tmp_path / "some.txt").write_text("\n".join(lines))
    texts = Recipe.of(source=str(tmp_path / "some.txt")).load()
    seen = set()
    for data in (table, texts):
        for codec in fit_baselines(2, data).values():
            figures, rows = evaluate_rows(codec, data)
            seen |= {*rows}
            for key, one in rows.items():
                assert one.totals.shape == one.counts.shape == (len(data.test),)
                assert one.value == pytest.approx(figures[key])
    assert seen == {"error", "wrong", "tokens_rebuilt", "words_recalled"}
