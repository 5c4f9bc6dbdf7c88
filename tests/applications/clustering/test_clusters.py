"""Clusters that are there are found, whatever the scale of the codes and the names."""

import dataclasses

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from kerasae import PCA
from kerasae.applications import Clustering
from kerasae.applications.clustering._agreement import agreement, matched_accuracy
from kerasae.data import Data
from kerasae.data._split import Split
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec

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


def test_what_is_no_autoencoder_is_not_refined_and_a_baseline_is_not_asked(blob_codes):
    with pytest.raises(ValueError, match=r"`refine` .* received PCA"):
        Clustering(blob_codes, refine=True)
    assert Clustering.for_baseline({"refine": True, "clusters": 3}, blob_codes) == {"clusters": 3}


# Files -----------------------------------------------------------------------------------------


def test_more_clusters_than_codes_are_refused(blobs, blob_codes):
    with pytest.raises(ValueError, match=r"`clusters` must not exceed the 180 different codes .* 1000"):
        Clustering(blob_codes, clusters=1000).fit(blobs)


# What is in the clusters -------------------------------------------------------------------------


def test_a_silhouette_without_groups_is_no_good_news():
    rng = np.random.default_rng(0)
    spec = Spec("vector", (6,))
    splits = [Split(rng.normal(size=(rows, 6)).astype("float32")) for rows in (400, 50, 50)]
    data = Data("even", spec, *splits).with_preprocessor(Identity(spec))
    sentences = Clustering(PCA(6).fit(data), greatest=5).fit(data).report(data, None).sentences
    (good, words), *_ = sentences
    assert not good and "no clear groups" in words
