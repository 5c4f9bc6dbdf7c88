"""Frames of other libraries, and datasets, as data in Python."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import tensorflow as tf
from small_logs import sines
from table_rows import plain_rows

from kerasae import Recipe
from kerasae.applications import AnomalyDetector, Imputer
from kerasae.data import from_dataset, load_data
from kerasae.data import series as log_source
from kerasae.data.tables import from_frame

polars = pytest.importorskip("polars", reason="pip install polars")

FORMS = {"arrow": pa.Table.from_pandas, "polars": polars.from_pandas}


def frame():
    return plain_rows().assign(
        kind=lambda rows: rows["kind"].astype("category"), day=lambda r: pd.to_datetime(r["day"])
    )


@pytest.mark.parametrize("form", FORMS)
def test_rows_of_a_frame_of_another_library_are_those_of_pandas(form):
    here, there = from_frame(frame(), labels="odd"), from_frame(FORMS[form](frame()), labels="odd")
    assert here.rows == there.rows
    recipe = Recipe.of()
    for split in here.rows:
        one, other = (recipe.prepare(data).x(split) for data in (here, there))
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(here.split(split).labels, there.split(split).labels)


@pytest.mark.parametrize("form", FORMS)
def test_a_model_takes_new_rows_of_another_library(form):
    rows = frame().drop(columns="odd")
    recipe = Recipe.of(latent_dim=2, network={"widths": [4]})
    data = recipe.prepare(from_frame(rows))
    model = recipe.build(data)
    codes = model.transform(FORMS[form](rows))
    np.testing.assert_array_equal(codes, model.transform(rows))
    assert [*model.inverse_transform(codes).columns] == [*rows.columns]


@pytest.mark.slow
def test_applications_answer_rows_of_another_library_as_those_of_pandas():
    rows = frame().drop(columns="odd").astype({"count": "float64"})
    rows.loc[::7, "count"] = np.nan
    recipe = Recipe.of(latent_dim=2, network={"widths": [4]})
    data = recipe.prepare(from_frame(rows, calibration=0.5))
    model = recipe.build(data)
    imputer, detector = Imputer(model).fit(data), AnomalyDetector(model, threshold="quantile").fit(data)
    for form in FORMS.values():
        assert [*imputer.transform(form(rows))["count"]] == [*imputer.transform(rows)["count"]]
        here, there = detector.reasons(rows), detector.reasons(form(rows))
        assert [*there["reason"]] == [*here["reason"]]
        np.testing.assert_array_equal(there["share"], here["share"])


@pytest.mark.parametrize("form", FORMS)
def test_a_log_in_a_frame_of_another_library_is_that_of_pandas(form):
    here = log_source.from_frame(sines(200), time="time", window=10)
    there = log_source.from_frame(FORMS[form](sines(200)), time="time", window=10)
    assert here.rows == there.rows
    np.testing.assert_array_equal(here.test.examples, there.test.examples)


def test_what_is_no_frame_is_refused():
    with pytest.raises(TypeError, match=r"^Expected a DataFrame or an Arrow table, received list"):
        from_frame([[1, 2], [3, 4]])
    with pytest.raises(TypeError, match=r"^Expected a DataFrame or an Arrow table, received LazyFrame"):
        from_frame(polars.from_pandas(plain_rows()).lazy())


# Datasets --------------------------------------------------------------------------------------------


class Source:
    """A source of records that are found by their numbers, as those of Grain and PyTorch."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, number):
        return self.x[number], self.y[number]


def arrays():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (40, 6, 6)).astype("uint8"), rng.integers(0, 3, 40)


def in_a_file(path):
    x, y = arrays()
    np.savez(path, x=x, y=y)
    return load_data(path)


@pytest.mark.parametrize(
    ("dataset", "arguments"),
    [
        (lambda x, y: tf.data.Dataset.from_tensor_slices((x, y)), {}),
        (lambda x, y: tf.data.Dataset.from_tensor_slices((x, y)).batch(7), {"batched": True}),
        (Source, {}),
        (lambda x, y: zip(x, y, strict=True), {}),
    ],
    ids=["tf.data", "batches", "source", "iterator"],
)
def test_a_dataset_gives_the_rows_of_the_array(tmp_path, dataset, arguments):
    data, wanted = from_dataset(dataset(*arrays()), **arguments), in_a_file(tmp_path / "a.npz")
    assert (data.spec, data.rows) == (wanted.spec, wanted.rows)
    for split in data.rows:
        np.testing.assert_array_equal(data.split(split).examples, wanted.split(split).examples)
        np.testing.assert_array_equal(data.split(split).labels, wanted.split(split).labels)


def test_a_source_of_grain_gives_the_rows_of_the_array(tmp_path):
    grain = pytest.importorskip("grain", reason="pip install grain")
    data = from_dataset(grain.MapDataset.source(Source(*arrays())))
    wanted = in_a_file(tmp_path / "a.npz")
    np.testing.assert_array_equal(data.test.examples, wanted.test.examples)
    np.testing.assert_array_equal(data.test.labels, wanted.test.labels)


def test_a_dataset_that_is_no_array_is_refused():
    x, y = arrays()
    slices = tf.data.Dataset.from_tensor_slices
    for dataset, error, words in (
        (slices(x).repeat(), ValueError, "a finite dataset, received an infinite one; limit it with `take`"),
        (slices({"image": x}), TypeError, "received dict; choose the parts with `map`"),
        (slices((x, y, y)), TypeError, "received a tuple of 3; choose"),
        (slices(["a", "b"]), TypeError, "arrays of numbers, or tuples"),
        (slices(x).batch(7), ValueError, r"one shape .*received 2 shapes.*pass batched=True"),
        ([], ValueError, "examples in the dataset, received none"),
        ([x[0], (x[1], 1)], ValueError, "a label for each example of the dataset, or for none"),
    ):
        with pytest.raises(error, match=rf"^Expected .*{words}"):
            from_dataset(dataset)
