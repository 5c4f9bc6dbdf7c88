"""Dates, and a few odd entries among many numbers or dates."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from table_rows import rows

from kerasae import load_data
from kerasae.data._drawing import SPLITS
from kerasae.data.tables import tables_like


def test_dates_that_could_be_either_are_named_and_can_be_said(tmp_path):
    days = pd.date_range("2020-01-01", periods=9, freq="MS")
    pd.DataFrame({"d": days.strftime("%d/%m/%Y"), "n": 0.5}).to_csv(tmp_path / "t.csv", index=False)
    with pytest.warns(UserWarning, match="could be month/day or day/month.*dayfirst=true"):
        load_data(tmp_path / "t.csv")
    data = load_data(tmp_path / "t.csv", dayfirst=True)
    assert (data.train.examples["d"].dt.day == 1).all()


@pytest.mark.parametrize(("form", "order"), [("%d/%m/%Y", True), ("%m-%d-%Y", False)])
def test_dates_of_another_column_decide_which_is_the_day(tmp_path, recwarn, form, order):
    frame = pd.DataFrame({"open": [f"{i % 9 + 1:02}/{i % 7 + 1:02}/2020" for i in range(60)]})
    frame["sure"] = pd.date_range("2020-01-01", periods=60).strftime(form)
    frame.to_csv(tmp_path / "t.csv", index=False)
    dates = load_data(tmp_path / "t.csv", test=1.0).test.examples["open"]
    assert (dates.dt.day if order else dates.dt.month).tolist() == [i % 9 + 1 for i in range(60)]
    assert not [one for one in recwarn if "could be month/day" in str(one.message)]
    # Columns that contradict each other decide nothing.
    frame["other"] = pd.date_range("2020-01-01", periods=60).strftime("%m/%d/%Y" if order else "%d/%m/%Y")
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.warns(UserWarning, match="Dates of column 'open' could be month/day"):
        load_data(tmp_path / "t.csv", test=1.0)


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
