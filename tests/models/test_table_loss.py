"""The loss of a table: a density for each column, and what a draw of it is."""

import dataclasses

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf

from kerasae.losses import Columns
from kerasae.spec import Column, Spec

SPEC = Spec(
    "table",
    (4,),
    "mixed",
    columns=(
        Column("c", "category", "str", ("p", "q")),
        Column("n", "number", "float64"),
        Column("b", "boolean", "bool"),
        Column("d", "date", "datetime64[us]"),
    ),
)


def test_the_loss_is_the_sum_of_the_densities():
    rng = np.random.default_rng(0)
    params = rng.normal(size=(5, 8)).astype("float32")
    params[0, 6:] = -9
    x = np.column_stack(
        [rng.integers(0, 3, 5), rng.normal(size=5), rng.integers(0, 2, 5), rng.normal(size=5)]
    )
    logits = params[:, :3]
    expected = np.column_stack(
        [
            -np.log(np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[range(5), x[:, 0].astype(int)],
            -scipy.stats.norm.logpdf(x[:, 1], params[:, 3], np.exp(np.maximum(params[:, 6], np.log(0.01)))),
            -scipy.stats.bernoulli.logpmf(x[:, 2], 1 / (1 + np.exp(-params[:, 4]))),
            -scipy.stats.norm.logpdf(x[:, 3], params[:, 5], np.exp(np.maximum(params[:, 7], np.log(0.01)))),
        ]
    )
    loss = Columns(SPEC)
    np.testing.assert_allclose(loss.per_feature(tf.constant(x, "float32"), params), expected, rtol=1e-4)
    np.testing.assert_allclose(
        loss.per_example(tf.constant(x, "float32"), params), expected.sum(1), rtol=1e-4
    )
    mean = np.array(loss.mean(tf.constant(params)))
    np.testing.assert_array_equal(mean[:, 0], logits.argmax(1))
    np.testing.assert_allclose(mean[:, [1, 3]], params[:, [3, 5]])
    np.testing.assert_allclose(mean[:, 2], 1 / (1 + np.exp(-params[:, 4])), rtol=1e-5)


def test_the_account_of_a_row_adds_gaps_of_an_unusual_kind():
    """Against SciPy's densities and entropies: gaps at what they cost, an unseen category at its evidence."""
    gaps, unseen = [1.5, 0.0, 2.5, 0.5], 3.25
    columns = [dataclasses.replace(one, gap=gap) for one, gap in zip(SPEC.columns, gaps, strict=True)]
    columns[0] = dataclasses.replace(columns[0], unseen=unseen)
    spec = dataclasses.replace(SPEC, columns=tuple(columns))
    rng = np.random.default_rng(1)
    params = rng.normal(size=(3, 8)).astype("float32")
    x = np.array([[0, 0.5, 1, np.nan], [2, np.nan, 0, -1.0], [np.nan] * 4], "float32")
    odds, chance = scipy.special.softmax(params[:, :3], axis=1), scipy.special.expit(params[:, 4])
    entropy = np.column_stack(
        [
            scipy.stats.entropy(odds, axis=1),
            scipy.stats.norm(0, np.exp(params[:, 6])).entropy(),
            scipy.stats.bernoulli(chance).entropy(),
            scipy.stats.norm(0, np.exp(params[:, 7])).entropy(),
        ]
    )
    nll = np.column_stack(
        [
            [unseen, -np.log(odds[1, 2]), np.nan],
            -scipy.stats.norm.logpdf(x[:, 1], params[:, 3], np.exp(params[:, 6])),
            -np.log([chance[0], 1 - chance[1], np.nan]),
            -scipy.stats.norm.logpdf(x[:, 3], params[:, 5], np.exp(params[:, 7])),
        ]
    )
    number, missing = np.array([False, True, False, True]), np.isnan(x)
    sign = np.array([[1.0], [1.0], [1.0]]) * [1, 0, 0, 0] + np.array([[1.0], [-1.0], [1.0]]) * [0, 0, 1, 0]
    mean = np.column_stack([np.zeros(3), params[:, 3], chance, params[:, 5]])
    residual = np.where(number, x - mean, sign * np.sqrt(2 * np.nan_to_num(nll)))
    residual = np.where(missing, np.sqrt(2 * np.array(gaps)), residual)
    loss = Columns(spec)
    np.testing.assert_allclose(loss.entropy(tf.constant(params)), entropy, rtol=1e-5)
    for expected in (None, [0.25, 0.5, 0.75, 1.0]):
        loss.expected = expected
        account = loss.account(tf.constant(x), tf.constant(params))
        usual = entropy if expected is None else np.array(expected)
        told = np.where(missing, usual + gaps, nll)
        np.testing.assert_allclose(account["nll"], told, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(account["residual"], residual, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(account["missing"], missing)
        score = np.array(loss.anomaly_score(tf.constant(x), tf.constant(params)))
        np.testing.assert_allclose(score, [*told.sum(axis=1)[:2], np.finfo("float32").max], rtol=1e-4)


def test_a_draw_of_a_row_is_the_quantile_of_each_column():
    params = np.array([[9.0, 0.0, np.log(3.0), 2.0, np.log(3.0), -1.0, np.log(0.5), np.log(4.0)]], "float32")
    loss = Columns(SPEC)
    # A quarter of `p`, three of `q`; true where the level is below 3/4.
    for levels, categories, flag in (((0.2, 0.1, 0.7, 0.9), 1, 1), ((0.3, 0.9, 0.8, 0.25), 2, 0)):
        found = np.asarray(loss.draw(tf.constant(params), tf.constant([levels], tf.float32)))[0]
        numbers = scipy.stats.norm.ppf(levels, [0, 2, 0, -1], [1, 0.5, 1, 4])
        np.testing.assert_allclose(found, [categories, numbers[1], flag, numbers[3]], rtol=1e-3)


def test_what_the_loss_of_a_table_needs():
    assert Columns(SPEC).decoder_shape((4,)) == (8,)
    assert Columns(SPEC, min_scale=1e-3, expected=[1, 2, 3, 4]).get_config()["expected"] == [1, 2, 3, 4]
    for least in (0, -1.0):
        with pytest.raises(ValueError, match="`min_scale` must be positive"):
            Columns(SPEC, min_scale=least)
    with pytest.raises(ValueError, match="needs a table with columns that hold values"):
        Columns(Spec("vector", (3,), "float64"))
    words = Spec("table", (1,), "mixed", columns=(Column("c", "category", "str", ("p", "q")),))
    assert Columns(words).head() is None
    assert Columns(words).decoder_shape((1,)) == (3,)


def test_missing_entries_add_neither_loss_nor_gradient():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, (6, 4)).astype("float32")
    x[0, 0] = x[1, 1] = x[2, 2] = x[3, 3] = np.nan
    x[4] = np.nan
    params = tf.constant(rng.normal(size=(6, 8)), "float32")
    loss = Columns(SPEC)
    with tf.GradientTape() as tape:
        tape.watch(params)
        values = loss.per_feature(tf.constant(x), params)
    gradient = tape.gradient(values, params).numpy()
    assert np.isfinite(gradient).all()
    assert (values.numpy()[np.isnan(x)] == 0).all()
    assert (values.numpy()[~np.isnan(x)] != 0).all()
    assert not gradient[0, :3].any()
    assert not gradient[1, 3]
    assert not gradient[4].any()


def test_the_loss_comes_back_from_its_config():
    loss = Columns(SPEC, min_scale=0.1)
    again = keras.losses.deserialize(keras.losses.serialize(loss))
    assert again.spec == SPEC
    assert again.min_scale == 0.1
