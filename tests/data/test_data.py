"""Sources: what they read, how they split, and what they refuse."""

import dataclasses
import gzip
import json
import os
import struct

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from kerasae import PCA, Recipe, load_data, registry, train
from kerasae.data import Data, Split, parse_source
from kerasae.data._array_data import make_data
from kerasae.data._data import NO_ROWS
from kerasae.data._drawing import SPLITS, draw_splits
from kerasae.metrics.evaluation import probe_accuracy
from kerasae.preprocessing import Rescaling, Standardization
from kerasae.preprocessing.identity import Identity
from kerasae.spec import Spec


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(60, 5)).astype("float32")


@pytest.fixture
def save(tmp_path):
    def save(name, array, **more):
        path = tmp_path / name
        if name.endswith(".npz"):
            np.savez(path, **array)
        else:
            np.save(path, array, **more)
        return str(path)

    return save


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


@pytest.mark.parametrize("kind", ["npy", "npz", "idx", "idx.gz"])
def test_array_files_give_back_what_was_written(tmp_path, kind):
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 7), dtype="uint8")
    path = tmp_path / f"images.{kind}"
    if kind == "npy":
        np.save(path, images)
    elif kind == "npz":
        np.savez(path, images)
        path.unlink()
        np.savez(path, x=images, y=np.arange(40))
    else:
        raw = struct.pack(">HBB3i", 0, 8, 3, *images.shape) + images.tobytes()
        path = tmp_path / ("images-idx3-ubyte" + (".gz" if kind == "idx.gz" else ""))
        path.write_bytes(gzip.compress(raw) if kind == "idx.gz" else raw)
    data = load_data(str(path))
    assert data.spec == Spec("image", (6, 7, 1), "uint8", 0.0, 255.0)
    found = np.concatenate([s.examples for s in map(data.split, SPLITS)])
    assert {row.tobytes() for row in found} == {row.tobytes() for row in images}


def test_splits_and_labels_of_an_npz_are_kept(save, rows):
    path = save(
        "a.npz", {"x_train": rows, "x_test": rows[:7], "y_train": np.arange(60), "y_test": np.arange(7)}
    )
    data = load_data(path)
    assert len(data.test) == 7
    np.testing.assert_array_equal(data.test.examples, rows[:7])
    np.testing.assert_array_equal(data.test.labels, np.arange(7))
    assert sum(len(data.split(name)) for name in SPLITS if name != "test") == 60


def test_a_calibration_split_of_its_own_is_kept(save, rows):
    parts = {"x_train": rows, "x_calibration": rows[:9] + 1, "y_train": np.arange(60), "y_cal": np.arange(9)}
    data = load_data(save("a.npz", parts))
    np.testing.assert_array_equal(data.calibration.examples, rows[:9] + 1)
    np.testing.assert_array_equal(data.calibration.labels, np.arange(9))
    assert sum(len(data.split(name)) for name in SPLITS if name != "calibration") == 60


def test_a_test_file_of_its_own(save, rows):
    data = load_data(
        save("a.npy", rows),
        labels=save("y.npy", np.arange(60)),
        test_path=save("b.npy", rows[:9]),
        test_labels=save("c.npy", np.arange(9)[:, None]),
    )
    assert len(data.test) == 9
    assert data.test.labels.shape == (9,)


def bad_arrays():
    clean = np.ones((20, 3), "float32")
    spoiled = clean.copy()
    spoiled[4, 2] = np.nan
    spoiled[7, 0] = np.inf
    return {
        "nan": (spoiled, ValueError, r"2 NaN or infinite values, the first at row 4, column 2"),
        "empty": (clean[:0], ValueError, "at least 2 rows"),
        "one row": (clean[:1], ValueError, "at least 2 rows"),
        "no features": (np.ones(20), ValueError, r"reshape it to \(rows, features\)"),
        "strings": (np.array([["a", "b"]] * 4), TypeError, "Expected real numbers"),
    }


@pytest.mark.parametrize("name", bad_arrays())
def test_bad_arrays_are_refused(save, name):
    array, error, message = bad_arrays()[name]
    with pytest.raises(error, match=message):
        load_data(save("a.npy", array))


class Bomb:
    """Makes a folder where it is unpickled."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return (os.mkdir, (self.trace,))


def test_objects_are_never_unpickled(save, tmp_path):
    trace = tmp_path / "unpickled"
    path = save("a.npy", np.array([[Bomb(trace)]], dtype=object), allow_pickle=True)
    with pytest.raises(TypeError, match="never unpickled"):
        load_data(path)
    assert not trace.exists()
    np.load(path, allow_pickle=True)
    assert trace.exists(), "the array holds nothing that could be unpickled"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.npy", b"no array"),
        ("a.npz", b"no archive"),
        ("a-idx3-ubyte", b"\0\0\x08\x03 short"),
        ("b-ubyte.gz", b"\x1f\x8bxx"),
    ],
)
def test_files_that_are_no_arrays(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read as one"):
        load_data(str(path))


def test_splits_of_different_shapes(save, rows):
    with pytest.raises(ValueError, match="in every split"):
        load_data(save("a.npz", {"x_train": rows, "x_test": rows[:, :3]}))


def test_labels_of_another_length(save, rows):
    with pytest.raises(ValueError, match="a label for each of the 60 rows"):
        load_data(save("a.npz", {"x": rows, "y": np.arange(3)}))


def test_a_source_is_a_name_a_path_or_a_name_with_an_argument(tmp_path, monkeypatch):
    assert parse_source("digits") == {"name": "digits"}
    assert parse_source("tfds:mnist:3.0.1") == {"name": "tfds", "dataset": "mnist:3.0.1"}
    monkeypatch.chdir(tmp_path)
    np.save("digits.npy", np.ones((4, 2)))
    assert parse_source("digits.npy")["name"] == "arrays"
    with pytest.raises(FileNotFoundError, match="found no such file"):
        parse_source("./digits")
    with pytest.raises(ValueError, match="did you mean 'digits'"):
        parse_source("digit")


def test_constant_columns_are_named(save, rows):
    from kerasae import Recipe

    rows[:, [1, 3]] = 5
    with pytest.warns(UserWarning, match=r"2 of 5 features are constant .*: 1, 3"):
        data = Recipe.of(source=save("a.npy", rows)).load()
    # Exactly 0, not a rounding error over a rounding error; another value is far from it.
    assert not data.x("test")[:, [1, 3]].any()
    rows[0, 1] = 7
    assert data.to_x(rows)[0, 1] == 2
    assert np.array_equal(data.preprocessor.restore(data.x("test"))[:, 3], np.full(len(data.test), 5))
    with pytest.raises(ValueError, match="a feature that varies"):
        Recipe.of(source=save("b.npy", np.ones_like(rows))).load()


def test_more_rows_in_a_batch_than_there_are(digits):
    batches, steps, _ = digits.training_batches(5000)
    assert (steps, next(iter(batches)).shape[0]) == (1, 1150)


def test_examples_of_another_shape_or_range_are_named(digits):
    raw = digits.test.head(3)
    model = Recipe.of(latent_dim=2).build(digits)
    for wrong in (raw[0], raw[:, :3], np.array(["a"])):
        with pytest.raises(ValueError, match=r"Expected examples of shape \(rows, 8, 8, 1\), received"):
            model.transform(wrong)
    np.testing.assert_array_equal(model.transform(raw[..., 0]), model.transform(raw))
    with pytest.raises(ValueError, match=r"Expected codes of shape \(rows, 2\), received shape \(3, 3\)"):
        model.inverse_transform(np.zeros((3, 3)))
    photos = Rescaling(Spec("image", (2, 2, 1), "uint8", 0.0, 255.0))
    with pytest.warns(UserWarning, match="the model scales its input itself"):
        photos.to_x(np.full((1, 2, 2, 1), 0.5))


@pytest.mark.parametrize("kind", ["identity", "rescaling", "standardization"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_preprocessors_give_raw_examples_back(kind, dtype):
    raw = np.random.default_rng(0).integers(0, 200, (50, 4)).astype(dtype)
    spec = Spec("vector", (4,), dtype)
    layer = registry.resolve("preprocessing", kind)(spec).fit(raw)
    again = layer.restore(layer(raw))
    assert again.dtype == raw.dtype
    np.testing.assert_allclose(again, raw, rtol=1e-5)
    x = layer(raw).numpy()
    if kind == "rescaling":
        assert (x.min(), x.max()) == (0, 1)
    if kind == "standardization":
        np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
        np.testing.assert_allclose(x.std(0), 1, rtol=1e-4)


@pytest.mark.parametrize("kind", ["rescaling", "standardization"])
@pytest.mark.parametrize("dtype", ["float64", "int64", "uint32"])
def test_an_offset_takes_no_digit(kind, dtype):
    # Seconds, counters, coordinates: 1.7e9 +- 60 had 5 values of 2,000 where float32 came first.
    raw = np.round(np.random.default_rng(0).normal(size=(500, 2)) * 60, 3 if dtype == "float64" else 0)
    far = (raw + 1.7e9).astype(dtype)

    def scaled(raw):
        layer = registry.resolve("preprocessing", kind)(Spec("vector", (2,), str(raw.dtype))).fit(raw)
        return layer, layer.to_x(raw)

    layer, x = scaled(far)
    np.testing.assert_allclose(x, scaled(raw)[1], atol=1e-6)
    assert x.dtype == "float32"
    assert len(np.unique(x[:, 0])) == len(np.unique(far[:, 0]))
    # As near as float32 holds x: within 1e-7 of the spread.
    np.testing.assert_allclose(layer.restore(x) - 1.7e9, raw, atol=1e-4)
    # The affine map is that of the layer, in all its digits.
    shift, slope = layer.affine
    np.testing.assert_allclose((far.astype("float64") - shift) / slope, x, atol=1e-6)


@pytest.mark.parametrize("kind", ["rescaling", "standardization"])
@pytest.mark.parametrize("size", [1e200, 4e307, 1e-320])
def test_numbers_that_cannot_be_scaled_are_named(kind, size):
    raw = np.random.default_rng(0).normal(size=(50, 3)) * [1, size, 1]
    layer = registry.resolve("preprocessing", kind)(Spec("vector", (3,), "float64"))
    if kind == "rescaling" and size == 1e200:
        # One range for all features, which holds them.
        assert layer.fit(raw).to_x(raw).max() == 1
        return
    if kind == "rescaling" and size < 1:
        raw *= [size, 1, size]
    with pytest.raises(ValueError, match=r"Expected numbers that can be scaled .* take its logarithm"):
        layer.fit(raw)


@pytest.mark.parametrize("size", [1e-30, 1e30, 1e100])
def test_numbers_of_any_size_are_scaled_as_they_are(size):
    raw = np.random.default_rng(0).normal(size=(50, 3))
    spec = Spec("vector", (3,), "float64")
    near, far = (
        registry.resolve("preprocessing", "standardization")(spec).fit(rows) for rows in (raw, raw * size)
    )
    np.testing.assert_allclose(far.to_x(raw * size), near.to_x(raw), atol=1e-5)
    np.testing.assert_allclose(far.restore(near.to_x(raw)), raw * size, rtol=1e-4)


def test_a_loss_that_scaling_spoils_blames_no_learning_rate(tmp_path):
    rows = np.random.default_rng(0).normal(size=(60, 3)).astype("float32") * np.float32(1e30)
    np.save(tmp_path / "rows.npy", rows)
    recipe = Recipe.of(source=str(tmp_path / "rows.npy"), latent_dim=2, network={"widths": [4]})
    recipe = recipe.override({"preprocessing.name": "identity"})
    data = recipe.load()
    with pytest.raises(
        FloatingPointError, match=r"epoch 1; .*: x reaches .*e\+30 in the train split.*standardization"
    ):
        train(recipe.build(data), data, epochs=2)


def test_digits_that_are_fed_away_are_named():
    raw = np.random.default_rng(0).normal([0, 1e8], size=(50, 2))
    spec = Spec("vector", (2,), "float64")
    with pytest.warns(
        UserWarning, match=r"Feature 1 \(counted from 0\) spans .* steps of 8: .*standardization"
    ):
        registry.resolve("preprocessing", "identity")(spec).fit(raw)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A data set that TFDS itself writes as TFRecords, from rows made here."""
    import tensorflow_datasets as tfds

    class TinyShapes(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(4, 4, 1)),
                    "label": tfds.features.ClassLabel(num_classes=2),
                }
            )
            return self.dataset_info_from_configs(features=features)

        def _split_generators(self, manager):
            return {"train": self._generate_examples(40), "test": self._generate_examples(10)}

        def _generate_examples(self, count):
            for index in range(count):
                yield index, {"image": np.full((4, 4, 1), index, "uint8"), "label": index % 2}

    folder = tmp_path_factory.mktemp("tfds")
    TinyShapes(data_dir=folder).download_and_prepare()
    return folder


def test_tfds_reads_what_tfds_prepared(prepared):
    data = load_data("tfds:tiny_shapes", data_dir=str(prepared))
    assert data.spec == Spec("image", (4, 4, 1), "uint8", 0.0, 255.0)
    assert len(data.test) == 10
    assert sum(len(data.split(name)) for name in SPLITS if name != "test") == 40
    np.testing.assert_array_equal(data.train.labels, data.train.examples[:, 0, 0, 0] % 2)


def test_tfds_that_is_not_prepared_says_what_was_tried(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"looked in .*downloaded nothing.*tfds build mnist"):
        load_data("tfds:mnist", data_dir=str(tmp_path))


def test_tfds_that_does_not_exist(tmp_path):
    with pytest.raises(ValueError, match="TFDS knows no data set 'no_such_thing'"):
        load_data("tfds:no_such_thing", data_dir=str(tmp_path))


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


def test_dequantised_integers_fill_their_intervals_in_training_and_come_back():
    spec = Spec("image", (16, 16, 1), "uint8", 0.0, 255.0)
    raw = np.arange(256, dtype="uint8").reshape(1, 16, 16, 1).repeat(40, axis=0)
    data = Data("v", spec, Split(raw[:20]), Split(raw[20:30]), Split(raw[30:]))
    data = data.with_preprocessor(Rescaling(spec, dequantize=True))
    layer = Rescaling.from_config(data.preprocessor.get_config())
    assert layer.dequantize
    np.testing.assert_allclose(layer.to_x(raw), (raw + 0.5) / 256, rtol=1e-6)
    np.testing.assert_array_equal(layer.restore(layer.to_x(raw)), raw)
    batches = iter(data.training_batches(20, seed=3)[0])
    first, second = (next(batches).numpy() * 256 - raw[:20] for _ in range(2))
    for shift in (first, second, np.concatenate([*data.validation_batches()]) * 256 - raw[20:30]):
        assert -1e-4 <= shift.min() < 0.01
        assert 0.99 < shift.max() <= 1 + 1e-4
        assert stats.kstest(shift.ravel(), "uniform").pvalue > 1e-3
    assert not np.allclose(first, second)
    again = [np.concatenate([*data.validation_batches()]) for _ in range(2)]
    np.testing.assert_array_equal(*again)
    with pytest.raises(ValueError, match="`dequantize` is for integers, received data of type float32"):
        Rescaling(Spec("vector", (2,)), dequantize=True)
