"""Baselines and metrics of tables: means over what is there, and PCA."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn import decomposition
from table_rows import rows, write_rows

from kerasae import load_data
from kerasae.baselines import TablePCA
from kerasae.data import Split
from kerasae.data.tables import from_frame
from kerasae.metrics import evaluate
from kerasae.preprocessing import TablePreprocessing


@pytest.fixture
def path(tmp_path):
    return write_rows(tmp_path / "t.csv")


def test_an_interrupt_leaves_no_part_of_the_rows_that_a_network_sees(path, monkeypatch):
    data = load_data(path, stream=True)
    seen = data.with_preprocessor(TablePreprocessing(data.spec))
    layer, chunks = seen.preprocessor, type(seen.train).chunks

    def stop(*arguments):
        yield next(chunks(*arguments)).iloc[:5]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(type(seen.train), "chunks", stop)
        seen.train.in_order(layer)
    (batch,) = seen.train.in_order(layer)
    np.testing.assert_array_equal(batch, seen.x("train"))


def test_the_mean_of_a_table_is_that_of_what_is_there():
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0, 8.0] * 5, "b": [True, False, False, None] * 5})
    data = from_frame(frame.astype({"b": "boolean"}))
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    x = np.concatenate([data.x("train"), data.x("validation")])
    codec = TablePCA(2, indicators=True).fit(data)
    np.testing.assert_allclose(codec.decode(np.zeros((1, 2)))[0, 0], np.nanmean(x[:, 0]), atol=1e-6)
    np.testing.assert_allclose(codec._mean, np.nanmean(x, axis=0), atol=1e-6)


def test_pca_of_complete_numbers_is_pca():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)) @ rng.normal(size=(3, 6)), columns=list("abcdef"))
    frame += rng.normal(size=frame.shape) / 5
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    found = evaluate(TablePCA(2, indicators=False).fit(data), data)
    exact = decomposition.PCA(2).fit(np.concatenate([data.x("train"), data.x("validation")]))
    x = data.x("test")
    expected = np.mean((x - exact.inverse_transform(exact.transform(x))) ** 2)
    assert found["error"] == pytest.approx(expected, rel=1e-4)
    assert found["wrong"] is None


@pytest.fixture
def gaps(path):
    data = load_data(path, labels="label", id="key", drop=["empty"])
    return data.with_preprocessor(TablePreprocessing(data.spec))


class Nothing:
    """A codec that answers with 0 everywhere."""

    latent_dim = 1

    def __init__(self, columns):
        self.columns = columns

    def transform(self, raw):
        return np.zeros((len(raw), 1), "float32")

    def decode(self, codes):
        return np.zeros((len(codes), self.columns), "float32")


def test_figures_are_means_over_the_entries_that_are_there(gaps):
    test = gaps.test.examples.copy()
    test["category"] = test["category"].mask(test["category"] == "low", "never seen")
    data = dataclasses.replace(gaps, test=Split(test))
    x = data.x("test")
    found = evaluate(Nothing(x.shape[1]), data)
    codes = np.array([column.kind not in ("number", "date") for column in data.spec.features])
    categories = np.array([column.kind == "category" for column in data.spec.features])
    wrong = np.where(np.isnan(x), np.nan, (x != 0) | categories)
    assert (x[:, categories] == 0).any()
    assert found["error"] == pytest.approx(np.nanmean(np.square(x[:, ~codes])), rel=1e-5)
    assert found["wrong"] == pytest.approx(np.nanmean(wrong[:, codes]))


@pytest.mark.parametrize("indicators", [False, True])
def test_pca_answers_an_empty_row_with_the_means_of_what_is_there(gaps, indicators):
    pca = TablePCA(3, indicators=indicators).fit(gaps)
    x = np.concatenate([gaps.x("train"), gaps.x("validation")])
    numbers = [i for i, column in enumerate(gaps.spec.features) if column.kind in ("number", "date")]
    empty = gaps.test.examples.iloc[:1].map(lambda value: None)
    found = pca.decode(pca.transform(empty))
    np.testing.assert_allclose(found[0, numbers], np.nanmean(x, axis=0)[numbers], atol=1e-6)


@pytest.mark.parametrize("indicators", [False, True])
def test_no_baseline_sees_the_test_rows(gaps, indicators):
    other = dataclasses.replace(gaps, test=gaps.test.rows(slice(5)))
    one, two = (
        TablePCA(2, indicators=indicators).fit(d).transform(gaps.test.examples) for d in (gaps, other)
    )
    np.testing.assert_array_equal(one, two)


def test_categories_are_answered_with_the_mode():
    frame = pd.DataFrame({"c": ["a"] * 70 + ["b"] * 30, "n": np.arange(100.0)}).sample(frac=1, random_state=0)
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    found = evaluate(TablePCA(1, indicators=False).fit(data), data)
    assert found["wrong"] == pytest.approx((data.test.examples["c"] == "b").mean())
    assert found["by_column"]["c"] == found["wrong"]


def test_indicators_help_pca_where_categories_say_more():
    data = from_frame(rows()[["category", "flag", "number"]])
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    plain, indicators = (
        evaluate(TablePCA(2, indicators=one).fit(data), data)["wrong"] for one in (False, True)
    )
    assert indicators < plain


def test_a_table_without_numbers_has_a_baseline_too():
    data = from_frame(rows()[["category", "flag"]])
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    found = evaluate(TablePCA(3, indicators=False).fit(data), data)
    assert found["error"] is None
    assert 0 < found["wrong"] < 1
