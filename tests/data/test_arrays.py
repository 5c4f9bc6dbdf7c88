"""Array files: what was written comes back, and bad ones are refused."""

import gzip
import os
import re
import struct

import numpy as np
import pytest

from kerasae import Recipe, load_data
from kerasae.data import array_spec, parse_source
from kerasae.data._drawing import SPLITS
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


def test_arrays_in_place_of_a_name_are_refused_with_the_way_to_data():
    rows = np.zeros((4, 3), "float32")
    for call in (load_data, lambda array: Recipe.of(source=array)):
        with pytest.raises(TypeError, match=r"received ndarray; kerasae\.data\.make_data takes an array"):
            call(rows)
    for shape in ((4,), (4, 3, 2, 1, 1)):
        with pytest.raises(ValueError, match=re.escape(f"received an array of shape {shape}")):
            array_spec(np.zeros(shape))
