"""Lines of CSV and JSON as rows: quotes, stamps of a clock that is not set, numbers that JSON may hold."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import MANY
from kerasae.export.feeds._moments import Moments
from kerasae.export.feeds._reading import numbers
from kerasae.export.feeds.array import ArrayFeed
from kerasae.export.feeds.table import TableFeed
from kerasae.export.scoring._records import CsvRecords

from kerasae.spec import Column, Spec


class Columns:
    """Feed of three columns, of which all are read."""

    known = ("id", "note", "x")

    def columns(self, names):
        return [name for name in self.known if name in names]


def rows_of(lines):
    records = CsvRecords(Columns())
    read = [*records.read(["id,note,x", *lines]), *records.end()]
    return [row for _, row in read], [number for number, _ in read]


def test_inches_amid_a_cell_are_no_quotes():
    """An odd number of such marks once joined rows, and lost all but the first."""
    rows, lines = rows_of(['a,5" pipe,1', "b,fine,2", 'c,6" pipe,3', 'd,"4"" and 5""",4'])
    assert rows == [["a", '5" pipe', "1"], ["b", "fine", "2"], ["c", '6" pipe', "3"], ["d", '4" and 5"', "4"]]
    assert lines == [2, 3, 4, 5]


CELLS = st.text(st.sampled_from('a5" ,;\n'), max_size=6)


@MANY
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_what_a_writer_of_csv_wrote_is_read(written):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(written)
    rows, _ = rows_of(text.getvalue().removesuffix("\n").split("\n"))
    assert rows == [[*row] for row in written if any(row)] or rows == [[*row] for row in written]


RAW = st.text(st.sampled_from('a5" '), max_size=6).filter(lambda cell: not cell.startswith('"'))


@MANY
@given(st.lists(st.tuples(RAW, RAW, RAW), min_size=1, max_size=6))
def test_cells_that_do_not_begin_with_a_quote_are_read_as_they_are(written):
    rows, _ = rows_of([",".join(row) for row in written])
    assert rows == [[*row] for row in written]


def test_a_cell_may_be_as_long_as_in_the_training():
    rows, _ = rows_of([f"a,{'b' * 200_000},1"])
    assert len(rows[0][1]) == 200_000


def test_a_clock_that_was_not_set_is_followed_by_the_time():
    read = Moments([Column("t", "number", "int64")])
    assert read([[0]]) == [0]
    # Milliseconds, which in seconds would be far beyond the year 2262.
    assert read([[1_700_000_000_000, 1_700_000_000_250]]) == [
        1_700_000_000_000_000_000,
        1_700_000_000_250_000_000,
    ]
    with pytest.raises(ValueError, match="Expected a time since 1970 in 't', received 1e"):
        read([[1e40]])


def test_numbers_that_no_float_holds_are_no_readings():
    column = Column("flow", "number", "float64")
    assert np.isnan(numbers([10**400, -(10**400)], column)).all()
    assert numbers([2, True], column) == [2.0, 1.0]
    feed = ArrayFeed(Spec("vector", (2,), "float32"), "float32")
    with pytest.raises(ValueError, match="Expected lists of numbers"):
        feed.of_values([[10**400, 1]])


def test_what_is_told_is_json():
    feed = ArrayFeed(Spec("vector", (2,), "float32"), "float32")
    told = [feed.raw_value(0, float(text)) for text in ("inf", "-inf", "nan", "0.1")]
    assert told == [None, None, None, 0.1]
    json.dumps(told, allow_nan=False)
    column = Column("n", "number", "int64")
    table = TableFeed(Spec("table", (1,), "mixed", columns=(column,)), [0.0])
    assert [table.raw_value(0, float(text)) for text in ("inf", "nan", "3")] == [None, None, 3]
    truth = ArrayFeed(Spec("vector", (2,), "bool"), "float32")
    assert truth.entry(np.array([[True, False]]), 0, 0) is True


@pytest.mark.parametrize(
    ("known", "sent"), [(("1.0", "2.0"), [2.0, 2, "2", "2.0"]), (("1", "2"), [2.0, 2, "2"])]
)
def test_a_number_of_json_is_the_category_that_it_was_in_training(known, sent):
    column = Column("grade", "category", "str", known)
    feed = TableFeed(Spec("table", (1,), "mixed", columns=(column,)), [0.0])
    raw = feed.of_values([{"grade": value} for value in [*sent, None, 7]])
    x = feed(raw)["x"][:, 0]
    assert (x[: len(sent)] == 2).all() and np.isnan(x[-2]) and x[-1] == 0
