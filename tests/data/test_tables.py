"""Tables: every type of column, missing entries anywhere, and what comes back."""

import csv
import dataclasses
import datetime
import json
import re
import sys
import warnings
from decimal import Decimal

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import decomposition

from kerasae import Recipe, load_data, registry, train
from kerasae.baselines import TablePCA
from kerasae.data import Split
from kerasae.data._drawing import SPLITS, draw_splits
from kerasae.data._files.csv_file import CsvFile
from kerasae.data._files.delimiter import _DELIMITERS
from kerasae.data._labels import tidy_labels
from kerasae.data._skipping import Skipped
from kerasae.data._split import drawn_rows
from kerasae.data.tables import from_frame, tables, tables_like
from kerasae.layers import ColumnEmbedding
from kerasae.losses import Columns
from kerasae.metrics import evaluate
from kerasae.preprocessing import TablePreprocessing, as_written, column_keys, type_name
from kerasae.preprocessing._columns import column_values
from kerasae.preprocessing.table._numbers import number_columns
from kerasae.spec import Column, Spec

FAMILIES = registry.names("model")


def rows(count=300, seed=0):
    """A table of every type whose columns all follow one hidden number."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=count)
    day = pd.Timestamp("2021-03-01")
    return pd.DataFrame(
        {
            "number": 3 * hidden + rng.normal(size=count) / 10,
            "integer": np.round(10 * hidden + 50).astype("int64"),
            "flag": hidden > 0,
            "bit": (hidden > 0.5).astype("int64"),
            "day": day + pd.to_timedelta(np.round(100 * hidden), unit="D"),
            "moment": day + pd.to_timedelta(np.round(1e5 * hidden), unit="s"),
            "category": np.select([hidden > 1, hidden > -1], ["high", "middle"], "low"),
            "code": [f"0{int(abs(value) * 3)}" for value in hidden],
        }
    )


def with_gaps(frame, share=0.3, seed=1):
    return frame.astype(object).mask(np.random.default_rng(seed).random(frame.shape) < share)


@pytest.fixture
def path(tmp_path):
    frame = with_gaps(rows())
    frame["empty"] = None
    frame["label"] = np.arange(len(frame)) % 3
    frame["key"] = [f"row {i}" for i in range(len(frame))]
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


KINDS = {
    "number": ("number", "float64"),
    "integer": ("number", "Int64"),
    "flag": ("boolean", "boolean"),
    "bit": ("boolean", "Int64"),
    "day": ("date", "datetime64[us]"),
    "moment": ("date", "datetime64[us]"),
    "category": ("category", "str"),
    "code": ("category", "str"),
    "empty": ("number", "float64"),
}


# Reading ---------------------------------------------------------------------------------------------


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


RAGGED = 'a,b\n1,2\n3,"x\ny"\n4\n5,6\n7,8,9\n10,11\n12,13\n'


def test_a_ragged_row_is_named_by_its_line(tmp_path):
    (tmp_path / "t.csv").write_text(RAGGED)
    # The quoted cell above it holds a line end.
    with pytest.raises(ValueError, match=r"t\.csv, line 5: expected 2 cells, received 1; .*--on-error skip"):
        load_data(tmp_path / "t.csv")
    data = load_data(tmp_path / "t.csv", on_error="skip")
    assert [line.split("line ")[1] for line in data.skipped] == [
        "5: expected 2 cells, received 1",
        "7: expected 2 cells, received 3",
    ]
    assert sum(len(data.split(name)) for name in SPLITS) == 5


def test_a_row_that_is_not_utf8_is_named_by_its_line(tmp_path):
    lines = [b"name,n", *(f"caf\u00e9,{i}".encode() for i in range(6))]
    lines[4] = "caf\u00e9,3".encode("latin-1")
    (tmp_path / "t.csv").write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError, match=r"t\.csv, line 5: not UTF-8"):
        load_data(tmp_path / "t.csv")
    data = load_data(tmp_path / "t.csv", on_error="skip")
    assert data.skipped == (f"{tmp_path / 't.csv'}, line 5: not UTF-8",)
    # Not one row that can be read.
    (tmp_path / "t.csv").write_bytes(b"1,0,\xc7")
    with pytest.raises(ValueError, match="at least 4 rows"):
        load_data(tmp_path / "t.csv", on_error="skip")


@pytest.mark.parametrize("block", [1 << 20, 32])
def test_lines_are_counted_past_ragged_rows_and_blocks(tmp_path, monkeypatch, block):
    monkeypatch.setattr("kerasae.data._files.csv_file.BLOCK", block)
    lines = [b"name,n", *(f"row {i},{i}".encode() for i in range(2, 21))]
    for number in (3, 5, 15):
        lines[number - 1] = b"ragged"
    for number in (4, 9, 16):
        lines[number - 1] = "caf\u00e9,3".encode("latin-1")
    (tmp_path / "t.csv").write_bytes(b"\n".join(lines))
    # The file is read once for all of these lines, and by the second pass not again.
    monkeypatch.setattr("kerasae.data.tables._csv_rows._KEPT", 0)
    read, reader = [], csv.reader
    monkeypatch.setattr(
        "kerasae.data._files.csv_file.csv.reader", lambda *args, **kw: read.append(1) or reader(*args, **kw)
    )
    found = load_data(tmp_path / "t.csv", on_error="skip").skipped
    assert [int(line.split("line ")[1].split(":")[0]) for line in found] == [3, 4, 5, 9, 15, 16]
    assert len(read) <= len(_DELIMITERS) + 2


def test_a_tsv_is_split_at_tabs_whatever_else_its_cells_hold(tmp_path):
    (tmp_path / "t.tsv").write_text("a,b\tc\n" + "".join(f"{i},5\tx\n" for i in range(8)))
    assert [column.name for column in load_data(tmp_path / "t.tsv").spec.columns] == ["a,b", "c"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_types_are_those_of_all_blocks(tmp_path, monkeypatch, suffix):
    monkeypatch.setattr("kerasae.data._files.csv_file.BLOCK", 1 << 12)
    frame = pd.DataFrame({"gap": range(20_000), "late": 0, "code": "007"}).astype({"gap": "Int64"})
    frame.loc[0, ["gap", "late"]] = [pd.NA, 7]
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    found = {column.name: (column.kind, column.dtype) for column in load_data(path).spec.columns}
    assert found == {"gap": ("number", "Int64"), "late": ("number", "int64"), "code": ("category", "str")}


def test_blanks_are_trimmed_and_stand_ins_for_missing_entries_known(tmp_path):
    cells = [*map(str, range(8)), " 3 ", "", " ", "NA", "NaN", "null", "None", "<NA>", "?", " ? "]
    (tmp_path / "t.csv").write_text("n,i\n" + "".join(f"{cell},{i}\n" for i, cell in enumerate(cells)))
    data = load_data(tmp_path / "t.csv")
    assert (data.spec.columns[0].kind, data.spec.columns[0].dtype) == ("number", "Int64")
    found = pd.concat([data.split(name).examples for name in SPLITS]).sort_values("i")
    assert found["n"].isna().tolist() == [False] * 9 + [True] * 9


@pytest.mark.parametrize("stream", [False, True])
def test_labels_stay_with_their_rows_in_any_blocks(tmp_path, monkeypatch, stream):
    monkeypatch.setattr("kerasae.data._files.csv_file.BLOCK", 256)
    frame = pd.DataFrame({"key": range(1000, 1200), "n": np.arange(200) + 0.5, "label": range(200)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = load_data(tmp_path / "t.csv", labels="label", id="key", stream=stream)
    for name, part in draw_splits(200, 0.1, 0.1, 0.2, 0).items():
        split = data.split(name)
        assert sorted(split.labels) == sorted(part)
        np.testing.assert_array_equal(split.labels + 0.5, split.examples["n"])
        assert (split.examples.index.astype(int) == split.labels + 1000).all()


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_a_file_is_as_large_as_it_is_unpacked(tmp_path, monkeypatch, suffix):
    numbers = pd.DataFrame({"n": np.arange(4000) % 7 + 0.25})
    path = tmp_path / f"t.{suffix}"
    packed = {"compression": "gzip", "use_dictionary": False}
    numbers.to_parquet(path, **packed) if suffix == "parquet" else numbers.to_csv(path, index=False)
    assert suffix == "csv" or path.stat().st_size < 3000
    for most, streamed in ((15_000, True), (40_000, False)):
        monkeypatch.setattr("kerasae.data.tables._loading._LARGE", most)
        assert load_data(path).streamed is streamed


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_one_row_without_a_label_makes_the_labels_of_all_splits_texts(tmp_path, stream, suffix):
    frame = pd.DataFrame({"n": np.arange(60) + 0.5, "label": np.arange(60) % 2})
    frame["label"] = frame["label"].astype("Int64").mask(frame["n"] == 30.5)
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    data = load_data(path, labels="label", stream=stream)
    for name in SPLITS:
        expected = ["" if n == 30.5 else str(int(n) % 2) for n in data.split(name).examples["n"]]
        assert data.split(name).labels.tolist() == expected


def test_a_streamed_calibration_split(tmp_path):
    rows = range(3000)
    pd.DataFrame({"n": rows, "label": rows}).to_csv(tmp_path / "t.csv", index=False)
    kept, streamed = (load_data(tmp_path / "t.csv", labels="label", stream=s).joined() for s in (False, True))
    split = streamed.calibration
    some = split.rows(np.array([0, 7, 200]))
    np.testing.assert_array_equal(some.labels, some.examples["n"])
    one, other = (data.with_choices() for data in (kept, streamed))
    assert [len(one.split(name)) for name in SPLITS] == [len(other.split(name)) for name in SPLITS]
    # All rows of a large file, and no others.
    everything = load_data(tmp_path / "t.csv", stream=True, test=1.0)
    assert (len(everything.train), len(everything.test)) == (0, 3000)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_delimiters_and_marks_are_found(tmp_path, delimiter, bom):
    lines = [delimiter.join(("a", "b", "c")), *(delimiter.join((str(i), "x", "2.5")) for i in range(9))]
    (tmp_path / "t.csv").write_text(bom + "\n".join(lines), encoding="utf-8")
    assert [column.name for column in load_data(tmp_path / "t.csv").spec.columns] == ["a", "b", "c"]


def test_a_file_without_names_gets_some(tmp_path):
    (tmp_path / "t.csv").write_text("".join(f"{i},x,{i}\n" for i in range(8)))
    data = load_data(tmp_path / "t.csv")
    assert [column.name for column in data.spec.columns] == ["column_1", "column_2", "column_3"]
    assert sum(len(data.split(name)) for name in SPLITS) == 8


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ("column_2,,c", ["column_2", "column_3", "c"]),
        ("column_3,,", ["column_3", "column_2", "column_4"]),
        # One name fewer than cells, and the first row is none of names.
        ("1,0.5", ["column_1", "column_2", "column_3"]),
    ],
)
def test_a_column_without_a_name_gets_one_of_its_own(tmp_path, header, names):
    lines = [header, *(f"{n},{n % 2},x{n}" for n in range(8))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    data = load_data(tmp_path / "t.csv", on_error="skip")
    assert [column.name for column in data.spec.columns] == names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "received an empty file"),
        ("a,a\n1,2\n", "the name 'a' more than once"),
        ("a,b\n1,2\n", r"at least 4 rows for .* in .*t\.csv, received 1"),
        ('a,b\n1,2\n3,"x\n4,y\n', r"t\.csv, line 3: a quote is opened and never closed"),
    ],
)
def test_bad_files(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        load_data(tmp_path / "t.csv")


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("%Y-%m-%d", "%Y-%m-%d"),
        ("%d.%m.%Y", "%d.%m.%Y"),
        ("%d/%m/%Y", "%d/%m/%Y"),
        ("%m/%d/%Y", "%m/%d/%Y"),
        ("%d/%m/%y", "%d/%m/%y"),
        ("%d-%b-%Y", "%d-%b-%Y"),
        ("%B %d, %Y", "%B %d, %Y"),
        ("%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M"),
    ],
)
@pytest.mark.parametrize("said", [False, True])
def test_dates_of_one_format_are_dates(tmp_path, form, written, said):
    days = pd.date_range("2020-01-01", periods=60)
    pd.DataFrame({"d": days.strftime(written), "n": range(60)}).to_csv(tmp_path / "t.csv", index=False)
    data = load_data(tmp_path / "t.csv", types={"d": "date"} if said else None)
    assert (data.spec.columns[0].kind, data.spec.columns[0].notation.pattern) == ("date", form)
    for split in map(data.split, SPLITS):
        assert (split.examples["d"].to_numpy() == days[split.examples["n"]].to_numpy()).all()
    # New rows may hold them as they were written.
    layer = TablePreprocessing(data.spec).fit(data.train.examples)
    frame = data.test.examples
    written_rows = frame.assign(d=frame["d"].dt.strftime(written))
    np.testing.assert_array_equal(layer.to_x(written_rows), layer.to_x(frame))


def test_dates_that_could_be_either_are_named_and_can_be_said(tmp_path):
    days = pd.date_range("2020-01-01", periods=9, freq="MS")
    pd.DataFrame({"d": days.strftime("%d/%m/%Y"), "n": 0.5}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.warns(UserWarning, match="could be month/day or day/month.*dayfirst=true"):
        load_data(tmp_path / "t.csv")
    data = load_data(tmp_path / "t.csv", dayfirst=True)
    assert (data.train.examples["d"].dt.day == 1).all()


def test_a_few_entries_that_are_no_numbers_are_pointed_at(tmp_path):
    cells = ["oops" if i == 7 else str(i) for i in range(50)]
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    with pytest.warns(UserWarning, match=r"'a' is read as a category: 49 of 50 .*'oops' is none"):
        assert load_data(tmp_path / "t.csv").spec.columns[0].kind == "category"


@pytest.mark.parametrize(
    ("entry", "odd", "message"),
    [
        (lambda i: f"2024-01-{1 + i % 28:02}", "0000-00-00", "27 are dates, .* '0000-00-00' .*\"date\""),
        (
            lambda i: f"2024-01-{1 + i % 28:02} 10:00",
            "2024-02-30",
            "27 are dates, .* '2024-02-30' .*\"date\"",
        ),
        (lambda i: f"{1 + i % 28}.1.2024", "n.v.", "27 are dates, .* 'n.v.' .*\"date\""),
        (lambda i: f"{i % 24}:30:00", "25:30:00", "times, .* '25:30:00' .*durations as numbers"),
        (lambda i: f"{i % 24:02}:00", "24:00", "times, .* '24:00' .*durations as numbers"),
        (lambda i: f"{i % 24:02}:00", "closed", "times, .* 'closed' "),
        (lambda i: f"code {i % 28}", "2024-01-05", None),
        (lambda i: f"10.0.0.{i % 28}", "10.0.1.1", None),
    ],
)
def test_a_few_entries_that_are_no_dates_or_times_are_pointed_at(tmp_path, entry, odd, message):
    cells = [odd if i == 7 else entry(i) for i in range(28)]
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert load_data(tmp_path / "t.csv").spec.columns[0].kind == "category"
    if message is None:
        assert not said
    else:
        assert re.search(message, str(said[0].message))


def test_decimal_commas_are_numbers_where_they_part_no_cells(tmp_path):
    lines = [f"{i},{i % 10};{i};{i},{i}{i}{i}" for i in range(20)]
    (tmp_path / "t.csv").write_text("a;b;c\n" + "\n".join(lines))
    data = load_data(tmp_path / "t.csv")
    assert [(c.kind, c.dtype) for c in data.spec.columns] == [
        ("number", "float64"),
        ("number", "int64"),
        ("number", "float64"),
    ]
    rows = data.train.examples
    np.testing.assert_allclose(rows["a"], rows["b"] + rows["b"] % 10 / 10)
    quoted = [f'"{i},000",{i}' for i in range(1, 20)]
    (tmp_path / "u.csv").write_text("a,b\n" + "\n".join(quoted))
    assert [*load_data(tmp_path / "u.csv", test=1.0).test.examples["a"]] == [1000 * i for i in range(1, 20)]


@pytest.mark.parametrize(
    ("suffix", "index", "words"),
    [
        ("csv", None, "first column of .* has no name, as pandas writes an index"),
        ("parquet", None, "__index_level_0__ in .* is the index of the table that pandas wrote"),
        ("parquet", "hour", "hour in .* is the index of the table that pandas wrote"),
    ],
)
def test_the_index_that_pandas_writes_names_the_rows(tmp_path, suffix, index, words):
    path = tmp_path / f"t.{suffix}"
    whole = rows(40)
    frame = whole[whole["number"] > -2].rename_axis(index)

    def write(some):
        some.to_csv(path) if suffix == "csv" else some.to_parquet(path)
        return path

    with pytest.warns(UserWarning, match=f"{words}: it names the rows and no training sees it"):
        data = load_data(write(frame))
    assert [column.name for column in data.spec.columns] == [*frame.columns]
    found = data.train.examples
    np.testing.assert_allclose(found["number"], whole["number"].iloc[found.index.astype(int)])
    with pytest.warns(UserWarning, match=f"{words}: no training sees it; to train on it, say its type"):
        other = load_data(path, id="code")
    assert [column.name for column in other.spec.columns] == [*frame.columns[:-1]]
    # Unless its type is said.
    name = {"csv": "column_1", "parquet": index or "__index_level_0__"}[suffix]
    asked = load_data(path, types={name: "number"})
    assert {column.name for column in asked.spec.columns} == {name, *frame.columns}
    # A file with an index of its own is as good.
    again = tables_like(data.spec.columns, path=str(write(frame.reset_index(drop=True))), test=1.0)
    pd.testing.assert_frame_equal(
        again.test.examples.reset_index(drop=True), frame.reset_index(drop=True), check_dtype=False
    )


def test_a_line_end_in_a_name_and_empty_lines_move_no_row(tmp_path):
    (tmp_path / "t.csv").write_text('"a\nb",c\n' + "".join(f"{i},{i}\n\n" for i in range(8)) + "9\n")
    with pytest.raises(ValueError, match=r"t\.csv, line 19: expected 2 cells, received 1"):
        load_data(tmp_path / "t.csv")
    data = load_data(tmp_path / "t.csv", on_error="skip")
    assert sum(len(data.split(name)) for name in SPLITS) == 8
    assert data.spec.columns[0].kind == "number"


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


# Preprocessing ---------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.0, 0.3]),
    scaling=st.sampled_from(["standard", "robust"]),
)
def test_what_goes_in_comes_back(seed, share, scaling):
    frame = rows(60, seed)
    if share:
        frame = with_gaps(frame, share, seed).convert_dtypes()
        frame["number"] = frame["number"].astype("float64")
    data = from_frame(frame)
    layer = TablePreprocessing(data.spec, scaling=scaling).fit(frame)
    x = layer.to_x(frame)
    again = layer.restore(x)
    assert (np.isnan(x) == frame.isna().to_numpy()).all()
    assert list(again.columns) == list(frame.columns)
    assert (again.dtypes == frame.dtypes).all() or share
    for name in frame:
        there = frame[name].notna()
        if name == "number":
            np.testing.assert_allclose(again[name][there], frame[name][there].astype(float), atol=1e-4)
        else:
            assert (again[name][there] == frame[name][there]).all(), name


def test_moments_are_those_of_the_entries_that_are_there_in_any_chunks():
    frame = rows(500)
    frame.loc[frame.index[::3], "number"] = np.nan
    spec = from_frame(frame).spec
    whole = TablePreprocessing(spec).fit(frame)
    parts = TablePreprocessing(spec).fit_chunks(lambda: (frame.iloc[i : i + 70] for i in range(0, 500, 70)))
    np.testing.assert_allclose(whole.centers, parts.centers, rtol=1e-12)
    np.testing.assert_allclose(whole.scales, parts.scales, rtol=1e-9)
    one, other = (
        [dataclasses.replace(column, stand_in=None) for column in layer.spec.columns]
        for layer in (whole, parts)
    )
    assert one == other
    stand_ins = [[column.stand_in for column in layer.spec.columns] for layer in (whole, parts)]
    assert stand_ins[0] == [value if value is None else pytest.approx(value) for value in stand_ins[1]]
    assert whole.centers[0] == pytest.approx(frame["number"].mean())
    assert whole.scales[0] == pytest.approx(frame["number"].std(ddof=0))


def test_robust_scaling_is_not_moved_by_outliers():
    frame = pd.DataFrame({"n": np.random.default_rng(0).normal(5, 2, 1000)})
    frame.loc[:20, "n"] = 1e6
    layer = TablePreprocessing(from_frame(frame).spec, scaling="robust").fit(frame)
    assert layer.centers[0] == pytest.approx(5, abs=0.3)
    assert layer.scales[0] == pytest.approx(2, abs=0.3)


def test_a_column_whose_quartiles_agree_is_scaled_by_its_standard_deviation():
    frame = pd.DataFrame({"n": [0.5] * 80 + [1.0] * 20})
    layer = TablePreprocessing(from_frame(frame).spec, scaling="robust").fit(frame)
    assert layer.scales[0] == pytest.approx(frame["n"].std(ddof=0))


def test_robust_scaling_samples_the_whole_of_a_long_column(monkeypatch):
    monkeypatch.setattr("kerasae.preprocessing.table._statistics._SAMPLE", 500)
    frame = pd.DataFrame({"n": np.arange(5000.0)})
    layer = TablePreprocessing(from_frame(frame).spec, scaling="robust")
    layer.fit_chunks(lambda: (frame.iloc[i : i + 700] for i in range(0, 5000, 700)))
    low, middle, high = frame["n"].quantile([0.25, 0.5, 0.75])
    assert layer.centers[0] == pytest.approx(middle, rel=0.2)
    assert layer.scales[0] == pytest.approx((high - low) / 1.349, rel=0.2)


@pytest.fixture(scope="module")
def fitted():
    frame = rows()
    return TablePreprocessing(from_frame(frame).spec).fit(frame), frame


def test_an_unseen_category_has_the_unknown_code(fitted):
    layer, frame = fitted
    one = frame.iloc[:1].assign(category="never seen")
    assert layer.to_x(one)[0, 6] == 0
    assert layer.restore(layer.to_x(one))["category"][0] == "[UNK]"


def test_a_new_column_is_ignored_with_a_warning(fitted):
    layer, frame = fitted
    with pytest.warns(UserWarning, match="did not have are ignored: 'extra'"):
        x = layer.to_x(frame.assign(extra=1))
    np.testing.assert_array_equal(x, layer.to_x(frame))


def test_a_missing_column_is_an_error(fitted):
    layer, frame = fitted
    with pytest.raises(ValueError, match="a table without 'number'; did you mean 'numbers'"):
        layer.to_x(frame.rename(columns={"number": "numbers"}))


def test_a_value_of_the_wrong_kind_is_an_error(fitted):
    layer, frame = fitted
    with pytest.raises(ValueError, match="Expected a number in every row of column 'number'"):
        layer.to_x(frame.astype({"number": object}).assign(number="much"))


def test_infinite_numbers_are_missing(fitted):
    layer, frame = fitted
    x = layer.to_x(frame.iloc[:3].assign(number=[np.inf, -np.inf, 0.0]))
    assert np.isnan(x[:, 0]).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("last", "dtype"),
    [("9999-12-31", "datetime64[us]"), ("2262-04-10", "datetime64[ns]"), ("9999-12-31", "object")],
)
def test_dates_come_back_within_their_type_whatever_a_decoder_says(last, dtype):
    days = pd.Series(pd.array(["2020-01-01", last] * 4, "datetime64[us]")).astype("datetime64[us]")
    frame = pd.DataFrame(
        {"d": days.dt.date if dtype == "object" else days.astype(dtype), "n": np.arange(8.0)}
    )
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    beyond = np.array([[3.0, 0], [-1e6, 0], [1e9, 0]])
    back = as_written(layer.restore(beyond), layer.spec.columns)["d"]
    assert type_name(back) == type_name(frame["d"])
    assert max(map(str, back)).startswith(last[:7])


def test_booleans_come_back_as_booleans_whatever_a_decoder_says(fitted):
    layer, frame = fitted
    again = layer.restore(np.random.default_rng(0).normal(0, 5, (50, 8)).astype("float32"))
    assert (again.dtypes == frame.dtypes).all()
    assert set(again["bit"]) == {0, 1}


def test_numbers_in_the_place_of_booleans_are_an_error(fitted):
    layer, frame = fitted
    with pytest.raises(ValueError, match="Expected 0, 1, true or false in column 'bit', received 5"):
        layer.to_x(frame.assign(bit=5))


def test_numbers_too_large_to_scale_are_named():
    frame = pd.DataFrame({"a": [1e300, -1e300, 2e300] * 5})
    with pytest.raises(ValueError, match="above 1e150 in column 'a'"):
        TablePreprocessing(from_frame(frame).spec).fit(frame)


def test_the_largest_integers_come_back():
    frame = pd.DataFrame({"a": [2**62, 2**63 - 1, -(2**63)] * 4})
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = layer.restore(np.array([[9.0], [-9.0]], "float32"))
    assert again["a"].dtype == "int64"
    assert again["a"][0] > 2**62
    assert again["a"][1] < -(2**62)


def test_codes_that_are_numbers_come_back_as_texts():
    frame = pd.DataFrame({"k": list(range(10)) * 3})
    layer = TablePreprocessing(from_frame(frame, types={"k": "category"}).spec, max_categories=5).fit(frame)
    assert set(layer.restore(layer.to_x(frame))["k"]) == {"0", "1", "2", "3", "4", "[UNK]"}


def typed_rows():
    """Intervals with either end, ordered categories and objects of several types; "7" is no 7."""
    number = pd.Series(np.arange(12.0))
    sizes = pd.Categorical(["s", "m"] * 6, ["s", "m", "l"], ordered=True)
    mixed = [1, "a", True, Decimal("1.50"), datetime.date(2020, 1, 2), "7"] * 2
    return pd.DataFrame(
        {
            "cut": pd.cut(number, [-1, 1 / 3, 12]),
            "cut at the left": pd.cut(number, [0, 5, 12], right=False).cat.as_unordered(),
            "months": pd.cut(pd.Series(pd.date_range("2024", periods=12)), 3),
            "intervals": pd.Series([pd.Interval(0, 1, "both"), pd.Interval(1, 2, "both")] * 6, dtype=object),
            "sizes": sizes,
            "ranks": pd.Categorical([3, 1] * 6, [3, 2, 1], ordered=True),
            "mixed": pd.Series(mixed, dtype=object),
            "category of mixed": pd.Series(mixed, dtype=object).astype("category"),
            "nothing": pd.Categorical([""] * 12),
        }
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_intervals_orders_and_mixed_objects_come_back():
    frame = typed_rows()
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    layer = TablePreprocessing.from_config(json.loads(json.dumps(layer.get_config())))
    again = layer.restore(layer.to_x(frame))
    known = [*frame.columns[:-1]]
    for name in known:
        assert [*map(type, again[name])] == [*map(type, frame[name])], name
    pd.testing.assert_frame_equal(again[known], frame[known])
    # An empty text is missing.
    assert again["nothing"].dtype.categories.dtype == "str"
    assert again["nothing"].isna().all()


def test_of_objects_that_look_alike_the_more_frequent_come_back():
    frame = pd.DataFrame({"a": pd.Series([7, "7", "7", 8] * 3, dtype=object)})
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    assert layer.restore(layer.to_x(frame))["a"].tolist() == ["7", "7", "7", 8] * 3


def test_a_category_that_the_order_does_not_know_comes_back_in_that_of_the_training():
    frame = typed_rows()[["sizes"]]
    layer = TablePreprocessing(from_frame(frame).spec).fit(frame)
    like = frame.assign(sizes=pd.Categorical(["xl"] * 12, ["xl", "xxl"], ordered=True))
    assert layer.restore(layer.to_x(frame), like)["sizes"].dtype == frame["sizes"].dtype


def test_a_file_of_parquet_knows_its_order_and_one_of_csv_is_read_beside_it(tmp_path):
    frame = typed_rows()[["sizes"]].assign(number=np.arange(12.0))
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    data = load_data(tmp_path / "t.parquet")
    layer = TablePreprocessing(data.spec).fit(data.train.examples)
    assert layer.restore(layer.to_x(frame))["sizes"].dtype == frame["sizes"].dtype
    again = tables_like(data.spec.columns, path=tmp_path / "t.csv")
    assert set(again.train.examples["sizes"]) == {"s", "m"}


def test_keys_are_unlike_each_other_and_names_where_they_can_be():
    keys = column_keys(["age", "a/b", "a_b", "A_B", "7", "größe"])
    assert keys["age"] == "age"
    assert len({key.lower() for key in keys.values()}) == 6
    assert all(re.fullmatch("[A-Za-z][A-Za-z0-9_]*", key) for key in keys.values())


def test_no_table_at_all_is_an_error(fitted):
    with pytest.raises(TypeError, match="Expected a DataFrame"):
        fitted[0].to_x(np.zeros((3, 8)))


@pytest.mark.parametrize("nothing", [np.nan, None])
def test_a_column_without_values_comes_back_empty(nothing):
    frame = rows().assign(empty=nothing)
    layer = TablePreprocessing(from_frame(frame).spec)
    with pytest.warns(UserWarning, match="Column 'empty' has no value in the training rows"):
        layer.fit(frame)
    assert layer.spec.shape == (8,)
    again = layer.restore(layer.to_x(frame))
    assert again["empty"].isna().all()
    assert list(again.columns) == list(frame.columns)


def test_an_id_is_noticed():
    frame = rows().assign(name=[f"n{i}" for i in range(300)])
    with pytest.warns(UserWarning, match="name it with --id name"):
        TablePreprocessing(from_frame(frame).spec, max_categories=5).fit(frame)


def test_the_most_frequent_categories_are_kept():
    frame = pd.DataFrame({"c": list("aaabbc") * 5})
    layer = TablePreprocessing(from_frame(frame).spec, max_categories=2).fit(frame)
    assert layer.spec.columns[0].categories == ("a", "b")


def test_a_name_with_a_slash_has_an_input():
    frame = pd.DataFrame({"km/h": np.arange(9.0)})
    assert list(TablePreprocessing(from_frame(frame).spec).fit(frame).inputs()) == ["km_h"]


def test_codes_do_not_follow_from_the_order_of_the_rows():
    frame = pd.DataFrame({"c": list("bdac") * 5})
    one, other = (TablePreprocessing(from_frame(f).spec).fit(f).spec for f in (frame, frame[::-1]))
    assert one == other


def test_an_integer_category_keeps_its_codes_beside_a_gap():
    frame = pd.DataFrame({"k": [3, 4, 5] * 10})
    layer = TablePreprocessing(from_frame(frame, types={"k": "category"}).spec).fit(frame)
    gaps = frame.index % 7 == 0
    x = layer.to_x(frame.mask(gaps[:, None]))
    np.testing.assert_array_equal(x, np.where(gaps[:, None], np.nan, layer.to_x(frame)))


@pytest.mark.parametrize("dtype", ["float64", "float32", "Float64"])
def test_a_category_of_floats_may_be_infinite_or_missing(dtype):
    frame = pd.DataFrame({"k": pd.Series([3.0, 0.5, np.inf, None] * 10, dtype=dtype)})
    layer = TablePreprocessing(from_frame(frame, types={"k": "category"}).spec).fit(frame)
    assert {*layer.spec.columns[0].categories} == {"3", "0.5", "inf"}
    assert np.isnan(layer.to_x(frame)[:, 0]).tolist() == [False, False, False, True] * 10


def test_seconds_of_a_date_with_a_zone_are_those_of_utc():
    moments = pd.Series(pd.date_range("2021-01-01", periods=3, freq="7h", tz="Asia/Tokyo"))
    expected = [moment.timestamp() for moment in moments]
    column = Column("d", "date", "datetime64[us]")
    np.testing.assert_array_equal(column_values(moments, column), expected)
    np.testing.assert_array_equal(column_values(moments.map(str), column), expected)


# The loss --------------------------------------------------------------------------------------------

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


# Models ----------------------------------------------------------------------------------------------


def table_model(family, frame, latent_dim=2, network=None, **sections):
    data = from_frame(frame)
    recipe = Recipe.of(family, latent_dim=latent_dim, network={"widths": [16], **(network or {})}, **sections)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    return recipe.build(data), data


RELOAD = """
import sys, numpy as np, pandas as pd, kerasae
model = kerasae.load_model(sys.argv[1])
frame = pd.read_pickle(sys.argv[2])
codes = model.transform(frame)
np.save(sys.argv[3], codes)
model.inverse_transform(codes).to_pickle(sys.argv[4])
"""


@pytest.mark.parametrize(
    "family",
    [
        "variational",
        *(pytest.param(name, marks=pytest.mark.slow) for name in FAMILIES if name != "variational"),
    ],
)
def test_a_table_with_gaps_trains_reloads_and_comes_back(family, path, tmp_path, run_python):
    recipe = Recipe.of(
        family,
        source=str(path),
        latent_dim=2,
        data={"labels": "label", "id": "key"},
        network={"widths": [16]},
    )
    with pytest.warns(UserWarning, match="'empty' has no value"):
        data = recipe.load()
    model = recipe.build(data)
    history = train(model, data, epochs=10, batch_size=32, learning_rate=0.01)
    assert history.epochs[-1]["reconstruction"] < history.epochs[0]["reconstruction"] - 1
    codes = model.transform(data.test.examples)
    table = model.inverse_transform(codes)
    assert list(table.columns) == list(data.test.examples.columns)
    assert (table.dtypes == data.test.examples.dtypes).all()
    assert not table.drop(columns="empty").isna().any().any()
    model.save(tmp_path / "m.keras")
    data.test.examples.to_pickle(tmp_path / "rows.pkl")
    run_python(RELOAD, *(tmp_path / name for name in ("m.keras", "rows.pkl", "codes.npy", "table.pkl")))
    np.testing.assert_array_equal(np.load(tmp_path / "codes.npy"), codes)
    pd.testing.assert_frame_equal(pd.read_pickle(tmp_path / "table.pkl"), table)


PLAIN = """
import sys, numpy as np, keras, tensorflow as tf
encoder, decoder = (keras.saving.load_model(path) for path in sys.argv[1:3])
rows = np.load(sys.argv[3], allow_pickle=True).item()
rows = {name: tf.constant(value) for name, value in rows.items()}
codes = encoder(rows)
np.save(sys.argv[4], codes)
assert "kerasae" not in sys.modules
print({name: value.dtype.name for name, value in decoder(codes).items()})
"""


@pytest.mark.parametrize("frequencies", [0, 3])
def test_plain_parts_load_without_kerasae(frequencies, tmp_path, run_python):
    model, data = table_model("variational", rows(), network={"frequencies": frequencies})
    model.plain_encoder().save(tmp_path / "e.keras")
    model.plain_decoder().save(tmp_path / "d.keras")
    np.save(tmp_path / "rows.npy", model.preprocessor.tensors(data.test.examples), allow_pickle=True)
    out = run_python(PLAIN, *(tmp_path / name for name in ("e.keras", "d.keras", "rows.npy", "codes.npy")))
    np.testing.assert_allclose(
        np.load(tmp_path / "codes.npy"), model.transform(data.test.examples), atol=1e-6
    )
    assert "'category': 'string'" in out


def test_a_row_is_embedded_as_numbers_vectors_and_marks():
    layer = ColumnEmbedding([0, 3])
    found = layer(np.array([[1.5, 2], [np.nan, np.nan]], "float32"))
    (table,) = layer.get_weights()
    np.testing.assert_allclose(found, [[1.5, *table[2], 0, 0], [0, *table[3], 1, 1]])


def test_what_stands_in_for_a_missing_entry_has_no_mark():
    layer = ColumnEmbedding([0, 3, 0], stand_ins=[0.4, 1.0, None])
    gap = np.full((1, 3), np.nan, "float32")
    found = layer(gap)
    (table,) = layer.get_weights()
    np.testing.assert_allclose(found, [[0.4, 0, *table[1], 0, 0, 1]])
    again = ColumnEmbedding.from_config(layer.get_config())
    again.build((None, 3))
    again.set_weights([table])
    np.testing.assert_array_equal(again(gap), found)
    layer.mark_all()
    np.testing.assert_allclose(layer(gap), [[0, 0, *table[3], 1, 1, 1]])


def test_frequencies_are_those_of_numbers_alone():
    """Not of the vectors of categories, nor of the marks: neither has a scale."""
    plain, waved = (
        table_model("undercomplete", rows(), network={"frequencies": count})[0].encoder for count in (0, 3)
    )
    before, after = (
        next(layer for layer in encoder.layers if hasattr(layer, "kernel")).kernel.shape[0]
        for encoder in (plain, waved)
    )
    numbers = sum(column.kind != "category" for column in from_frame(rows()).spec.features)
    assert after - before == 2 * 3 * numbers


_MASKING = {"model": {"corruption": {"name": "masking", "level": 0.1}}}


@pytest.mark.parametrize(("share", "sections"), [(0.3, {}), (0, _MASKING), (0, {})])
def test_a_missing_entry_is_not_the_mean_where_a_training_has_some(tmp_path, share, sections):
    """It is marked: the code of a row differs whether an entry is missing or average.

    A mark that no training saw has the weights that it was drawn with: it disturbed all columns.
    """
    model, data = table_model("undercomplete", with_gaps(rows(), share), **sections)
    row = rows(1)
    usual = {
        "number": model.preprocessor.centers[0],
        "category": model.spec.features[-2].categories[0],
    }
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    for name, value in usual.items():
        gap, mean = (loaded.transform(row.assign(**{name: [entry]})) for entry in (None, value))
        assert (np.abs(gap - mean).max() > 1e-4) == bool(share or sections), name
        np.testing.assert_array_equal(gap, model.transform(row.assign(**{name: [None]})))
    lacking = row.assign(number=np.nan, category=None)
    plain = loaded.plain_encoder()(data.preprocessor.tensors(lacking))
    np.testing.assert_allclose(plain, loaded.transform(lacking), atol=1e-5)


def test_columns_that_were_complete_are_kept_with_the_spec():
    frame = rows()
    frame.loc[3, "number"] = np.nan
    spec = TablePreprocessing(from_frame(frame).spec).fit(frame).spec
    share = pytest.approx(frame["bit"].mean())
    assert [column.stand_in for column in spec.columns] == [None, 0, frame["flag"].mean(), share, 0, 0, 1, 1]
    assert Spec.from_dict(spec.to_dict()) == spec


def test_the_contraction_acts_behind_the_embedding():
    model, data = table_model("contractive", rows(), model={"weight": 1.0})
    x = tf.constant(data.x("test")[:16])
    split = model._embedding
    embedded = split.embed(x)
    with tf.GradientTape() as tape:
        tape.watch(embedded)
        codes = split.encode_from(embedded)
    jacobian = tape.batch_jacobian(codes, embedded)
    exact = float(tf.reduce_mean(tf.reduce_sum(tf.square(jacobian), axis=[1, 2])))
    np.testing.assert_allclose(codes, model.encode(x), atol=1e-6)
    logs = model.test_on_batch(np.array(x), return_dict=True)
    assert logs["contraction"] == pytest.approx(exact, rel=1e-4)
    assert exact > 0


def test_a_contraction_cannot_be_escaped_by_large_embeddings():
    model, _ = table_model("contractive", rows())
    embedding = next(layer for layer in model.encoder.layers if getattr(layer, "is_embedding", False))
    assert all(
        isinstance(table.constraint, keras.constraints.MaxNorm) for table in embedding.trainable_variables
    )
    assert all(v.constraint is not None for v in model.decoder.trainable_variables if len(v.shape) > 1)


@pytest.mark.parametrize("corruption", ["swap", "masking", "gaussian", "salt_and_pepper"])
def test_noise_leaves_codes_legal(corruption):
    model, data = table_model("denoising", rows(), model={"corruption": corruption, "level": 0.5})
    x = tf.constant(data.x("test"))
    noisy = model.corrupt(x, True, None, True).numpy()
    assert (noisy != x.numpy()).any()
    codes = [i for i, column in enumerate(data.spec.features) if column.kind not in ("number", "date")]
    found = noisy[:, codes]
    present = found[~np.isnan(found)]
    assert (present == np.round(present)).all()
    for i in codes:
        limit = max(data.spec.features[i].width, 2)
        assert np.nanmax(noisy[:, i]) < limit
    assert np.isnan(noisy).any() == (corruption == "masking")


def test_noise_for_numbers_needs_numbers():
    with pytest.raises(ValueError, match="needs columns of numbers"):
        table_model("denoising", rows()[["flag", "category"]], model={"corruption": "gaussian"})


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"network": {"name": "dense"}}, "'dense' needs arrays of numbers.* use --network table"),
        (
            {"loss": {"name": "squared_error"}},
            "The loss 'squared_error' is for examples of kind image or vector",
        ),
    ],
)
def test_what_has_no_meaning_for_a_table_says_so(sections, message):
    with pytest.raises(ValueError, match=message):
        table_model("undercomplete", rows(), **sections)


def test_streamed_training_is_repeatable(path):
    found = []
    for _ in range(2):
        recipe = Recipe.of(
            source=str(path), latent_dim=2, data={"stream": True, "labels": "label", "id": "key"}
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = recipe.load()
        found.append(train(recipe.build(data), data, epochs=3, batch_size=32).epochs)
    assert found[0] == found[1]


@pytest.mark.parametrize("block", [256, 16])
def test_a_streamed_epoch_has_each_row_once(path, monkeypatch, block):
    monkeypatch.setattr("kerasae.data.tables._stored_x._BLOCK", block)
    monkeypatch.setattr("kerasae.data.tables._stored_x._MIXED", 3)
    data = load_data(path, stream=True, id="key", labels="label")
    with pytest.warns(UserWarning, match="empty"):
        data = data.with_preprocessor(TablePreprocessing(data.spec))
    batches, steps, _ = data.training_batches(8, seed=1)
    epoch = np.concatenate(list(batches.take(steps).as_numpy_iterator()))
    again = data.training_batches(8, seed=1, first_epoch=1)[0]
    both = np.concatenate(list(batches.take(2 * steps).as_numpy_iterator()))
    np.testing.assert_array_equal(
        np.concatenate(list(again.take(steps).as_numpy_iterator())), both[len(epoch) :]
    )
    rows_of = lambda x: sorted(map(str, np.nan_to_num(x, nan=-99).tolist()))  # noqa: E731
    assert len(epoch) == len(data.train)
    assert rows_of(epoch) == rows_of(data.x("train"))
    assert not np.array_equal(epoch, both[len(epoch) :], equal_nan=True)


# Baselines -------------------------------------------------------------------------------------------


def test_an_interrupt_leaves_no_part_of_the_rows_that_a_network_sees(path, monkeypatch):
    data = load_data(path, stream=True)
    seen = data.with_preprocessor(TablePreprocessing(data.spec))
    layer, chunks = seen.preprocessor, type(seen.train).chunks

    def stop(*arguments):
        yield next(chunks(*arguments)).iloc[:5]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(type(seen.train), "chunks", stop)
        seen.train.in_order(layer)
    (batch,) = seen.train.in_order(layer)
    np.testing.assert_array_equal(batch, seen.x("train"))


def test_the_mean_of_a_table_is_that_of_what_is_there():
    frame = pd.DataFrame({"a": [1.0, np.nan, 3.0, 8.0] * 5, "b": [True, False, False, None] * 5})
    data = from_frame(frame.astype({"b": "boolean"}))
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    x = np.concatenate([data.x("train"), data.x("validation")])
    codec = TablePCA(2, indicators=True).fit(data)
    np.testing.assert_allclose(codec.decode(np.zeros((1, 2)))[0, 0], np.nanmean(x[:, 0]), atol=1e-6)
    np.testing.assert_allclose(codec._mean, np.nanmean(x, axis=0), atol=1e-6)


def test_pca_of_complete_numbers_is_pca():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 3)) @ rng.normal(size=(3, 6)), columns=list("abcdef"))
    frame += rng.normal(size=frame.shape) / 5
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    found = evaluate(TablePCA(2, indicators=False).fit(data), data)
    exact = decomposition.PCA(2).fit(np.concatenate([data.x("train"), data.x("validation")]))
    x = data.x("test")
    expected = np.mean((x - exact.inverse_transform(exact.transform(x))) ** 2)
    assert found["error"] == pytest.approx(expected, rel=1e-4)
    assert found["wrong"] is None


@pytest.fixture
def gaps(path):
    data = load_data(path, labels="label", id="key", drop=["empty"])
    return data.with_preprocessor(TablePreprocessing(data.spec))


class Nothing:
    """A codec that answers with 0 everywhere."""

    latent_dim = 1

    def __init__(self, columns):
        self.columns = columns

    def transform(self, raw):
        return np.zeros((len(raw), 1), "float32")

    def decode(self, codes):
        return np.zeros((len(codes), self.columns), "float32")


def test_figures_are_means_over_the_entries_that_are_there(gaps):
    test = gaps.test.examples.copy()
    test["category"] = test["category"].mask(test["category"] == "low", "never seen")
    data = dataclasses.replace(gaps, test=Split(test))
    x = data.x("test")
    found = evaluate(Nothing(x.shape[1]), data)
    codes = np.array([column.kind not in ("number", "date") for column in data.spec.features])
    categories = np.array([column.kind == "category" for column in data.spec.features])
    wrong = np.where(np.isnan(x), np.nan, (x != 0) | categories)
    assert (x[:, categories] == 0).any()
    assert found["error"] == pytest.approx(np.nanmean(np.square(x[:, ~codes])), rel=1e-5)
    assert found["wrong"] == pytest.approx(np.nanmean(wrong[:, codes]))


@pytest.mark.parametrize("indicators", [False, True])
def test_pca_answers_an_empty_row_with_the_means_of_what_is_there(gaps, indicators):
    pca = TablePCA(3, indicators=indicators).fit(gaps)
    x = np.concatenate([gaps.x("train"), gaps.x("validation")])
    numbers = [i for i, column in enumerate(gaps.spec.features) if column.kind in ("number", "date")]
    empty = gaps.test.examples.iloc[:1].map(lambda value: None)
    found = pca.decode(pca.transform(empty))
    np.testing.assert_allclose(found[0, numbers], np.nanmean(x, axis=0)[numbers], atol=1e-6)


@pytest.mark.parametrize("indicators", [False, True])
def test_no_baseline_sees_the_test_rows(gaps, indicators):
    other = dataclasses.replace(gaps, test=gaps.test.rows(slice(5)))
    one, two = (
        TablePCA(2, indicators=indicators).fit(d).transform(gaps.test.examples) for d in (gaps, other)
    )
    np.testing.assert_array_equal(one, two)


def test_categories_are_answered_with_the_mode():
    frame = pd.DataFrame({"c": ["a"] * 70 + ["b"] * 30, "n": np.arange(100.0)}).sample(frac=1, random_state=0)
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    found = evaluate(TablePCA(1, indicators=False).fit(data), data)
    assert found["wrong"] == pytest.approx((data.test.examples["c"] == "b").mean())
    assert found["by_column"]["c"] == found["wrong"]


def test_indicators_help_pca_where_categories_say_more():
    data = from_frame(rows()[["category", "flag", "number"]])
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    plain, indicators = (
        evaluate(TablePCA(2, indicators=one).fit(data), data)["wrong"] for one in (False, True)
    )
    assert indicators < plain


def test_a_table_without_numbers_has_a_baseline_too():
    data = from_frame(rows()[["category", "flag"]])
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    found = evaluate(TablePCA(3, indicators=False).fit(data), data)
    assert found["error"] is None
    assert 0 < found["wrong"] < 1


# Wide tables -----------------------------------------------------------------------------------------


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


def test_plain_numbers_go_at_once_whatever_stands_beside_them(monkeypatch):
    frame = rows(30)[["number", "integer", "flag", "day"]].assign(endless=np.inf, late=1.5)
    columns = from_frame(frame).spec.columns
    alone = []

    def noted(series, column):
        alone.append(column.name)
        return column_values(series, column)

    monkeypatch.setattr("kerasae.preprocessing.table._numbers.column_values", noted)
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
