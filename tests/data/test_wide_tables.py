"""Tables of many columns, and damaged or unusual files of them."""

import dataclasses
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from table_rows import rows, table_model, with_gaps

from kerasae import load_data
from kerasae.baselines import TablePCA
from kerasae.data import Split
from kerasae.data._files.csv_file import CsvFile
from kerasae.data._skipping import Skipped
from kerasae.data.tables import from_frame, tables, tables_like
from kerasae.preprocessing import TablePreprocessing
from kerasae.preprocessing._columns import column_values
from kerasae.preprocessing._table_tensors import number_columns


def test_columns_together_are_what_each_is_alone():
    """To the bit: the figures of earlier trainings stand."""
    frame = with_gaps(rows(200)).convert_dtypes()
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    x = layer.to_x(frame)
    tensors = layer.tensors(frame)
    np.testing.assert_array_equal(layer(tensors), x)
    for i, (column, center, scale) in enumerate(
        zip(layer.spec.columns, layer.centers, layer.scales, strict=True)
    ):
        alone = column_values(frame[column.name], column)
        if column.kind == "category":
            codes = {"": np.nan} | {text: code for code, text in enumerate(column.categories, 1)}
            np.testing.assert_array_equal(x[:, i], [codes[text] for text in alone])
        else:
            np.testing.assert_array_equal(x[:, i], ((alone - center) / scale).astype("float32"))
            back = x[:, i].astype("float64") * scale + center
            np.testing.assert_array_equal(layer.inverse(tf.constant(x))[column.name], back)


def test_an_infinite_entry_is_missing_in_a_graph_as_in_a_frame():
    frame = rows(30)[["number", "integer", "category"]]
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    sent = layer.tensors(frame)
    endless = np.array([np.inf, -np.inf, np.nan, 1e300])
    sent["number"] = np.concatenate([endless, sent["number"][4:]])
    got = tf.function(layer)({name: tf.constant(values) for name, values in sent.items()}).numpy()
    with pytest.warns(UserWarning, match="Infinite entries of column 'number'"):
        expected = layer.to_x(frame.assign(number=sent["number"]))
    np.testing.assert_array_equal(got, expected)
    assert np.isnan(got[:3, 0]).all() and np.isinf(got[3, 0])


def test_plain_numbers_go_at_once_whatever_stands_beside_them(monkeypatch):
    frame = rows(30)[["number", "integer", "flag", "day"]].assign(endless=np.inf, late=1.5)
    columns = from_frame(frame).spec.columns
    alone = []

    def noted(series, column):
        alone.append(column.name)
        return column_values(series, column)

    monkeypatch.setattr("kerasae.preprocessing._table_tensors.column_values", noted)
    with pytest.warns(UserWarning, match="Infinite entries of column 'endless'"):
        found = number_columns(frame, columns)
    assert alone == ["flag", "day", "endless"]
    np.testing.assert_array_equal(found[:, [0, 1, 5]], frame[["number", "integer", "late"]])


def test_many_numbers_come_in_one_input(monkeypatch):
    model, data = table_model("variational", rows())
    held_out = data.test.examples
    codes = model.transform(held_out)
    tensors = model.preprocessor.tensors(held_out)
    by_column = model.plain_encoder()({key: tf.constant(tensors[key]) for key in tensors})
    monkeypatch.setattr("kerasae.preprocessing.table.preprocessing._MOST_INPUTS", 3)
    numbers = [name for name in tensors if name not in ("category", "code")]
    encoder = model.plain_encoder()
    assert sorted(encoder.input) == ["category", "code", "numbers"]
    sent = {"numbers": np.stack([tensors[name] for name in numbers], axis=1)}
    together = encoder({**sent, "category": tensors["category"], "code": tensors["code"]})
    np.testing.assert_array_equal(together, by_column)
    np.testing.assert_allclose(together, codes, atol=1e-6)


def test_pca_of_fewer_rows_than_columns_is_that_of_the_columns():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 5)) @ rng.normal(size=(5, 60)) + rng.normal(size=(40, 60)) / 9)
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    pca = TablePCA(3, indicators=False).fit(data)
    few = pca.decode(pca.transform(data.test.examples))
    pca._pca = pca._of_many_rows(data, len(data.train) + len(data.validation))[:, :3]
    np.testing.assert_allclose(pca.decode(pca.transform(data.test.examples)), few, atol=1e-5)


@pytest.mark.parametrize("indicators", [False, True])
def test_a_column_that_none_of_the_rows_has_is_answered_with_its_mean(indicators):
    """The rows that PCA is fitted on may be a few of those that the preprocessing saw."""
    frame = pd.DataFrame({"a": np.arange(60.0), "b": np.arange(60.0) % 7, "c": ["x", "y", "z"] * 20})
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    few = {key: data.split(key).examples.assign(b=np.nan) for key in ("train", "validation")}
    pca = TablePCA(1, indicators=indicators).fit(
        dataclasses.replace(data, **{key: Split(rows) for key, rows in few.items()})
    )
    found = pca.decode(pca.transform(data.test.examples))
    # Of standardised numbers the mean is 0.
    np.testing.assert_allclose(found[:, 1], 0, atol=1e-6)
    assert np.isfinite(found).all()


def test_a_wide_file_is_read_in_few_blocks(tmp_path):
    """A block of a megabyte would hold ten rows of 10,000 columns."""
    columns = 1000
    x = np.random.default_rng(0).normal(size=(300, columns)).round(4)
    np.savetxt(
        tmp_path / "t.csv", x, "%.4f", ",", header=",".join(f"c{i}" for i in range(columns)), comments=""
    )
    source = CsvFile(tmp_path / "t.csv", Skipped("raise"))
    assert len([*source.blocks()]) == 1
    np.testing.assert_array_equal(load_data(tmp_path / "t.csv", test=1.0).test.examples, x)


def test_a_row_with_too_many_cells_that_is_no_text_is_refused_without_a_traceback(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr(sys, "unraisablehook", shown.append)
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 12 + b"3,4,\x80\n")
    with pytest.raises(ValueError, match=r"Expected a CSV in .*Expected 2 columns, got 3"):
        tables(str(path))
    assert not shown


def test_a_damaged_page_of_a_parquet_file_is_refused_in_a_line(tmp_path):
    path = tmp_path / "rows.parquet"
    pd.DataFrame({"a": np.arange(1000.0)}).to_parquet(path, compression=None)
    content = bytearray(path.read_bytes())
    content[4:30] = b"\xff" * 26
    path.write_bytes(content)
    with pytest.raises(ValueError, match="Expected a whole Parquet file"):
        tables(str(path))


@pytest.mark.parametrize("gap", [False, True])
def test_a_late_decimal_in_a_column_of_integers_is_kept_in_a_new_file(tmp_path, gap):
    """A file that is streamed is stored block by block, and the first blocks have whole numbers alone."""
    rows = 150_000
    path = tmp_path / "t.csv"
    numbers = [str(n % 97) for n in range(rows)]
    path.write_text("a,b\n" + "".join(f"{n},{i}\n" for i, n in enumerate(numbers)))
    columns = load_data(str(path), stream=True).spec.columns
    numbers[-2] = "7.5"
    if gap:
        numbers[3] = numbers[-1] = ""
    path.write_text("a,b\n" + "".join(f"{n},{i}\n" for i, n in enumerate(numbers)))
    again = tables_like(columns, path=str(path), stream=True, test=1.0)
    found = pd.concat([*again.test.chunks()])
    assert found["a"].astype("float64").tolist()[-2] == 7.5
    assert found["a"].isna().sum() == 2 * gap
    assert found["a"].astype("float64").fillna(0).sum() == sum(float(n or 0) for n in numbers)
    assert found["b"].tolist() == list(range(rows))


def test_two_columns_of_a_parquet_file_with_one_name_are_refused_in_a_line(tmp_path):
    table = pa.table([pa.array([1.0, 2.0]), pa.array(["x", "y"])], names=["a", "a"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(ValueError, match="the name 'a' more than once"):
        load_data(tmp_path / "t.parquet")


@pytest.mark.parametrize("column", ["label", "k"])
def test_a_text_of_a_parquet_file_that_is_not_utf8_is_refused_in_a_line(tmp_path, column):
    """It failed wherever it was first looked at, with an error of Arrow's."""
    bad = pa.Array.from_buffers(
        pa.utf8(), 40, [None, pa.py_buffer(np.arange(41, dtype="int32")), pa.py_buffer(b"\xff" + 39 * b"x")]
    )
    good = pa.array([*"ab"] * 20)
    columns = {"n": pa.array(np.arange(40.0)), "k": good, "label": good, column: bad}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(ValueError, match=r"Expected a whole Parquet file in .*UTF8") as caught:
        load_data(tmp_path / "t.parquet", labels="label")
    assert "\n" not in str(caught.value) and type(caught.value) is ValueError
