"""The refinement draws codes to their centres, and still rebuilds."""

import dataclasses
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasae import Recipe, load_model
from kerasae.applications import Clustering
from kerasae.applications.clustering._agreement import matched_rows
from kerasae.applications.clustering._refinement import EmbeddedClustering, closeness, copied, sharpened


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


@pytest.mark.slow
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


@pytest.mark.slow
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
