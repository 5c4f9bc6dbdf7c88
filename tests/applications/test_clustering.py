"""Clustering: the clusters that are there, their number, agreement with labels, and the refinement."""

import dataclasses
import warnings

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score

from kerasae import PCA, Recipe, load_model
from kerasae.applications import Clustering
from kerasae.applications._kept import Kept
from kerasae.applications.clustering._agreement import agreement, matched_accuracy, matched_rows
from kerasae.applications.clustering._description import Description
from kerasae.applications.clustering._differences import differences
from kerasae.applications.clustering._refinement import EmbeddedClustering, closeness, copied, sharpened
from kerasae.baselines import TablePCA
from kerasae.data import Data
from kerasae.data._array_data import make_data
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.preprocessing.identity import Identity
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.report.sheet import write_sheet
from kerasae.spec import Spec


@pytest.fixture(scope="module")
def blobs():
    """Five round clusters far apart, in five numbers."""
    points, labels = make_blobs(
        [50] * 5, n_features=5, centers=10 * np.eye(5), cluster_std=0.5, random_state=0
    )
    return make_data("blobs", Spec("vector", (5,)), points.astype("float32"), labels)


@pytest.fixture(scope="module")
def blob_codes(blobs):
    return PCA(4).fit(blobs)


# Clusters and their number ---------------------------------------------------------------------


@pytest.mark.parametrize("method", ["kmeans", "mixture"])
def test_clusters_that_are_there_are_found_and_counted(blobs, blob_codes, method):
    clusters = Clustering(blob_codes, method=method, greatest=8).fit(blobs)
    assert clusters.clusters_ == 5
    assert sorted(clusters.scores_) == [2, 3, 4, 5, 6, 7, 8]
    figures = clusters.report(blobs, None).figures
    agreement = [figures[name] for name in ("adjusted_rand", "nmi", "matched_accuracy")]
    assert agreement == pytest.approx([1, 1, 1], abs=1e-12)


def test_predict_gives_the_cluster_of_the_nearest_centre(blobs, blob_codes):
    clusters = Clustering(blob_codes, clusters=4).fit(blobs)
    codes = blob_codes.transform(blobs.test.examples)
    far = np.linalg.norm(codes[:, None] - clusters.centres_, axis=2)
    np.testing.assert_array_equal(clusters.predict(blobs.test.examples), far.argmin(axis=1))
    assert clusters.sizes_.sum() == len(blobs.train) + len(blobs.validation)


def test_the_scale_of_the_codes_does_not_matter_to_a_mixture(blobs, blob_codes):
    class Smaller:
        preprocessor, latent_dim = None, 4

        def transform(self, raw):
            return 1e-4 * blob_codes.transform(raw)

    one = Clustering(blob_codes, method="mixture", clusters=5).fit(blobs).predict(blobs.test.examples)
    other = Clustering(Smaller(), method="mixture", clusters=5).fit(blobs).predict(blobs.test.examples)
    assert adjusted_rand_score(one, other) == 1


def test_labels_of_the_training_rows_change_nothing(blobs, blob_codes):
    rng = np.random.default_rng(0)
    other = dataclasses.replace(blobs, train=Split(blobs.train.examples, rng.permutation(blobs.train.labels)))
    raw = blobs.test.examples
    one, two = (Clustering(blob_codes, clusters=5).fit(data).predict(raw) for data in (blobs, other))
    np.testing.assert_array_equal(one, two)


# Agreement with labels -------------------------------------------------------------------------


def test_names_of_clusters_do_not_matter():
    labels = np.repeat(["a", "b", "c"], 20)
    assert {metric.value for metric in agreement(labels, np.repeat([2, 0, 1], 20))} == {1.0}


def test_matched_accuracy_gives_each_label_to_one_cluster():
    # Both clusters hold mostly "a": one of them must take "b", the Hungarian method picks the better.
    labels = np.array(["a"] * 6 + ["b"] * 2 + ["a"] * 5 + ["b"] * 3)
    found = np.array([0] * 8 + [1] * 8)
    assert matched_accuracy(labels, found) == (6 + 3) / 16
    # A cluster more than there are labels goes without one.
    assert matched_accuracy(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2])) == 3 / 4


# The refinement --------------------------------------------------------------------------------


def test_closeness_is_students_t_and_targets_are_sharper():
    rng = np.random.default_rng(0)
    codes, centres, unit = rng.normal(size=(6, 3)), rng.normal(size=(4, 3)), 0.7
    near = closeness(tf.constant(codes, "float32"), tf.constant(centres, "float32"), unit).numpy()
    squares = np.square(codes[:, None] - centres).sum(axis=2)
    expected = (1 + squares / unit) ** -1
    np.testing.assert_allclose(near, expected / expected.sum(axis=1, keepdims=True), rtol=1e-5)
    target = sharpened(near, near.sum(axis=0)).numpy()
    by_hand = near**2 / near.sum(axis=0)
    np.testing.assert_allclose(target, by_hand / by_hand.sum(axis=1, keepdims=True), rtol=1e-5)
    # Equal columns: then sharpening alone is left, and the greatest share of a row grows.
    even = sharpened(near, np.ones(4, "float32")).numpy()
    assert (even.max(axis=1) > near.max(axis=1)).all()


@pytest.mark.parametrize("family", ["undercomplete", "variational", "sparse", "denoising", "contractive"])
def test_a_copy_encodes_alike(digits, build, family):
    model = build(family)
    copy = copied(model, digits)
    raw = digits.test.head(30)
    np.testing.assert_array_equal(copy.transform(raw), model.transform(raw))
    copy.set_weights([0 * weight for weight in copy.get_weights()])
    assert not np.array_equal(copy.transform(raw), model.transform(raw))


@pytest.fixture(scope="module")
def refined(digits):
    keras.utils.set_random_seed(7)
    model = Recipe.of("undercomplete", latent_dim=5, network={"widths": [32]}).build(digits)
    model.fit(digits.x("train"), epochs=15, verbose=0)
    weights = [weight.copy() for weight in model.get_weights()]
    plain = Clustering(model, clusters=10).fit(digits)
    return model, weights, plain, Clustering(model, clusters=10, refine=True, epochs=8).fit(digits)


def decided(clusters, digits):
    """Mean squared distance to the own centre over that to the mean of all codes."""
    codes = clusters.codec_.transform(digits.train.examples)
    own = np.square(codes[:, None] - clusters.centres_).sum(axis=2).min(axis=1).mean()
    return own / np.square(codes - codes.mean(axis=0)).sum(axis=1).mean()


def test_a_refinement_draws_codes_to_their_centres_and_still_rebuilds(refined, digits):
    _, _, plain, better = refined
    assert decided(better, digits) < 0.75 * decided(plain, digits)
    x, raw = digits.x("test"), digits.test.examples
    before, after = (
        float(np.square(np.asarray(one.codec_.decode(one.codec_.transform(raw))) - x).mean())
        for one in (plain, better)
    )
    # The reconstruction is kept: without its term the error is 1.16 times that before.
    assert after < 1.1 * before


def test_the_model_given_stays_as_it_is(refined):
    model, weights, *_ = refined
    for one, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_refinement_ends_when_rows_stay_where_they_are(digits, build):
    model = build("undercomplete")
    centres = model.transform(digits.train.head(6))
    settled = EmbeddedClustering(model, epochs=9, settled=1.1).fit(digits, centres)
    assert len(settled.moved_) == 1


def test_the_refined_model_is_written_and_read(refined, digits, tmp_path):
    better = refined[-1]
    finding = better.report(digits, tmp_path)
    raw = digits.test.head(20)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_model(tmp_path / "refined.keras")
    np.testing.assert_allclose(loaded.transform(raw), better.codec_.transform(raw), atol=1e-5)
    assert "The refinement took" in finding.sentences[0][1]


def test_a_refinement_that_wins_one_row_shows_no_gain(refined, digits):
    """Of rows that are all matched, but one that the refinement alone matched."""
    better = refined[-1]
    raw, labels = digits.test.examples, digits.test.labels
    clusters = [better.predict(raw), better._first.predict(better.codec.transform(raw))]
    after, before = (matched_rows(labels, one).totals > 0 for one in clusters)
    won, both = (np.flatnonzero(one) for one in (after & ~before, after & before))
    said = []
    for most in (1, len(won)):
        rows = digits.test.rows(np.append(both, won[:most]))
        said.append(better.report(dataclasses.replace(digits, test=rows), None).sentences[1])
    (good, words), (better_yet, more) = said
    assert not good and f"{len(both) + 1} rows show no difference from that without it (0." in words
    assert better_yet and more.startswith(
        "Matched accuracy after the refinement: 1, better than that without"
    )


def test_a_variational_model_is_refined_too(digits, build):
    model = build("variational")
    clusters = Clustering(model, clusters=4, method="mixture", refine=True, epochs=1, starts=1).fit(digits)
    assert type(clusters.codec_) is type(model) and clusters.codec_ is not model
    assert np.isfinite(clusters.report(digits, None).figures["silhouette"])


def test_what_is_no_autoencoder_is_not_refined_and_a_baseline_is_not_asked(blob_codes):
    with pytest.raises(ValueError, match=r"`refine` .* received PCA"):
        Clustering(blob_codes, refine=True)
    assert Clustering.for_baseline({"refine": True, "clusters": 3}, blob_codes) == {"clusters": 3}


# Files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "heading"), [("kmeans", "distance"), ("mixture", "probability")])
def test_files_of_images(digits, tmp_path, method, heading):
    clusters = Clustering(PCA(6).fit(digits), method=method, clusters=7, starts=1).fit(digits)
    finding = clusters.report(digits, tmp_path)
    written = pd.read_csv(tmp_path / "clusters.csv")
    assert list(written) == ["row", "cluster", heading]
    np.testing.assert_array_equal(written["cluster"], clusters.predict(digits.test.examples))
    with np.load(tmp_path / "centres.npz") as arrays:
        np.testing.assert_allclose(arrays["centres"], clusters.centres_, rtol=1e-6)
        assert arrays["sizes"].tolist() == clusters.sizes_.tolist()
    assert len(list((tmp_path / "centres").glob("*.png"))) == 7
    assert len(finding.pictures) == 1


def table(rows=80):
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, rows)
    frame = pd.DataFrame(
        {
            "height": 100 * kind + rng.normal(size=rows),
            "colour": np.where(kind, "red", "blue"),
            "none": np.full(rows, np.nan),
        }
    )
    frame.loc[::7, "height"] = np.nan
    data = from_frame(frame)
    return data.with_preprocessor(TablePreprocessing(data.spec))


def test_files_of_a_table_with_gaps(tmp_path):
    data = table()
    clusters = Clustering(TablePCA(2, indicators=True).fit(data), clusters=2).fit(data)
    finding = clusters.report(data, tmp_path)
    centres = pd.read_csv(tmp_path / "centres.csv")
    assert set(centres["colour"]) == {"red", "blue"}
    assert (centres["height"] > 50).tolist() == (centres["colour"] == "red").tolist()
    assert finding.listings[1].headings[:3] == ["cluster", "height", "colour"]


def test_one_row_is_put_into_a_cluster(digits, tmp_path):
    alone = dataclasses.replace(digits, test=Split(digits.test.head(1)))
    finding = Clustering(PCA(4).fit(digits), clusters=3).fit(digits).report(alone, tmp_path)
    assert finding.figures == {"clusters": 3, "silhouette": None}
    assert len(pd.read_csv(tmp_path / "clusters.csv")) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"clusters": 0}, "`clusters` must be positive, received 0"),
        ({"starts": 0}, "`starts` must be positive"),
        ({"epochs": 0}, "`epochs` must be positive"),
        ({"least": 1}, "`least` must be at least 2 and at most `greatest`, received 1"),
        ({"least": 9, "greatest": 3}, "`least` must be at least 2 and at most `greatest`, received 9 and 3"),
        ({"weight": 0.0}, "`weight` must be positive"),
        ({"most": 2}, "`most` must be at least 3"),
        ({"method": "dbscan"}, "`method` must be one of kmeans, mixture"),
    ],
)
def test_arguments_without_a_meaning_are_refused(blob_codes, settings, words):
    with pytest.raises(ValueError, match=words):
        Clustering(blob_codes, **settings)


def test_more_clusters_than_codes_are_refused(blobs, blob_codes):
    with pytest.raises(ValueError, match=r"`clusters` must not exceed the 180 different codes .* 1000"):
        Clustering(blob_codes, clusters=1000).fit(blobs)


# What is in the clusters -------------------------------------------------------------------------


def test_a_cluster_is_described_by_the_columns_in_which_it_differs():
    rng = np.random.default_rng(0)
    inside = np.arange(2000) < 500
    rows = pd.DataFrame(
        {
            "same": rng.normal(size=2000),
            "high": rng.normal(size=2000) + 2.0 * inside,
            "phone": np.where(rng.random(2000) < np.where(inside, 0.85, 0.4), "yes", "no"),
            "flag": rng.random(2000) < np.where(inside, 0.1, 0.5),
            "lost": pd.Series(rng.normal(size=2000)).mask(inside & (rng.random(2000) < 0.6)),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.where(inside, 10, 0), unit="D"),
            "local": pd.Timestamp("2020-06-01 09:00", tz="Asia/Tokyo")
            + pd.to_timedelta(2 * inside, unit="D"),
        }
    )
    found = {one.column: one for one in differences(rows, inside)}
    assert "same" not in found
    # The deviation inside the two parts is 1, the difference of the means 2.
    assert found["high"].effect == pytest.approx(2.0, abs=0.15)
    h = 2 * (np.arcsin(np.sqrt(0.85)) - np.arcsin(np.sqrt(0.4)))
    assert abs(found["phone"].effect) == pytest.approx(h, abs=0.12)
    assert {found["phone"].inside[:4], found["phone"].outside[:4]} <= {"yes:", "no: "}
    assert found["lost"].inside.startswith("–: 6") and found["lost"].outside == "–: 0%"
    assert found["flag"].effect and found["day"].inside == "mean 2020-01-11"
    assert found["local"].inside == "mean 2020-06-03 09:00:00+09:00"
    assert next(iter(found)) == "day"
    assert differences(rows, np.arange(2000) < 3) == []


def test_a_column_of_many_values_is_described_by_the_one_whose_share_differs_most():
    # The counts of all values are taken at once: comparing each with every row took 65 times as long.
    inside = np.arange(10_000) < 500
    names = np.array([f"name {number}" for number in range(10_000)], dtype=object)
    names[400:500] = "often"
    names[2500:2600] = "seldom"
    (value,) = differences(pd.DataFrame({"name": names}), inside)
    assert (value.inside, value.outside) == ("often: 20%", "often: 0%")
    assert value.effect == pytest.approx(2 * np.arcsin(np.sqrt(0.2)))
    assert differences(pd.DataFrame({"name": [""] * 10_000}), inside) == []


def test_the_page_of_a_table_says_what_the_rows_are(tmp_path):
    data = table(400)
    clusters = Clustering(TablePCA(2, indicators=True).fit(data), clusters=2).fit(data)
    finding = clusters.report(data, tmp_path)
    first, _ = finding.listings
    assert first.headings[1:] == ["column", "in the cluster", "in the rest", "effect"]
    words = {row[1]: row[2:4] for row in first.rows}
    assert {part.split(":")[1] for part in words["colour"]} == {" 100%", " 0%"}
    # The mean of the rows themselves, not what a centre decodes to.
    rows = data.train.examples
    means = rows.groupby(rows["colour"])["height"].mean()
    centres = pd.read_csv(tmp_path / "centres.csv").set_index("colour")["height"]
    np.testing.assert_allclose(centres.sort_index(), means.sort_index(), rtol=1e-6)


def test_a_silhouette_without_groups_is_no_good_news():
    rng = np.random.default_rng(0)
    spec = Spec("vector", (6,))
    splits = [Split(rng.normal(size=(rows, 6)).astype("float32")) for rows in (400, 50, 50)]
    data = Data("even", spec, *splits).with_preprocessor(Identity(spec))
    sentences = Clustering(PCA(6).fit(data), greatest=5).fit(data).report(data, None).sentences
    (good, words), *_ = sentences
    assert not good and "no clear groups" in words


def test_a_description_comes_back_as_it_was(tmp_path):
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2020-01-01")
    rows = pd.DataFrame(
        {
            "single": rng.normal(size=90).astype("float32"),
            "double": pd.Series(rng.normal(size=90)).mask(np.arange(90) < 30),
            "whole": pd.array(rng.integers(0, 9, 90), dtype="Int64"),
            "day": day + pd.to_timedelta(rng.integers(0, 10**12, 90), unit="us"),
            "zone": (day + pd.to_timedelta(rng.integers(0, 300, 90), unit="D")).tz_localize("Asia/Tokyo"),
            "mixed": pd.Series([1, "a", None] * 30, dtype=object),
            "flag": pd.array([True, None, False] * 30, dtype="boolean"),
            "none": pd.Series([None] * 90, dtype=object),
        }
    )
    before = Description.of(rows, np.repeat([0, 1, 2], 30), 3)
    assert before.typical["single"].dtype == "float32" and before.typical["double"].isna()[0]
    Kept({}, before.state(), {}).write(tmp_path / "kept", PCA(2))
    after = Description.of_state(dict(Kept.read(tmp_path / "kept", PCA(2)).state))
    pd.testing.assert_frame_equal(after.typical, before.typical, check_exact=True)
    assert after.differences == before.differences and any(before.differences)
    for name, description in (("before", before), ("after", after)):
        write_sheet(description.typical, tmp_path / name)
    assert (tmp_path / "after").read_bytes() == (tmp_path / "before").read_bytes()
