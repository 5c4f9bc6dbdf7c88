"""Retrieval: neighbours in order, bits of least error, figures that know ties, files that are read back."""

import dataclasses
import itertools
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_blobs
from sklearn.metrics import average_precision_score

from kerasae import PCA
from kerasae.applications import Retrieval
from kerasae.applications._examples import learnt_names
from kerasae.applications.retrieval._quantization import IterativeQuantization, hamming
from kerasae.applications.retrieval._ranking import average_precision
from kerasae.baselines import TablePCA
from kerasae.data import NO_ROWS
from kerasae.data._array_data import make_data
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.spec import Spec


@pytest.fixture(scope="module")
def pca(digits):
    return PCA(8).fit(digits)


@pytest.fixture(scope="module")
def index(pca, digits):
    return Retrieval(pca, k=5).fit(digits)


def test_a_row_of_the_index_is_its_own_neighbour(index, digits):
    distances, rows = index.kneighbors(digits.train.head(20), 3)
    assert rows[:, 0].tolist() == list(range(20))
    # sklearn's chunked distances are |a|^2 - 2ab + |b|^2 in float32 where codes are about 1.
    np.testing.assert_allclose(distances[:, 0], 0, atol=2e-3)
    assert (np.diff(distances, axis=1) >= 0).all()


def test_neighbours_are_those_of_all_distances(index, pca, digits):
    codes = pca.transform(np.concatenate([digits.train.examples, digits.validation.examples]))
    queries = pca.transform(digits.test.head(30))
    far = np.linalg.norm(queries[:, None].astype("float64") - codes, axis=2)
    distances, rows = index.kneighbors(digits.test.head(30), 7)
    np.testing.assert_allclose(distances, np.sort(far, axis=1)[:, :7], rtol=1e-4)
    np.testing.assert_allclose(np.take_along_axis(far, rows, axis=1), distances, rtol=1e-4)


def test_cosine_does_not_see_the_length_of_a_code(digits):
    class Longer:
        preprocessor, latent_dim = digits.preprocessor, 8

        def __init__(self, pca, by):
            self.pca, self.by = pca, by

        def transform(self, raw):
            return self.by[: len(raw)] * self.pca.transform(raw)

    pca = PCA(8).fit(digits)
    one = Retrieval(pca, metric="cosine").fit(digits)
    by = np.random.default_rng(0).uniform(0.5, 2.0, (2000, 1))
    other = Retrieval(Longer(pca, by), metric="cosine").fit(digits)
    raw = digits.test.head(40)
    np.testing.assert_allclose(one.kneighbors(raw, 4)[0], other.kneighbors(raw, 4)[0], atol=1e-5)


def test_the_graph_finds_nearly_all_of_the_exact_neighbours(pca, index, digits):
    pytest.importorskip("hnswlib")
    graph = Retrieval(pca, approximate=True).fit(digits)
    exact, near = index.kneighbors(digits.test.examples, 5), graph.kneighbors(digits.test.examples, 5)
    shared = [len(set(a) & set(b)) / 5 for a, b in zip(exact[1], near[1], strict=True)]
    assert np.mean(shared) > 0.97
    np.testing.assert_allclose(exact[0].mean(), near[0].mean(), rtol=0.01)


def test_a_graph_without_the_package_says_what_to_install(pca, digits, monkeypatch):
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    with pytest.raises(ImportError, match=r"kerasae\[retrieval\]"):
        Retrieval(pca, approximate=True).fit(digits)


# Bits ------------------------------------------------------------------------------------------


def test_the_error_of_the_bits_never_rises_and_the_rotation_is_one():
    codes = np.random.default_rng(0).normal(size=(500, 6)) * [8, 4, 2, 1, 0.5, 0.2]
    quantizer = IterativeQuantization(4, iterations=30).fit(codes)
    errors = np.array(quantizer.errors_)
    assert (np.diff(errors) <= 1e-12).all() and errors[-1] < errors[0]
    np.testing.assert_allclose(quantizer.rotation_.T @ quantizer.rotation_, np.eye(4), atol=1e-10)


def test_corners_of_a_turned_cube_get_their_own_bits():
    # Whatever the rotation, the error can be zero: then the bits are the corners, each its own.
    rng = np.random.default_rng(3)
    corners = rng.choice([-1.0, 1.0], size=(800, 4))
    turned = corners @ np.linalg.qr(rng.normal(size=(4, 4)))[0] + 5
    quantizer = min(
        (IterativeQuantization(iterations=200, seed=seed).fit(turned) for seed in range(5)),
        key=lambda one: one.errors_[-1],
    )
    # The cube is not exactly centred: its mean over 800 draws is about 0.035 a side off.
    assert quantizer.errors_[-1] < 0.01
    packed = quantizer.transform(turned)
    differ = (corners[:, None] != corners[None]).sum(axis=2)
    np.testing.assert_array_equal(hamming(packed, packed), differ)


def test_more_bits_than_numbers_come_nearer_to_the_angles_between_codes():
    codes = np.random.default_rng(0).normal(size=(400, 3))
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    # The share of the bits that differ estimates the angle, as each bit is a hyperplane.
    angles = np.arccos(np.clip(codes @ codes.T, -1, 1))

    def agreement(bits):
        packed = IterativeQuantization(bits).fit(codes).transform(codes)
        return np.corrcoef(hamming(packed, packed).ravel(), angles.ravel())[0, 1]

    assert agreement(3) < agreement(12) < agreement(48)
    # A golden number: 0.94; three bits reach 0.78.
    assert agreement(48) > 0.9


def test_hamming_counts_the_bits_that_differ():
    bits = np.random.default_rng(0).integers(0, 2, (9, 21))
    packed = np.packbits(bits, axis=1)
    np.testing.assert_array_equal(hamming(packed[:4], packed), (bits[:4, None] != bits[None]).sum(axis=2))


def test_bits_are_fewer_than_numbers_and_take_bytes(pca, digits):
    index = Retrieval(pca, binary=True, bits=5).fit(digits)
    distances, _ = index.kneighbors(digits.test.head(10), 50)
    assert index.index_.row_bytes == 1
    assert distances.max() <= 5 and (np.diff(distances.astype(int), axis=1) >= 0).all()


# Figures ---------------------------------------------------------------------------------------


def test_average_precision_is_that_of_scikit_learn_without_ties():
    rng = np.random.default_rng(0)
    distances, relevant = rng.permutation(300), rng.random(300) < 0.2
    expected = average_precision_score(relevant, -distances)
    assert average_precision(distances, relevant) == pytest.approx(expected)


def test_average_precision_with_ties_is_the_mean_over_their_orders():
    distances = np.array([1, 1, 0, 2, 1, 2, 3])
    relevant = np.array([1, 0, 0, 1, 1, 1, 0], bool)
    every = []
    for order in itertools.permutations(range(7)):
        if (np.diff(distances[list(order)]) >= 0).all():
            hits = relevant[list(order)]
            every.append((np.cumsum(hits) / np.arange(1, 8))[hits].mean())
    assert len(every) == 3 * 2 * 2
    assert average_precision(distances, relevant) == pytest.approx(np.mean(every))


def test_average_precision_of_a_query_without_rows_is_none():
    assert average_precision(np.arange(4.0), np.zeros(4, bool)) is None


def blobs(test_labels=True):
    points, labels = make_blobs(
        [40] * 4, n_features=5, centers=20 * np.eye(5)[:4], cluster_std=0.1, random_state=0
    )
    data = make_data("blobs", Spec("vector", (5,)), points.astype("float32"), labels)
    if not test_labels:
        data = dataclasses.replace(data, test=Split(data.test.examples))
    return data


def test_separate_classes_are_found_without_a_miss():
    data = blobs()
    found = Retrieval(PCA(4).fit(data), k=6).fit(data).report(data, None).figures
    assert found["precision"] == found["mean_average_precision"] == 1
    in_index = np.concatenate([data.train.labels, data.validation.labels])
    expected = np.mean([6 / (in_index == label).sum() for label in data.test.labels])
    assert found["recall"] == pytest.approx(expected)


def test_a_code_of_noise_finds_what_chance_finds():
    data = blobs()

    class Noise:
        latent_dim, preprocessor = 3, None

        def transform(self, raw):
            return np.random.default_rng(len(raw)).normal(size=(len(raw), 3))

    found = Retrieval(Noise(), k=20).fit(data).report(data, None).figures
    # Four classes of equal size; 32 queries of 20 rows each leave a standard error of about 0.02.
    assert found["precision"] == pytest.approx(0.25, abs=0.08)


def test_without_labels_there_are_figures_that_need_none():
    data = blobs(test_labels=False)
    found = Retrieval(PCA(5).fit(data), k=4).fit(data).report(data, None).figures
    assert not any("precision" in name for name in found)
    # Five components of five numbers: a rotation keeps every neighbour.
    assert found["neighbours_in_x"] == 1


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"binary": True}, {"metric": "cosine"}])
def test_an_index_that_is_read_back_answers_alike(pca, digits, tmp_path, settings):
    index = Retrieval(pca, k=4, **settings).fit(digits)
    index.report(digits, tmp_path)
    loaded = Retrieval.read_index(tmp_path / "index.npz", pca)
    raw = digits.test.head(25)
    for one, other in zip(index.kneighbors(raw), loaded.kneighbors(raw), strict=True):
        np.testing.assert_array_equal(one, other)
    written = pd.read_csv(tmp_path / "neighbours.csv")
    assert len(written) == 4 * len(digits.test)
    first = written[written["query"] == digits.test.numbers[7]]
    assert first["rank"].tolist() == [1, 2, 3, 4]
    assert first["neighbour"].tolist() == loaded.names_[loaded.kneighbors(raw)[1][7]].astype(int).tolist()


def test_a_file_that_is_no_index_is_refused(pca, tmp_path):
    np.savez(tmp_path / "other.npz", codes=np.zeros((2, 8)))
    with pytest.raises(ValueError, match="Expected an index"):
        Retrieval.read_index(tmp_path / "other.npz", pca)


def test_one_query_without_a_label_is_answered(pca, digits, tmp_path):
    alone = dataclasses.replace(digits, test=Split(digits.test.head(1)))
    finding = Retrieval(pca, k=3).fit(alone).report(alone, tmp_path)
    assert len(pd.read_csv(tmp_path / "neighbours.csv")) == 3
    assert "precision" not in finding.figures and len(finding.pictures) == 1


def test_rows_of_a_table_are_named_and_listed(tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"height": rng.normal(size=60), "colour": rng.choice(["red", "blue"], 60)},
        index=[f"item {number}" for number in range(60)],
    )
    frame.iloc[5, 0] = np.nan
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    index = Retrieval(TablePCA(2, indicators=True).fit(data), k=2).fit(data)
    finding = index.report(data, tmp_path)
    written = pd.read_csv(tmp_path / "neighbours.csv")
    assert set(written["neighbour"]) <= set(data.train.examples.index) | set(data.validation.examples.index)
    assert finding.listings[0].headings == ["row", "distance", "height", "colour"]


def test_examples_are_picked_by_number_through_both_splits(digits):
    numbers = [len(digits.train) + 2, 5, 0, 5]
    found = digits.examples_at(numbers, ("train", "validation"))
    expected = [digits.validation.examples[2], *digits.train.examples[[5, 0, 5]]]
    np.testing.assert_array_equal(found, np.stack(expected))
    # Named by their place among all rows, of which each split has some.
    assert learnt_names(digits)[-1] == str(digits.validation.numbers[-1])
    assert len({*learnt_names(digits)}) == len(digits.train) + len(digits.validation)
    unknown = dataclasses.replace(
        digits, train=Split(digits.train.examples), validation=Split(digits.validation.examples)
    )
    assert learnt_names(unknown) == [str(number) for number in range(len(learnt_names(digits)))]


@pytest.mark.parametrize("settings", [{}, {"binary": True, "bits": 12}, {"approximate": True}])
def test_a_stored_one_answers_without_training_rows_and_names_the_neighbours(pca, digits, tmp_path, settings):
    if "approximate" in settings:
        pytest.importorskip("hnswlib")
    settings = {"most": 100, **settings}
    fitted = Retrieval(pca, k=4, **settings).fit(digits)
    fitted.save(tmp_path / "kept")
    loaded = Retrieval.load(tmp_path / "kept", pca, k=6, most=100)
    bare = dataclasses.replace(digits, train=NO_ROWS, validation=NO_ROWS)
    finding = loaded.report(bare, tmp_path)
    expected = Retrieval(pca, k=6, **settings).fit(digits).report(digits, None)
    assert finding.figures == expected.figures and finding.decisive == expected.decisive
    assert finding.metric("precision").heading == "precision@6"
    (listing,) = finding.listings
    assert "the neighbours are only named" in listing.caption and not finding.pictures
    assert len(listing.rows) == 4 + 4 * 3 and {len(row) for row in listing.rows} == {3}


def test_a_sample_too_large_to_store_is_drawn_again_or_left_out(pca, digits, tmp_path, monkeypatch):
    monkeypatch.setattr("kerasae.applications.retrieval._in_x._STORED", 1000)
    fitted = Retrieval(pca, k=4).fit(digits)
    fitted.save(tmp_path / "kept")
    loaded = Retrieval.load(tmp_path / "kept", pca, k=4)
    bare = loaded.report(dataclasses.replace(digits, train=NO_ROWS, validation=NO_ROWS), None)
    figures = fitted.report(digits, None).figures
    assert bare.figures == {key: value for key, value in figures.items() if key != "neighbours_in_x"}
    assert "they need the training rows" in bare.notes[0]
    assert loaded.report(digits, None).figures == figures


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"k": 0}, "`k` must be positive, received 0"),
        ({"most": 0}, "`most` must be positive"),
        ({"bits": 4}, "`bits` must go with `binary`"),
        ({"binary": True, "bits": 0}, "`bits` must be positive, received 0"),
        ({"binary": True, "approximate": True}, "`approximate` must be False with `binary`"),
        ({"binary": True, "metric": "cosine"}, "`metric` must be euclidean with `binary`"),
        ({"metric": "manhattan"}, "`metric` must be euclidean or cosine"),
    ],
)
def test_arguments_without_a_meaning_are_refused(pca, settings, words):
    with pytest.raises(ValueError, match=words):
        Retrieval(pca, **settings)


def test_more_neighbours_than_rows_are_refused(index, digits):
    with pytest.raises(ValueError, match="`k` must be from 1 to the rows of the index, 1294, received 5000"):
        index.kneighbors(digits.test.head(1), 5000)
