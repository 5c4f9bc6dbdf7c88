"""Rows of a file: ragged ones are named by their line, blocks change nothing."""

import csv

import numpy as np
import pandas as pd
import pytest

from kerasae import load_data
from kerasae.data import has_label
from kerasae.data._drawing import SPLITS, draw_splits
from kerasae.data._files.delimiter import _DELIMITERS
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing

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
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_rows_without_ids_are_numbered_as_in_the_file(tmp_path, monkeypatch, stream, suffix):
    monkeypatch.setattr("kerasae.data._files.csv_file.BLOCK", 256)
    rows = 400 if suffix == "csv" else 20_000
    frame = pd.DataFrame({"n": np.arange(rows) + 0.5, "k": range(rows)})
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    data = load_data(path, stream=stream)
    for name in SPLITS:
        examples = data.split(name).examples
        assert examples.index.tolist() == examples["k"].tolist()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("block", [1 << 20, 32])
def test_rows_that_are_left_out_keep_their_numbers(tmp_path, monkeypatch, stream, block):
    monkeypatch.setattr("kerasae.data._files.csv_file.BLOCK", block)
    lines = [b"name,n", *(f"row {i},{i}".encode() for i in range(40))]
    lines[1:3] = b"ragged", "caf\u00e9,3".encode("latin-1")
    lines[7] = "caf\u00e9,3".encode("latin-1")
    lines[19:21] = b"ragged", b"ragged"
    (tmp_path / "t.csv").write_bytes(b"\n".join(lines))
    test = load_data(tmp_path / "t.csv", on_error="skip", stream=stream, test=1.0).test
    assert test.examples.index.tolist() == test.examples["n"].tolist()
    assert len(test) == 35


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


@pytest.mark.parametrize("other", ["-", "?", ".", "None"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_signs_and_none_are_labels(tmp_path, suffix, other):
    frame = pd.DataFrame({"n": np.arange(60) + 0.5, "label": ["+", other, "NA"] * 20})
    path = tmp_path / f"t.{suffix}"
    frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
    test = load_data(path, labels="label", test=1.0).test
    assert test.labels.tolist() == ["+", other, ""] * 20
    assert has_label(test.labels).tolist() == [True, True, False] * 20
    frame = frame.astype(object).where(frame != "NA", None)
    given = from_frame(frame, labels="label")
    kinds = np.concatenate([part.labels[has_label(part.labels)] for part in map(given.split, SPLITS)])
    assert sorted(kinds) == sorted(["+", other] * 20)


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
