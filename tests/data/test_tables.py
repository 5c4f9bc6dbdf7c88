"""Files of tables: every type of column, missing entries anywhere, and what is refused."""

import csv
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from table_rows import KINDS, rows, write_rows

from kerasae import load_data
from kerasae.data._drawing import SPLITS, draw_splits
from kerasae.data._files.delimiter import _DELIMITERS
from kerasae.data._labels import tidy_labels
from kerasae.data._split import drawn_rows
from kerasae.data.tables import from_frame, tables_like
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
    ("entry", "odd", "dtype", "value"),
    [
        (str, "12%", "Int64", 3.0),
        (str, "n/k", "Int64", 3.0),
        (lambda i: f"{i}%", "12", "Int64", 3.0),
        (lambda i: f"-${i + 1:,}.50", "USD 7", "float64", -4.5),
    ],
)
def test_a_few_odd_entries_do_not_make_categories_of_many_numbers(tmp_path, entry, odd, dtype, value):
    cells = [odd if i in (7, 150) else entry(i) for i in range(300)]
    (tmp_path / "t.csv").write_text("a;b\n" + "".join(f"{cell};1\n" for cell in cells))
    with pytest.warns(UserWarning, match=f"'a' is read as numbers, .* such as '{re.escape(odd)}'"):
        data = load_data(tmp_path / "t.csv", test=1.0, decimal=".")
    column = data.spec.columns[0]
    read = data.test.examples["a"]
    assert column.kind == "number" and read.dtype == dtype
    assert read[3] == value and [*np.flatnonzero(read.isna())] == [7, 150]
    assert column.notation.format(read[:1])[0] == entry(0)
    # A new file is read by the notation, and a few entries that are written otherwise count as missing.
    with pytest.warns(UserWarning, match=r"missing, by column: 'a' \(2\)"):
        again = tables_like(data.spec.columns, path=str(tmp_path / "t.csv"), test=1.0).test.examples["a"]
    pd.testing.assert_series_equal(again, read)
    as_words = load_data(tmp_path / "t.csv", types={"a": "category"})
    assert as_words.spec.columns[0].kind == "category"


def _day(i):
    return f"{pd.Timestamp('2024-01-01') + pd.Timedelta(days=i):%d/%m/%Y}"


@pytest.mark.parametrize("odd", ["31/02/2024", "Harbour", "2024"])
def test_a_few_odd_entries_do_not_make_categories_of_many_dates(tmp_path, odd):
    cells = [odd if i in (7, 150) else _day(i) for i in range(300)]
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    with pytest.warns(UserWarning, match="'a' is read as dates, and the few entries"):
        data = load_data(tmp_path / "t.csv", test=1.0)
    column, read = data.spec.columns[0], data.test.examples["a"]
    assert column.kind == "date" and [*np.flatnonzero(read.isna())] == [7, 150]
    assert [*column.notation.format(read[:2])] == [_day(0), _day(1)]
    with pytest.warns(UserWarning, match=r"missing, by column: 'a' \(2\)"):
        again = tables_like(data.spec.columns, path=str(tmp_path / "t.csv"), test=1.0).test.examples["a"]
    pd.testing.assert_series_equal(again, read)


@pytest.mark.parametrize(
    "cells",
    [
        ["oops" if i % 90 == 0 else _day(i) for i in range(300)],
        # More than a hundredth, few different ones, and codes.
        ["oops" if i % 90 == 0 else str(i) for i in range(300)],
        ["X" if i == 7 else str(i % 5) for i in range(300)],
        ["12B" if i == 7 else f"{i:05}" for i in range(300)],
    ],
)
def test_other_columns_with_odd_entries_stay_categories(tmp_path, cells):
    (tmp_path / "t.csv").write_text("a,b\n" + "".join(f"{cell},1\n" for cell in cells))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
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
