"""Types of columns: found, said, refused."""

import re

import numpy as np
import pandas as pd
import pytest
from table_rows import KINDS, rows, write_rows

from kerasae import load_data
from kerasae.data._drawing import SPLITS
from kerasae.data._labels import tidy_labels
from kerasae.data._split import drawn_rows
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing


@pytest.fixture
def path(tmp_path):
    return write_rows(tmp_path / "t.csv")


@pytest.mark.parametrize("stream", [False, True])
def test_types_are_found(path, stream):
    data = load_data(path, labels="label", id="key", stream=stream)
    assert {column.name: (column.kind, column.dtype) for column in data.spec.columns} == KINDS
    assert data.streamed is stream
    assert data.train.head(1).index.name == "key"
    assert set(data.train.labels) == {0, 1, 2}


def test_a_stream_holds_the_rows_that_memory_would(path):
    kept, streamed = (load_data(path, labels="label", id="key", stream=s) for s in (False, True))
    for split in SPLITS:
        one, other = kept.split(split), streamed.split(split)
        left, right = one.examples.sort_index(), other.examples.sort_index()
        pd.testing.assert_frame_equal(left, right)
        assert sorted(one.labels) == sorted(other.labels)
        pd.testing.assert_frame_equal(other.head(7), other.examples.iloc[:7])
        drawn, numbers = other.drawn(9, seed=4), drawn_rows(len(other), 9, seed=4)
        pd.testing.assert_frame_equal(drawn.examples, other.examples.iloc[numbers])
        assert drawn.labels.tolist() == other.labels[numbers].tolist()


def test_complete_columns_have_plain_types(tmp_path):
    rows().to_csv(tmp_path / "t.csv", index=False)
    found = {column.name: column.dtype for column in load_data(tmp_path / "t.csv").spec.columns}
    assert (found["integer"], found["flag"], found["bit"]) == ("int64", "bool", "int64")


def test_a_damaged_name_in_a_parquet_file_is_one_line(tmp_path):
    """Wherever the name stands: in the schema, in a path of a column, or in all of them."""
    path = tmp_path / "t.parquet"
    pd.DataFrame({"number": np.arange(9.0), "kind": [*"abcabcabc"]}).to_parquet(path)
    content = path.read_bytes()
    places = [match.start() for match in re.finditer(b"number", content)]
    for damaged in (*([place] for place in places), places):
        changed = bytearray(content)
        for place in damaged:
            changed[place + 5] = 0xEE
        path.write_bytes(changed)
        try:
            data = load_data(path)
        except ValueError as error:
            assert str(error).startswith("Expected a") and str(path) in str(error) and "\n" not in str(error)
        else:
            assert len(data.spec.columns) == 2


def test_parquet_keeps_its_types(tmp_path):
    frame = rows()
    frame["number"] = frame["number"].astype("float32")
    frame["category"] = frame["category"].astype("category")
    frame.loc[3, "number"] = np.nan
    frame.to_parquet(tmp_path / "t.parquet")
    for stream in (False, True):
        data = load_data(tmp_path / "t.parquet", stream=stream)
        found = {column.name: (column.kind, column.dtype) for column in data.spec.columns}
        assert found["number"] == ("number", "float32")
        assert found["category"] == ("category", "category[str]")
        assert found["bit"] == ("boolean", "int64")
        assert found["moment"][0] == "date"


def test_a_type_can_be_said(path):
    with pytest.warns(UserWarning, match=r"not of the type given are missing.*'category'"):
        data = load_data(path, types={"integer": "category", "category": "number"})
    kinds = {column.name: column.kind for column in data.spec.columns}
    assert kinds["integer"] == "category"
    assert data.train.examples["category"].isna().all()


def test_numbers_among_other_entries_are_read_where_the_type_is_said(tmp_path):
    cells = [str(i) if i % 3 else "much" for i in range(12)]
    (tmp_path / "t.csv").write_text("n,i\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)))
    with pytest.warns(UserWarning, match=r"'n' \(4\)"):
        data = load_data(tmp_path / "t.csv", types={"n": "number"})
    for split in map(data.split, SPLITS):
        rows = split.examples
        np.testing.assert_array_equal(rows["n"], rows["i"].where(rows["i"] % 3 > 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "lable"}, "No column 'lable' .* did you mean 'label'"),
        ({"types": {"number": "numeric"}}, "did you mean 'number'"),
        ({"on_error": "ignore"}, "`on_error` must be 'raise' or 'skip'"),
    ],
)
def test_bad_arguments(path, arguments, message):
    with pytest.raises(ValueError, match=message):
        from kerasae.data.tables import tables

        tables(str(path), **arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"missing": "unknown"},
            r"`data\.missing` must be .* received 'unknown'; a list of one is \[\"unknown\"\]",
        ),
        ({"missing": {"b": -1}}, r"`data\.missing` must be .* received \{'b': -1\}\.$"),
        ({"missing": {"b": "low"}}, r"`data\.missing` must be .* received \{'b': 'low'\}\.$"),
        (
            {"drop": "category"},
            r"`data\.drop` must be of type list\[str\], received 'category'; .*\[\"category\"\]",
        ),
        ({"id": ["key"], "missing": ["low"], "drop": ("flag", "bit")}, None),
    ],
)
def test_a_string_is_no_list_of_its_letters(path, arguments, message):
    if message is None:
        load_data(path, **arguments)
        return
    with pytest.raises(TypeError, match=message):
        load_data(path, **arguments)
    if "missing" in arguments:
        with pytest.raises(TypeError, match=message):
            from_frame(rows(20), **arguments)


def test_yes_and_no_are_booleans_where_the_type_is_said(tmp_path):
    cells = ["yes", "no", "Y", "N", "perhaps", "", "true", "0"]
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)))
    with pytest.warns(UserWarning, match=r"'a' \(1\)"):
        data = load_data(tmp_path / "t.csv", types={"a": "boolean"})
    found = pd.concat([data.split(name).examples for name in SPLITS]).sort_values("b")
    assert found["a"].tolist() == [True, False, True, False, pd.NA, pd.NA, True, False]


def test_labels_are_what_they_were():
    frame = pd.DataFrame({"n": np.arange(8.0), "y": [0.25, 0.75] * 4})
    assert set(from_frame(frame, labels="y").train.labels) == {0.25, 0.75}
    frame["y"] = ["1", None] * 4
    assert set(from_frame(frame, labels="y").train.labels) == {"1", ""}
    frame["y"] = [2.0, 1.0] * 4
    assert from_frame(frame, labels="y").train.labels.dtype == "int64"


@pytest.mark.parametrize(
    ("entries", "labels"),
    [
        (["99999999999999999999", "1"], ["99999999999999999999", "1"]),
        (["9007199254740993", "-0"], [9007199254740993, 0]),
        (["1.0", "0.0"], [1, 0]),
        (["1.0", ""], ["1", ""]),
        (["007", "7"], ["007", "7"]),
        (["inf", "1"], ["inf", "1"]),
        (["1e3", "0.5"], [1000.0, 0.5]),
        ([True, False], [1, 0]),
        ([True, None], ["1", ""]),
        (np.array([2**53 + 1, 3], "uint64"), [2**53 + 1, 3]),
        ([2**53 + 1, None], [str(2**53 + 1), ""]),
        (np.array([1e20, 1.0]), [1e20, 1.0]),
    ],
)
def test_labels_are_numbers_only_where_no_digit_is_lost(tmp_path, entries, labels):
    found = tidy_labels(entries)
    assert found.tolist() == labels
    assert found.dtype.kind == {str: "U", int: "i", float: "f"}[type(labels[0])]
    # In a file of texts, in a table, and in one that has types.
    frame = pd.DataFrame({"y": pd.Series([*entries] * 4, dtype=object), "text": "a b", "n": range(8)})
    frame.to_parquet(tmp_path / "t.parquet")
    if isinstance(entries[0], str):
        frame.to_csv(tmp_path / "t.csv", index=False)
    for file in tmp_path.iterdir():
        table = load_data(file, labels="y", test=1.0).test.labels
        words = load_data(f"text:{file}", column="text", labels="y", test=1.0).test.labels
        assert table.tolist() == words.tolist() == labels * 4


@pytest.mark.parametrize("stream", [False, True])
def test_dates_with_a_zone_come_back_with_it(tmp_path, stream):
    moments = pd.date_range("2021-03-20", periods=40, freq="11h", tz="Europe/Zurich").as_unit("us")
    frame = pd.DataFrame({"d": moments, "n": np.arange(40.0)})
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (load_data(tmp_path / "t.parquet", stream=stream), from_frame(frame)):
        layer = TablePreprocessing(data.spec).fit(frame)
        pd.testing.assert_frame_equal(layer.restore(layer.to_x(frame)), frame, atol=1e-4)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": pd.to_timedelta(range(9), "D")}), "column 'a' of type timedelta64"),
        (pd.DataFrame([[1, 2]] * 9, columns=["a", "a"]), "received 'a' twice"),
    ],
)
def test_frames_that_are_refused(frame, message):
    with pytest.raises(ValueError, match=message):
        from_frame(frame)


def test_columns_named_by_numbers_are_found_again():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)))
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    assert layer.to_x(frame).shape == (20, 3)
