"""Data: splits, calibration rows, batches."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from kerasae import PCA, Recipe, load_data
from kerasae.data import Data, Split, parse_source
from kerasae.data._array_data import make_data
from kerasae.data._data import NO_ROWS
from kerasae.data._drawing import SPLITS, draw_splits
from kerasae.metrics.evaluation import probe_accuracy
from kerasae.preprocessing import Standardization
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


def test_digits_are_all_there_once(digits):
    sizes = [len(split) for split in map(digits.split, SPLITS)]
    assert sizes == [1150, 144, 144, 359]
    assert sum(sizes) == 1797
    assert digits.spec == Spec("image", (8, 8, 1), "uint8", 0.0, 16.0)
    together = np.concatenate([s.examples for s in map(digits.split, SPLITS)])
    from sklearn.datasets import load_digits

    assert np.sort(together.reshape(1797, -1).sum(1)).tolist() == sorted(load_digits().data.sum(1))
    assert digits.x("train").min() == 0
    assert digits.x("train").max() == 1


def test_splits_follow_from_the_seed():
    a, b, c = load_data("digits", seed=1), load_data("digits", seed=1), load_data("digits", seed=2)
    assert np.array_equal(a.test.examples, b.test.examples)
    assert not np.array_equal(a.test.examples, c.test.examples)


def test_a_calibration_split_takes_its_rows_from_those_to_train_on():
    # The rows of the other two splits are what the first 36 numbers of this permutation always were.
    order = np.random.default_rng(3).permutation(100)
    with_one, without = draw_splits(100, 0.2, 0.1, 0.2, 3), draw_splits(100, 0.2, 0, 0.2, 3)
    for drawn in (with_one, without):
        np.testing.assert_array_equal(drawn["test"], order[:20])
        np.testing.assert_array_equal(drawn["validation"], order[20:36])
    np.testing.assert_array_equal(with_one["calibration"], order[36:44])
    np.testing.assert_array_equal(with_one["train"], np.sort(order[44:]))
    assert len(without["calibration"]) == 0
    np.testing.assert_array_equal(without["train"], np.sort(order[36:]))


def test_a_run_from_before_the_calibration_split_has_none(tmp_path):
    recipe = Recipe.of().complete()
    assert recipe.data["calibration"] == 0.1
    old = {**recipe.to_dict(), "data": {k: v for k, v in recipe.data.items() if k != "calibration"}}
    (tmp_path / "old.json").write_text(json.dumps(old))
    (tmp_path / "by_hand.json").write_text(json.dumps({"data": old["data"]}))
    recipe.save(tmp_path / "new.json")
    found = {
        name: len(Recipe.read(tmp_path / f"{name}.json").load().calibration)
        for name in ("old", "by_hand", "new")
    }
    assert found == {"old": 0, "by_hand": 144, "new": 144}


def test_few_rows_leave_no_calibration_split():
    sizes = {rows: len(draw_splits(rows, 0.1, 0.1, 0.2, 0)["calibration"]) for rows in (4, 5, 6, 20)}
    assert sizes == {4: 0, 5: 0, 6: 0, 20: 2}


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        (
            {"calibration": 1.0},
            r"`calibration` must be in \[0, 1\), a share of the rows, or 0 for none; received 1",
        ),
        ({"calibration": -0.1}, "received -0.1"),
        (
            {"validation": 0.5, "calibration": 0.5},
            "leave at least 2 of 100 rows to train on, received validation=0.5",
        ),
    ],
)
def test_shares_that_leave_nothing(shares, message):
    given = {"validation": 0.1, "calibration": 0.1, "test": 0.2, **shares}
    with pytest.raises(ValueError, match=message):
        draw_splits(100, **given, seed=0)


def test_no_preprocessor_and_no_training_sees_calibration_rows():
    examples = np.random.default_rng(0).normal(size=(200, 3))
    spec = Spec("vector", (3,), "float64")
    data = make_data("x", spec, examples)
    far = dataclasses.replace(data, calibration=Split(data.calibration.examples + 1e6))
    means = [one.with_preprocessor(Standardization(spec)).preprocessor.get_weights() for one in (data, far)]
    for one, other in zip(*means, strict=True):
        np.testing.assert_array_equal(one, other)
    joined = far.joined()
    assert joined.train.examples.max() < 100
    assert (len(joined.train), len(joined.validation), len(joined.calibration)) == (144, 0, 16)


def test_choices_after_a_training_on_validation_rows_take_half_of_the_calibration_rows():
    data = make_data("x", Spec("vector", (1,)), np.arange(200.0)[:, None])
    assert data.with_choices() is data
    joined = data.joined()
    choosing = joined.with_choices()
    assert (len(choosing.validation), len(choosing.calibration)) == (8, 8)
    both = [*choosing.validation.numbers, *choosing.calibration.numbers]
    assert sorted(both) == sorted(data.calibration.numbers)
    assert not {*both} & {*joined.train.numbers}
    bare = dataclasses.replace(joined, calibration=NO_ROWS)
    assert bare.with_choices() is bare


def test_labels_stay_with_their_rows():
    examples = np.arange(200, dtype="float32").reshape(100, 2)
    data = make_data("x", Spec("vector", (2,)), examples, labels=examples[:, 0])
    for split in map(data.split, SPLITS):
        np.testing.assert_array_equal(split.labels, split.examples[:, 0])


def test_tensorflow_tunes_no_dataset_of_a_training(digits):
    """The end of an iterator would wait for the thread that tunes it, for up to a minute."""
    datasets = [
        digits.training_batches(8)[0],
        digits.training_batches(8, prepared=False)[0],
        digits.validation_batches(),
    ]
    for batches in datasets:
        assert batches.prefetch(2).options().autotune.enabled is False


def test_an_epoch_shows_rows_once_and_a_resumed_one_the_same(digits):
    batches, steps, _ = digits.training_batches(100, seed=3)
    assert steps == len(digits.train) // 100
    epochs = [np.concatenate(list(batches.skip(e * steps).take(steps).as_numpy_iterator())) for e in (0, 1)]
    known = {row.tobytes() for row in digits.x("train")}
    seen = [row.tobytes() for row in epochs[0]]
    assert set(seen) <= known
    # Rows that stand twice in the data may come twice.
    assert len(set(seen)) >= len(seen) - (len(digits.train) - len(known))
    assert not np.array_equal(epochs[0], epochs[1])
    resumed, _, _ = digits.training_batches(100, seed=3, first_epoch=1)
    again = np.concatenate(list(resumed.take(steps).as_numpy_iterator()))
    np.testing.assert_array_equal(again, epochs[1])


def test_batches_are_x_alone(digits):
    batches, _, _ = digits.training_batches(32)
    assert batches.element_spec.shape == (32, 8, 8, 1)
    assert batches.element_spec.dtype == tf.float32


def test_validation_batches_cover_the_split(digits):
    parts = list(digits.validation_batches(most=50).as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate(parts), digits.x("validation"))
    assert max(map(len, parts)) <= 50


@pytest.mark.parametrize(
    ("names", "source"),
    [
        ("a.npy A.NPY a.NPZ a.idx a.idx.gz train-images-idx3-ubyte t10k-labels.idx1-ubyte.gz", "arrays"),
        ("report-idx.csv a-idx3-ubyte.csv stocks-idx2.csv.gz A.CSV", "tables"),
    ],
)
def test_a_file_goes_to_the_source_of_its_ending(tmp_path, names, source):
    for name in names.split():
        (tmp_path / name).write_bytes(b"a,b")
        assert parse_source(str(tmp_path / name))["name"] == source


# Rows drawn from a split -----------------------------------------------------------------------------


def sorted_rows(classes=8, each=500):
    """Vectors sorted by class, as a folder of images is; each class has a feature of its own."""
    labels = np.repeat(np.arange(classes), each)
    noise = np.random.default_rng(0).normal(scale=0.1, size=(len(labels), classes))
    return (np.eye(classes)[labels] + noise).astype("float32"), labels


def test_a_draw_reaches_every_part_of_a_sorted_split():
    x, labels = sorted_rows()
    split = Split(x, labels)
    drawn = split.drawn(200, seed=1)
    places = drawn.numbers
    assert len(drawn) == len(set(places)) == 200 and (np.diff(places) > 0).all()
    np.testing.assert_array_equal(drawn.examples, x[places])
    np.testing.assert_array_equal(drawn.labels, labels[places])
    # 25 of each class are expected, with a standard deviation below 5.
    assert (abs(np.bincount(drawn.labels) - 25) < 20).all()
    np.testing.assert_array_equal(split.drawn(200, seed=1).numbers, places)
    assert not np.array_equal(split.drawn(200, seed=2).numbers, places)
    np.testing.assert_array_equal(split.drawn(10_000).examples, x)


def test_the_probe_sees_every_class_of_sorted_rows():
    # 8 classes of 2,500: of the first 10,000 rows a probe learns four of the classes.
    x, labels = sorted_rows(each=2500)
    few, few_labels = sorted_rows(each=20)
    spec = Spec("vector", (8,))
    data = Data("sorted", spec, Split(x, labels), Split(few), Split(few, few_labels))
    data = data.with_preprocessor(Identity(spec))
    assert probe_accuracy(PCA(8).fit(data), data) > 0.99
