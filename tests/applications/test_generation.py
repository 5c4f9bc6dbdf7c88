"""Generation: identities of paths, mixtures, manifolds and shares, and what is written."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from kerasae.applications import Generation
from kerasae.applications.generation._augmentation import spread_rows, towards_neighbours
from kerasae.applications.generation._manifolds import covered, nearest, precision_and_recall
from kerasae.applications.generation._measures import DECISIVE, measure_samples
from kerasae.applications.generation._mixture import CodeMixture
from kerasae.applications.generation._paths import linear_path, spherical_path, unevenness
from kerasae.applications.generation._sentences import on_the_samples
from kerasae.baselines import PCA, NearestText, TablePCA
from kerasae.data import Split
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing
from kerasae.report.paired import Paired


@pytest.fixture(scope="module")
def pca(digits):
    return PCA(6).fit(digits)


@pytest.fixture(scope="module")
def generation(pca, digits):
    return Generation(pca, components=4, steps=5, count=20).fit(digits)


# Paths ------------------------------------------------------------------------------------------


def test_the_ends_of_a_path_are_reconstructions(generation, pca, digits):
    a, b = digits.test.head(1), digits.test.rows(slice(1, 2)).examples
    for path in ("linear", "spherical"):
        found = generation.interpolate(a, b, 7, path)
        assert found.shape == (7, 8, 8, 1) and found.dtype == a.dtype
        for one, end in ((a, found[:1]), (b, found[-1:])):
            np.testing.assert_array_equal(end, pca.inverse_transform(pca.transform(one)))


def test_the_steps_of_a_linear_codec_are_equal(generation, pca, digits):
    a, b = pca.transform(digits.test.head(2))
    assert unevenness(generation.space_.of_codes(linear_path(a, b, 9))) == pytest.approx(1.0, abs=1e-4)
    assert unevenness(generation.space_.of_codes(spherical_path(a, b, 9))) > 1.01
    assert unevenness(np.zeros((4, 3))) is None
    # Steps of 1, 1 and 4.
    assert unevenness(np.array([[0.0], [1.0], [2.0], [6.0]])) == pytest.approx(2.0)


def test_a_spherical_path_stays_on_the_sphere_in_equal_angles():
    rng = np.random.default_rng(0)
    a, b = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 5)))
    path = spherical_path(a, b, 11)
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), 1.0, atol=1e-6)
    angles = np.arccos(np.clip((path[1:] * path[:-1]).sum(axis=1), -1, 1))
    np.testing.assert_allclose(angles, np.arccos(a @ b) / 10, rtol=1e-3)
    assert np.linalg.norm(linear_path(a, b, 11)[5]) < 0.99
    for other in (-a, 2 * a, 0 * a):
        np.testing.assert_array_equal(spherical_path(a, other, 5), linear_path(a, other, 5))


def test_a_traversal_moves_one_number_between_its_percentiles(generation, pca, digits):
    raw = digits.test.head(1)
    own = pca.transform(raw)[0]
    codes, keys = generation.ways_.traversals(own, 5, generation.space_.of_codes)
    assert codes.shape == (6 * 5, 6) and sorted(set(keys["z"].tolist())) == list(range(6))
    # Components are orthonormal: the one with the widest range moves the example most.
    learnt = np.concatenate([pca.transform(digits.split(name).examples) for name in ("train", "validation")])
    low, high = np.percentile(learnt, (1, 99), axis=0)
    assert keys["z"][0] == np.argmax(high - low)
    for start in range(0, 30, 5):
        number = keys["z"][start]
        part = codes[start : start + 5]
        np.testing.assert_allclose(part[[0, -1], number], [low[number], high[number]], rtol=1e-5)
        np.testing.assert_array_equal(
            np.delete(part, number, axis=1), np.tile(np.delete(own, number), (5, 1))
        )
    np.testing.assert_array_equal(
        generation.traverse(raw, 2, 5)[0], pca.inverse_transform(codes[keys["z"] == 2])[0]
    )


# Samples ----------------------------------------------------------------------------------------


def test_a_mixture_finds_its_components_and_gives_back_their_moments():
    rng = np.random.default_rng(1)
    # Two groups; the second number is the hundredth part of the first and something of its own.
    first = np.concatenate([rng.normal(-300, 10, 3000), rng.normal(300, 10, 1000)])
    codes = np.stack([first, first / 100 + rng.normal(0, 1, 4000), np.full(4000, 7.0)], axis=1).astype(
        "float32"
    )
    mixture = CodeMixture(8, seed=0).fit(codes)
    assert mixture.components == 2
    made = mixture.sample(20_000, seed=5)
    assert (made[:, 0] < 0).mean() == pytest.approx(0.75, abs=0.02)
    np.testing.assert_allclose(np.cov(made[:, :2].T), np.cov(codes[:, :2].T), rtol=0.05)
    np.testing.assert_allclose(made[:, 2], 7.0, atol=0.02)


def test_the_same_seed_gives_the_same_samples(generation, build, digits):
    vae = Generation(build("variational")).fit(digits)
    for app in (generation, vae):
        one, same, other = (app.sample(8, seed) for seed in (3, 3, 4))
        np.testing.assert_array_equal(one, same)
        assert (one != other).any() and one.dtype == np.uint8 and one.shape == (8, 8, 8, 1)
    assert generation.drawn_from().startswith("mixture")


def test_a_prior_is_asked_of_a_model_that_has_one(build, pca, digits):
    mixed = Generation(build("variational"), method="mixture", components=2).fit(digits)
    assert mixed.drawn_from().startswith("mixture")
    with pytest.raises(ValueError, match="without a prior"):
        Generation(pca, method="prior").fit(digits)
    assert Generation.for_baseline({"method": "prior", "count": 3}, pca) == {"method": "mixture", "count": 3}
    assert Generation.for_baseline({"method": "prior"}, mixed.codec) == {"method": "prior"}
    assert Generation.refusal(NearestText()) and not Generation.refusal(pca)


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(2)
    z = rng.normal(size=(200, 2))
    frame = pd.DataFrame(
        {
            "a": z[:, 0],
            "n": np.round(z[:, 1] * 3).astype(int),
            "c": np.where(z[:, 0] > 0, "red", "blue"),
            "b": z[:, 1] > 0,
            "when": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.round(z[:, 1] * 20), unit="D"),
            "y": np.where(z[:, 0] + z[:, 1] > 0.8, "yes", "no"),
        }
    )
    frame.loc[::7, ["a", "c"]] = np.nan
    data = from_frame(frame, labels="y")
    return data.with_preprocessor(TablePreprocessing(data.spec))


def test_sampled_tables_have_the_types_and_categories_of_the_training(table, tmp_path):
    codec = TablePCA(3, indicators=True).fit(table)
    app = Generation(codec, components=2, augmented=40, attribute="yes", count=15).fit(table)
    made = app.sample(50, seed=0)
    assert (made.dtypes == table.test.examples.dtypes).all()
    assert set(made["c"].dropna()) == {"red", "blue"} and set(made["b"]) == {True, False}
    # A seventh of the training rows has gaps in both columns.
    assert (made["a"].isna() == made["c"].isna()).all() and 0 < made["a"].isna().mean() < 0.35
    assert not made[["n", "b", "when"]].isna().any().any()
    found = app.report(table, tmp_path)
    assert len(pd.read_csv(tmp_path / "samples.csv")) == 15
    assert pd.read_csv(tmp_path / "augmented.csv")["y"].value_counts().sum() == 40
    assert list(pd.read_csv(tmp_path / "interpolation.csv").columns[:2]) == ["pair", "step"]
    # y depends on the two numbers of which the code is made.
    assert found.figures["looks_after"] > 0.5 > found.figures["looks_before"]


# Distances --------------------------------------------------------------------------------------


def test_precision_and_recall_know_copies_a_half_and_strangers():
    rng = np.random.default_rng(3)
    real = rng.normal(size=(200, 3))
    two = np.concatenate([real - 50.0, real + 50.0])
    assert precision_and_recall(real, real, 3) == (1.0, 1.0)
    assert precision_and_recall(real, real + 100.0, 3) == (0.0, 0.0)
    # One of two groups: all of it is real, and half of what is real is there.
    assert precision_and_recall(two, two[:200], 3) == (1.0, 0.5)
    # By hand: balls of radius 1 around 0 and 1, and 8 around 9.
    line = np.array([[0.0], [1.0], [9.0]])
    inside = covered(np.array([[-1.0], [-1.1], [2.0], [16.9], [17.1]]), line, 1)
    assert inside.tolist() == [True, False, True, True, False]
    np.testing.assert_allclose(nearest(np.array([[-1.0], [6.0]]), line), [1.0, 3.0])


def test_copies_have_no_distance_and_are_called_so(digits, pca):
    class Copies:
        preprocessor, generative, latent_dim = digits.preprocessor, True, 6
        transform, inverse_transform, decode = pca.transform, pca.inverse_transform, pca.decode

        def sample(self, count, seed):
            return digits.train.head(count)

    app = Generation(Copies()).fit(digits)
    heldout, copies = (app.space_.of_raw(digits.split(name).head(40)) for name in ("test", "train"))
    measured = measure_samples(heldout, copies[: len(heldout)], app.space_.training)
    assert measured.number("nearest_ratio") == 0.0 and app.drawn_from() == "prior"
    (good, words), *_ = on_the_samples(measured, None)
    assert not good and "copies" in words


def test_one_perfect_row_again_and_again_does_not_win():
    """It has the precision 1; samples with as many rows inside and outside reach every held-out row."""
    rng = np.random.default_rng(6)
    training, heldout, real = rng.normal(size=(3, 200, 2))
    one = np.repeat(heldout[:1], 200, axis=0) + 1e-3 * rng.normal(size=(200, 2))
    spread = np.concatenate([real[:140], 50 + rng.normal(size=(60, 2))])
    copies, wide = (measure_samples(heldout, samples, training) for samples in (one, spread))
    assert copies.number("precision") == 1.0 > wide.number("precision") + 0.2
    assert copies.number("recall") < 0.05 < 0.7 < wide.number("recall")
    for measured in (copies, wide):
        mean = (measured.number("precision") + measured.number("recall")) / 2
        assert measured.number(DECISIVE) == pytest.approx(mean, abs=1e-12)
    rows = [next(metric.rows for metric in one.metrics if metric.key == DECISIVE) for one in (wide, copies)]
    assert Paired.of(*rows, lower=False).better


def test_rows_that_are_sorted_are_all_looked_at(digits):
    order = np.argsort(digits.train.labels, kind="stable")
    data = dataclasses.replace(digits, train=digits.train.rows(order))
    app = Generation(PCA(4).fit(data), most=300).fit(data)
    assert len(app.space_.training) == 300
    index = NearestNeighbors(n_neighbors=1).fit(app.space_.of_raw(data.train.examples))
    distances, rows = index.kneighbors(app.space_.training)
    assert distances.max() == 0 and set(data.train.labels[rows[:, 0]]) == set(range(10))


# Attributes and augmentation --------------------------------------------------------------------


def test_the_attribute_is_the_difference_of_means(digits, pca):
    app = Generation(pca, attribute=3, components=1).fit(digits)
    labels = np.concatenate([digits.train.labels, digits.validation.labels])
    codes = np.concatenate([pca.transform(digits.train.examples), pca.transform(digits.validation.examples)])
    three = labels == 3
    np.testing.assert_allclose(
        app.attribute_.direction, codes[three].mean(0) - codes[~three].mean(0), atol=1e-5
    )
    raw = digits.test.head(5)
    np.testing.assert_array_equal(app.add_attribute(raw, 0.0), pca.inverse_transform(pca.transform(raw)))
    found = app.report(digits, None).figures
    assert found["looks_before"] < 0.05 < found["looks_after"]


@pytest.mark.parametrize("count", [1, 7, 100, 1000])
def test_labels_keep_their_shares_to_within_a_row(count):
    rng = np.random.default_rng(4)
    labels = rng.choice(["a", "b", "c"], 97, p=[0.7, 0.25, 0.05])
    rows = spread_rows(labels, 97, count, seed=1)
    assert len(rows) == count
    for label in "abc":
        assert abs((labels[rows] == label).sum() - count * (labels == label).mean()) <= 1
    used = np.bincount(rows, minlength=97)
    assert set(used) <= {count // 97, count // 97 + 1}


def test_new_codes_lie_between_neighbours_of_one_label():
    rng = np.random.default_rng(5)
    codes = np.concatenate([rng.normal(-9, 1, (30, 2)), rng.normal(9, 1, (30, 2)), [[0, 0]]]).astype(
        "float32"
    )
    labels = np.repeat([0, 1, 2], [30, 30, 1])
    chosen = np.arange(61)
    made = towards_neighbours(codes, labels, chosen, 5, seed=0)
    np.testing.assert_array_equal(made[-1], codes[-1])
    assert (made[:-1] != codes[:-1]).any(axis=1).all()
    for label in (0, 1):
        own, new = codes[labels == label], made[labels == label]
        # Within the box of the label, which the convex hull lies in.
        assert (new >= own.min(0)).all() and (new <= own.max(0)).all()
    assert np.abs(made[:30] - codes[:30]).max() < 6


def test_augmented_rows_carry_labels_and_are_drawn_from_posteriors_where_there_are(build, generation, digits):
    model = build("variational")
    raw, labels = digits.test.head(50), digits.test.labels[:50]
    for app in (generation, Generation(model).fit(digits)):
        made, carried = app.augment(raw, 75, 3, labels)
        again, _ = app.augment(raw, 75, 3, labels)
        np.testing.assert_array_equal(made, again)
        assert made.shape == (75, 8, 8, 1) and made.dtype == raw.dtype
        for label in np.unique(labels):
            assert abs((carried == label).sum() - 1.5 * (labels == label).sum()) <= 1
        assert app.augment(raw, 5)[1] is None
    rows = spread_rows(labels, 50, 75, 3)
    np.testing.assert_array_equal(made, model.sample_posterior(raw[rows], 3))


# Reports ----------------------------------------------------------------------------------------


def test_what_is_written_of_images(pca, digits, tmp_path):
    app = Generation(pca, components=2, steps=5, count=20, augmented=30, attribute=1).fit(digits)
    finding = app.report(digits, tmp_path)
    names = {
        "samples.npy",
        *(f"{name}.npz" for name in ("interpolation", "traversals", "attribute", "augmented")),
    }
    names |= {f"{name}.png" for name in ("samples", "interpolation", "traversals", "attribute")}
    assert {path.name for path in tmp_path.iterdir()} == names
    np.testing.assert_array_equal(np.load(tmp_path / "samples.npy"), app.sample(20, 0))
    with np.load(tmp_path / "augmented.npz") as made:
        assert made["x"].shape == (30, 8, 8, 1) and len(made["y"]) == 30
    with np.load(tmp_path / "interpolation.npz") as made:
        assert made["x"].shape[0] == len(made["pair"]) == len(made["step"]) == 25
    assert finding.figures["step_ratio"] == pytest.approx(1.0, abs=1e-3)
    assert finding.figures["precision"] > finding.figures["recall"]


def test_one_row_of_a_users_own_without_a_label_is_enough(pca, digits, tmp_path):
    data = dataclasses.replace(digits, test=Split(digits.test.head(1)))
    found = Generation(pca, components=1, count=3, augmented=2).fit(digits).report(data, tmp_path)
    assert found.figures["precision"] is None and found.figures["step_ratio"] is not None
    assert np.load(tmp_path / "augmented.npy").shape == (2, 8, 8, 1)


@pytest.mark.parametrize("rows", [8, 16])
def test_what_is_missing_for_few_rows_is_named_and_not_explained(table, tmp_path, rows):
    data = dataclasses.replace(table, test=Split(table.test.examples[:rows]))
    codec = TablePCA(3, indicators=True).fit(data)
    found = Generation(codec, components=1, count=3).fit(data).report(data, tmp_path)
    said, notes = " ".join(words for _, words in found.sentences), " ".join(found.notes)
    told = f"Expected at least 50 examples for told from real (AUC), of a Gaussian copula, received {rows};"
    assert told in said and "Told from real" not in notes
    few = "at least 10 examples for nearest / held-out, precision, recall, path / held-out, received 8;"
    assert (few in said) == (rows == 8)
    for words in ("Nearest / held-out:", "Precision and recall", "Path / held-out:"):
        assert (words in notes) == (rows == 16)
    assert "Step ratio:" in notes


def test_copies_of_training_rows_among_the_examples_are_named(digits, pca, tmp_path):
    data = dataclasses.replace(digits, test=Split(digits.train.head(20)))
    found = Generation(pca, components=1, count=3).fit(data).report(data, tmp_path)
    assert found.figures["nearest_ratio"] is None and found.figures["precision"] is not None
    assert found.figures["path_ratio"] is None
    assert "no distance has a ratio to theirs" in " ".join(words for _, words in found.sentences)
    # Rounding leaves copies at a distance that is not quite 0.
    training = np.random.default_rng(0).normal(size=(40, 5))
    copies, near = (
        measure_samples(training[:20] + shift, training[:20] + 1, training) for shift in (1e-7, 1e-3)
    )
    assert copies.number("nearest_ratio") is None and near.number("nearest_ratio") > 100


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 1}, "`steps` must be at least 2"),
        ({"count": 0}, "`count` must be at least 1"),
        ({"method": "gan"}, "`method` must be one of auto, prior, mixture"),
        ({"path": "round"}, "`path` must be one of linear, spherical"),
    ],
)
def test_what_makes_no_sense_is_refused(pca, settings, words):
    with pytest.raises(ValueError, match=words):
        Generation(pca, **settings)


def test_an_attribute_must_be_a_label_of_the_training(pca, digits):
    with pytest.raises(ValueError, match="0, 1, 2"):
        Generation(pca, attribute="eleven", components=1).fit(digits)
    bare = dataclasses.replace(digits, train=Split(digits.train.examples))
    with pytest.raises(ValueError, match="needs labels"):
        Generation(pca, attribute=3, components=1).fit(bare)
