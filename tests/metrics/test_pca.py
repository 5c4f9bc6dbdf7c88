"""PCA is that of scikit-learn, in memory and in parts, and exact where rounding alone is left."""

import dataclasses

import numpy as np
import pytest
from sklearn import decomposition
from small_vectors import vectors

from kerasae import PCA
from kerasae.baselines import pca
from kerasae.data import Split
from kerasae.metrics.measures import (
    NumberMeasures,
    TableMeasures,
    TextMeasures,
)
from kerasae.preprocessing import Identity
from kerasae.spec import Spec


@pytest.mark.parametrize("streamed", [False, True])
def test_pca_is_that_of_scikit_learn_in_memory_and_in_parts(streamed, monkeypatch):
    rng = np.random.default_rng(0)
    rows = (rng.normal(size=(90, 14)) * np.geomspace(8, 0.1, 14) + 3) @ rng.normal(size=(14, 14))
    # As they are, far from 0: standardised rows would hide a mean that is not taken off.
    data = vectors(rows / 10, rows[:40] / 10).with_preprocessor(Identity(Spec("vector", (14,), "float64")))
    rows = rows / 10
    if streamed:
        data = streamed_in_parts(data, monkeypatch, held=False)
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
def test_components_of_rows_in_parts_converge_wherever_the_rows_lie(origin, monkeypatch):
    """The spectrum falls slowly, so that every pass counts, and more features than any basis has."""
    size, rng = 40, np.random.default_rng(0)
    turned = np.linalg.qr(rng.normal(size=(size, size)))[0]
    rows = (rng.normal(size=(120, size)) * np.geomspace(3, 0.3, size)) @ turned + origin
    data = vectors(rows, rows[:40]).with_preprocessor(Identity(Spec("vector", (size,), "float64")))
    x = np.concatenate([data.x("train"), data.x("validation")]).astype("float64")
    truth = decomposition.PCA(3, svd_solver="full").fit(x)
    codec = PCA(3).fit(streamed_in_parts(data, monkeypatch, held=False))
    components = codec.decode(np.eye(3)) - codec.decode(np.zeros((3, 3)))
    signs = np.sign((components * truth.components_).sum(axis=1, keepdims=True))
    # Six passes leave 1.5e-4 and five 6.7e-4. Reconstructions are float32, at 1,000 good to 6e-5.
    tolerance = 3e-4 + 2e-7 * origin
    np.testing.assert_allclose(signs * components, truth.components_, atol=tolerance)


class StreamedRows(Split):
    """Rows that count as read part by part."""

    streamed = True


def streamed_in_parts(data, monkeypatch, held):
    """Return the same data, read in parts of 25 rows: in each pass, or once."""
    monkeypatch.setattr(pca, "_PART", 25 * data.spec.size)
    monkeypatch.setattr(pca, "_HELD", 2**20 if held else 0)
    train, validation = (StreamedRows(data.split(name).examples) for name in ("train", "validation"))
    return dataclasses.replace(data, train=train, validation=validation)


def test_rows_that_are_few_bytes_are_read_once(monkeypatch):
    rng = np.random.default_rng(0)
    data = vectors(rng.normal(size=(60, 5)), rng.normal(size=(20, 5)))
    read = []
    monkeypatch.setattr(
        StreamedRows, "chunks", lambda self, size=25: read.append(1) or Split.chunks(self, size)
    )
    once = PCA(2).fit(streamed_in_parts(data, monkeypatch, held=True))
    assert len(read) == 2
    again = PCA(2).fit(streamed_in_parts(data, monkeypatch, held=False))
    # Mean, six passes and the last step, of two splits each.
    assert len(read) == 2 + 2 * 8
    np.testing.assert_array_equal(once.decode(np.eye(2)), again.decode(np.eye(2)))


def test_streamed_rows_have_a_basis_of_bounded_size(monkeypatch):
    data = vectors(np.random.default_rng(0).normal(size=(60, 8)), np.zeros((4, 8)))
    monkeypatch.setattr(pca, "_MOST_OF_STREAMED", 3)
    streamed = streamed_in_parts(data, monkeypatch, held=False)
    assert [one.latent_dim for one in PCA.fitted(6, streamed)] == [3]
    assert [one.latent_dim for one in PCA.fitted(6, data)] == [6]


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
