"""Notations of a column: read, and given back as they were."""

import re

import pandas as pd
import pytest
from notated import found, read_and_written

from kerasae.spec import Column

NUMBERS = {
    "currency": (["$1,234.50", "$5.00", "-$3.25"], [1234.5, 5.0, -3.25]),
    "currency with letters": (["US$5", "-US$1,000"], [5, -1000]),
    "code of a currency": (["5.10 EUR", "1,000.20 EUR"], [5.1, 1000.2]),
    "percent": (["8.90%", "12.00%"], [8.9, 12.0]),
    "brackets": (["(1,234)", "5,678"], [-1234, 5678]),
    "brackets and a currency": (["$(5)", "$1,000"], [-5, 1000]),
    "spaces": (["1 234", "56", "12 345"], [1234, 56, 12345]),
    "no-break spaces": (["1\u00a0234,5", "56,2"], [1234.5, 56.2]),
    "narrow spaces": (["1\u202f234", "56"], [1234, 56]),
    "german": (["1.234,50", "7,00"], [1234.5, 7.0]),
    "swiss": (["1'234", "5"], [1234, 5]),
    "true minus": (["\u22125", "3"], [-5, 3]),
    "minus behind": (["5-", "6"], [-5, 6]),
    "months": (["36 months", "60 months"], [36, 60]),
    "kilograms": (["12 kg", "-3 kg"], [12, -3]),
    "speed": (["12.5 km/h", "3 km/h"], [12.5, 3.0]),
    "degrees": (["21.5\u00b0C", "-3.0\u00b0C"], [21.5, -3.0]),
    "exponents": (["1,5E+03", "-2,25E-01", "0E+00"], [1500.0, -0.225, 0.0]),
    "short exponents": (["1,5e3", "2,0e-12", "3,0e100"], [1500.0, 2e-12, 3e100]),
    "small exponents": (["1,50E-05", "2,25E-12"], [1.5e-5, 2.25e-12]),
    "exponents and a currency": (["$1.5e+03", "-$2.0e+00"], [1500.0, -2.0]),
    "exponents and a unit": (["1.234E+03 kg", "1E+03 kg"], [1234.0, 1000.0]),
}


TIMES = {
    "seconds": (["18:00:00", "05:12:13"], [64800, 18733]),
    "no seconds": (["8:05", "18:00"], [29100, 64800]),
    "halves": (["6:00 PM", "12:30 AM"], [64800, 1800]),
    "decimals of a second": (["18:00:00.125", "05:12:13.500"], [64800.125, 18733.5]),
    "small halves": (["06:00pm", "11:00am"], [64800, 39600]),
}


@pytest.mark.parametrize("comma", [True, False])
@pytest.mark.parametrize(("entries", "values"), [*NUMBERS.values(), *TIMES.values()], ids=[*NUMBERS, *TIMES])
def test_numbers_in_clothes_are_read_and_given_back_as_they_were(entries, values, comma):
    column = found(entries, comma)
    assert column.kind == "number"
    assert column.dtype == ("int64" if all(isinstance(one, int) for one in values) else "float64")
    assert read_and_written(column, entries) == (values, entries)
    # Also once the column has been stored.
    assert Column.from_dict(column.to_dict()) == column


@pytest.mark.parametrize(
    ("entries", "values"),
    [
        (["24/02/2024", "05/01/2024"], ["2024-02-24", "2024-01-05"]),
        (["2/24/2024", "1/5/2024"], ["2024-02-24", "2024-01-05"]),
        (["24.2.2024 7:05", "1.12.2024 17:05"], ["2024-02-24 07:05", "2024-12-01 17:05"]),
        (["12/31/24 1:05 pm", "1/1/24 12:05 am"], ["2024-12-31 13:05", "2024-01-01 00:05"]),
        (["24-FEB-2024", "01-MAR-2024"], ["2024-02-24", "2024-03-01"]),
        (["2024-02-24T18:00:00Z", "2024-03-01T00:00:00Z"], ["2024-02-24 18:00", "2024-03-01"]),
        (["2024-02-24T18:00:00+01:00"] * 2, ["2024-02-24 17:00"] * 2),
        (
            ["2024-02-24 18:00:00.125", "2024-02-24 18:00:01.250"],
            ["2024-02-24 18:00:00.125", "2024-02-24 18:00:01.25"],
        ),
        (
            ["2024-03-01 10:00 Europe/Berlin", "2024-07-01 10:00 Europe/Berlin"],
            ["2024-03-01 09:00", "2024-07-01 08:00"],
        ),
        (["13/02/2024 10:00 CET", "13/07/2024 10:00 CEST"], ["2024-02-13 09:00", "2024-07-13 08:00"]),
        (["2024-03-01 10:00 EST", "2024-01-01 10:00 EST"], ["2024-03-01 15:00", "2024-01-01 15:00"]),
        (["Sat, 24 Feb 2024 10:00:00 GMT"] * 2, ["2024-02-24 10:00"] * 2),
        (["Jan 2024", "Dec 1999"], ["2024-01-01", "1999-12-01"]),
        (["January 2024", "December 1999"], ["2024-01-01", "1999-12-01"]),
        (["Jan-24", "Dec-99"], ["2024-01-01", "1999-12-01"]),
        (["JAN-2024", "DEC-1999"], ["2024-01-01", "1999-12-01"]),
        (["2024-01", "1999-12"], ["2024-01-01", "1999-12-01"]),
        (["2024/01", "1999/12"], ["2024-01-01", "1999-12-01"]),
        (["01/2024", "12/1999"], ["2024-01-01", "1999-12-01"]),
        (["1/2024", "12/1999"], ["2024-01-01", "1999-12-01"]),
        (["01-2024", "12-1999"], ["2024-01-01", "1999-12-01"]),
        (["01.2024", "12.1999"], ["2024-01-01", "1999-12-01"]),
        (["2024M01", "1999M12"], ["2024-01-01", "1999-12-01"]),
        (["2024 Q1", "1999 Q4"], ["2024-01-01", "1999-10-01"]),
        (["2024-Q2", "1999-Q3"], ["2024-04-01", "1999-07-01"]),
        (["2024q1", "1999q4"], ["2024-01-01", "1999-10-01"]),
        (["Q12024", "Q41999"], ["2024-01-01", "1999-10-01"]),
        (["Q1/2024", "Q4/1999"], ["2024-01-01", "1999-10-01"]),
        (["1Q24", "4Q99"], ["2024-01-01", "1999-10-01"]),
        (["2024-W05", "2020-W53"], ["2024-01-29", "2020-12-28"]),
    ],
)
def test_dates_are_read_and_given_back_as_they_were(entries, values):
    column = found(entries)
    assert column.kind == "date"
    assert read_and_written(column, entries) == ([pd.Timestamp(one) for one in values], entries)
    assert Column.from_dict(column.to_dict()) == column


def test_a_column_called_one_of_dates_is_read_by_the_formats_of_its_looks(monkeypatch):
    """Pandas takes seconds to refuse each of 10,000 entries for each of 100 formats."""
    read, given = [], pd.to_datetime

    def noted(entries, **arguments):
        read.append(len(entries))
        return given(entries, **arguments)

    monkeypatch.setattr("kerasae.notations._moments.pd.to_datetime", noted)
    entries = ["24.12.2023", "n.v.", "24.1.2024", "24 Dec 2023"] * 20
    assert found(entries, kind="date").notation.pattern == "%d.%m.%Y"
    assert sum(read) < 10 * len(entries)


def test_dates_are_written_as_most_entries_are():
    entries = ["01/02/2024", "13/02/2024", "7/3/2024"]
    for more, written in (["02/02/2024"], "07/03/2024"), (["8/3/2024", "9/3/2024"], "7/3/2024"):
        column = found(entries + more)
        assert read_and_written(column, ["7/3/2024"])[1] == [written]


@pytest.mark.parametrize(
    ("entries", "made", "written"),
    [
        (["Jan 2024", "Dec 1999"], ["2024-01-31 13:00", "2024-02-12"], ["Feb 2024", "Feb 2024"]),
        (["2024 Q1", "1999 Q4"], ["2024-03-31", "2024-02-01"], ["2024 Q2", "2024 Q1"]),
        (["2024-W05", "2020-W53"], ["2024-02-04 20:00", "1969-12-31 23:00"], ["2024-W06", "1970-W01"]),
    ],
)
def test_a_made_moment_is_written_as_the_nearest_month_quarter_or_week(entries, made, written):
    date = found(entries).notation
    assert [*date.format(pd.Series([*map(pd.Timestamp, made), pd.NaT]))] == [*written, None]
    assert date.words().endswith((", a month", ", a quarter", ", a week"))


@pytest.mark.parametrize("words", [("Yes", "No"), ("y", "n"), ("TRUE", "FALSE"), ("T", "F")])
def test_words_are_booleans_with_gaps_and_given_back(words):
    column = found([*words, "", "NA", words[0]])
    assert (column.kind, column.dtype) == ("boolean", "boolean")
    values, written = read_and_written(column, [*words, ""])
    assert values[:2] == [True, False]
    assert written == [*words, None]


@pytest.mark.parametrize(
    "entries",
    [
        ["007", "012"],
        ["Q1", "Q2"],
        ["user 12", "user 3"],
        ["10.0.0.1", "1.2.3.4"],
        ["12 34", "1 2345"],
        ["F", "F"],
        ["10-20", "20-30"],
        ["25:00", "10:61"],
        ["2024-03-01 10:00 XYZ"],
        ["1A", "2A"],
        *(["1/1000", "1/4000"], ["13/2024", "12/2024"], ["01.0815", "02.4711"]),
        *(["2024 Q5", "2024 Q1"], ["2024 04", "2024 Q1"], ["Q1", "Q4"], ["2024-W54", "2024-W01"]),
        ["5 x 3", "2 x 1"],
    ],
)
def test_what_only_looks_like_a_number_is_a_category(entries):
    column = found(entries)
    assert (column.kind, column.dtype) == ("category", "str")


@pytest.mark.parametrize(
    ("entries", "values", "written"),
    [
        (["1,5E-05", "12,5"], [1.5e-5, 12.5], ["0,000015", "12,5"]),
        (["12,5E+03", "1,5E+03"], [12500, 1500], ["12500", "1500"]),
        (["1,5E5", "2,5e5"], [150000, 250000], ["150000", "250000"]),
        (["1,5E\u221203"] * 2, [0.0015] * 2, ["1,5E-03"] * 2),
    ],
)
def test_exponents_that_are_not_written_alike_are_read(entries, values, written):
    column = found(entries, comma=False)
    assert (column.kind, column.dtype) == ("number", "float64")
    assert read_and_written(column, entries) == (values, written)


def test_a_number_without_a_digit_before_its_point_is_read_whatever_stands_around_the_others():
    entries = [".5", "-.25", "about 3"]
    assert read_and_written(found(entries, kind="number"), entries)[0] == [0.5, -0.25, 3]


# One mark for thousands or decimals ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "values"),
    [
        (["2,308", "257"], [2308, 257]),
        (["2,300", "5"], [2300, 5]),
        (["1,234,567", "1,000"], [1234567, 1000]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["1,500E+03", "2,308"], [1500, 2.308]),
        (["3,5", "2,308"], [3.5, 2.308]),
        (["1.234.567", "1.000"], [1234567, 1000]),
    ],
)
def test_a_column_has_one_reading_of_its_mark(entries, values):
    assert read_and_written(found(entries, comma=False), entries)[0] == values
    assert read_and_written(found(entries[::-1], comma=False), entries)[0] == values


@pytest.mark.parametrize(
    "entries",
    [
        *(["2,308", "4,211"], ["1,234", "1234"], ["1,234", "5"]),
        *(["2.308", "4.211"], ["1.234", "257"], ["\u20ac1.234", "\u20ac257"]),
    ],
)
def test_where_both_are_possible_the_option_is_named(entries):
    with pytest.raises(ValueError, match=rf"column 'c'.*'{re.escape(entries[0])}'.*--set data\.decimal="):
        found(entries, comma=False)
    # In a file parted at commas the mark of decimals is a point.
    value = float(entries[0].strip("\u20ac").replace(",", ""))
    assert read_and_written(found(entries), entries)[0][0] == value
