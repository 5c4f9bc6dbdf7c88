"""Sheets of Excel files: their rows are those of a CSV with the same cells."""

import datetime

import numpy as np
import pandas as pd
import pytest
from small_logs import sines
from table_rows import plain_rows, same_rows

from kerasae import load_data
from kerasae.data import read_examples

openpyxl = pytest.importorskip("openpyxl", reason="pip install openpyxl")


def book(path, **sheets):
    """Write an Excel file with rows of cells by the name of the sheet."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append([None if cell != cell else cell for cell in row])
    workbook.save(path)
    return path


def cells(frame):
    return [[*frame.columns], *(row.tolist() for row in frame.astype(object).to_numpy())]


def test_rows_of_a_sheet_are_those_of_the_csv(tmp_path):
    frame = plain_rows()
    frame.to_csv(tmp_path / "rows.csv", index=False)
    dated = frame.assign(day=[datetime.datetime.fromisoformat(day) for day in frame["day"]])
    path = book(tmp_path / "rows.xlsx", Rows=cells(dated))
    same_rows(load_data(path, labels="odd"), load_data(tmp_path / "rows.csv", labels="odd"))


def test_a_log_in_a_sheet_is_that_of_the_csv(tmp_path):
    frame = sines(200)
    frame.to_csv(tmp_path / "log.csv", index=False)
    stamped = frame.assign(time=[moment.to_pydatetime() for moment in frame["time"]])
    path = book(tmp_path / "log.xlsx", Log=cells(stamped))
    arguments = {"time": "time", "window": 10}
    there, here = load_data(path, **arguments), load_data(tmp_path / "log.csv", **arguments)
    for split in here.rows:
        np.testing.assert_allclose(there.split(split).examples, here.split(split).examples, rtol=1e-6)


def test_texts_are_a_column_of_a_sheet(tmp_path):
    path = book(tmp_path / "t.xlsx", A=[["note"], *([f"a\nb {number}"] for number in range(9))])
    assert "a\nb 3" in {*load_data(path, column="note", test=1.0).test.examples}


def test_a_sheet_is_chosen_by_its_name(tmp_path):
    frame = plain_rows(20)
    path = book(
        tmp_path / "rows.xlsx", First=[["a", "b"], *([1.5 * n, n] for n in range(20))], Other=cells(frame)
    )
    assert len(load_data(path, sheet="Other").spec.columns) == 7
    with pytest.warns(UserWarning, match=r"has 2 sheets, and 'First' is read; --set data\.sheet=NAME"):
        data = load_data(path)
    assert [column.name for column in data.spec.columns] == ["a", "b"]
    with pytest.raises(ValueError, match=r"No sheet 'Othr' in .*; did you mean 'Other'\?"):
        load_data(path, sheet="Othr")
    section = {"name": "tables", "path": str(path), "sheet": "Other"}
    _, again = read_examples(str(path), section, load_data(path, sheet="Other").spec)
    assert [*again.examples["count"]] == [*frame["count"]]


def test_lines_above_the_table_and_empty_rows_are_left_out(tmp_path):
    rows = [
        ["Report of May"],
        [],
        ["a", "b"],
        *([n, 2.5 * n] for n in range(9)),
        [None, None],
        [9, 22.5],
        [None],
    ]
    data = load_data(book(tmp_path / "t.xlsx", May=rows), skip=2, test=1.0)
    assert [*data.test.examples["a"]] == [*range(10)]


def test_a_damaged_file_is_one_line(tmp_path):
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"PK no zip")
    with pytest.raises(ValueError, match=r"^Expected an Excel file in .*t\.xlsx, received: "):
        load_data(path)
    path = book(tmp_path / "empty.xlsx", A=[])
    with pytest.raises(ValueError, match=r"^Expected rows in .*empty\.xlsx, received an empty file"):
        load_data(path)


def test_a_date_with_a_time_of_day_keeps_it(tmp_path):
    moments = [datetime.datetime(2026, 1, 1) + datetime.timedelta(hours=6 * n) for n in range(12)]
    data = load_data(
        book(tmp_path / "t.xlsx", A=[["at", "v"], *zip(moments, range(12), strict=True)]), test=1.0
    )
    assert [*pd.to_datetime(data.test.examples["at"])] == moments
