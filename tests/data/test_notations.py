"""Notations: what is read from strings, and that it is written as it was."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasae import notations
from kerasae.data import load_data
from kerasae.data.tables._columns.column_finder import ColumnFinder
from kerasae.data.tables._columns.column_reader import ColumnReader
from kerasae.notations import Boolean, Date, DateFinder, Number, Text, TimeOfDay, chunked
from kerasae.notations._date_formats import FORMATS, QUARTERS
from kerasae.spec import Column

UTC = datetime.UTC


def found(entries, comma=True, **arguments):
    finder = ColumnFinder("c", **arguments)
    finder.see(chunked(entries))
    finder.look(chunked(entries))
    return finder.found(finder.mark() or ("." if comma else ""))


def read_and_written(column, entries):
    values = ColumnReader(column).read(chunked(entries))
    return [*values], [*column.notation.format(values)]


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


# Parse and format are inverse ------------------------------------------------------------------------

affixes = st.sampled_from(
    [("", ""), ("$", ""), ("\u20ac ", ""), ("", "%"), ("", " kg"), ("", "\u00a0EUR"), ("CHF ", "")]
)
signs = st.sampled_from(["-{p}{}{s}", "{p}-{}{s}", "({p}{}{s})", "{p}({}){s}", "{p}{}{s}-", "\u2212{p}{}{s}"])


@st.composite
def numbers(draw):
    before, after = draw(affixes)
    decimal = draw(st.sampled_from([".", ","]))
    thousands = draw(
        st.sampled_from([one for one in ("", ",", ".", "'", " ", "\u00a0", "\u202f") if one != decimal])
    )
    places = draw(st.integers(0, 4))
    return Number(
        positive=f"{before}{{}}{after}",
        negative=draw(signs).replace("{p}", before).replace("{s}", after),
        thousands=thousands,
        decimal=decimal,
        places=places,
        fixed=places > 0 and draw(st.booleans()),
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(numbers(), st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6), st.randoms())
def test_a_number_that_is_written_is_read_again(number, digits, random):
    values = [one / 10**number.places if number.places else one for one in digits]
    texts = [*number.format(pd.Series(values))]
    again = number.parse(chunked(texts)).to_pandas()
    np.testing.assert_allclose(again, values, rtol=1e-12)
    assert [*number.format(again)] == texts
    # What is found from the strings alone reads and writes them alike, in any order of the rows.
    try:
        column = found(texts, comma=number.decimal == ".")
    except ValueError:
        return
    random.shuffle(texts)
    assert found(texts, comma=number.decimal == ".") == column
    if column.kind == "number":
        assert read_and_written(column, texts)[1] == texts or not column.notation.dressed


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.sampled_from(
        [
            Date(pattern="%d/%m/%Y"),
            Date(pattern="%m/%d/%Y %I:%M:%S %p", padded=False),
            Date(pattern="%d.%m.%y %H:%M:%S"),
            Date(pattern="%d-%b-%Y %H:%M:%S", case="upper"),
            Date(pattern="%B %d, %Y", padded=False),
            Date(pattern="%m/%Y", padded=False),
            Date(pattern="Q%q %y"),
            Date(pattern="%G-W%V"),
            Date(pattern="%Y-%m-%dT%H:%M:%S.%f", digits=3),
            Date(pattern="%Y-%m-%d %H:%M:%S+05:30", zone="+05:30"),
            Date(pattern="%Y-%m-%d %H:%M:%S %Z", zone="America/New_York"),
            Date(pattern="%d/%m/%Y %H:%M:%S Asia/Tokyo", zone="Asia/Tokyo"),
        ]
    ),
    st.lists(
        st.datetimes(datetime.datetime(1990, 1, 1), datetime.datetime(2060, 1, 1), timezones=st.just(UTC)),
        min_size=1,
        max_size=4,
    ),
)
def test_a_date_that_is_written_is_read_again(date, moments):
    texts = [*date.format(pd.Series(moments))]
    again = date.parse(chunked(texts)).to_pandas()
    assert [*date.format(again)] == texts
    if "%S" in date.pattern:
        assert (again.dt.tz_localize("UTC") - pd.Series(moments)).abs().max() <= pd.Timedelta("0.6s")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.builds(
        TimeOfDay, seconds=st.booleans(), padded=st.booleans(), halves=st.sampled_from([(), (" AM", " PM")])
    ),
    st.integers(0, 86399),
)
def test_a_time_that_is_written_is_read_again(time, second):
    texts = [*time.format(pd.Series([second]))]
    again = time.parse(chunked(texts)).to_pandas()
    assert [*time.format(again)] == texts
    assert abs(again[0] - second) <= (0 if time.seconds else 30) or second > 86370


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "1",
                    "0",
                    "2.5",
                    "1e5",
                    "1,5E+03",
                    "20240101",
                    "007",
                    "$5",
                    "1,234",
                    "2,308",
                    "2.308",
                    "12 kg",
                    "\u22125",
                    "(3)",
                    "8%",
                ),
                *(
                    "yes",
                    "no",
                    "true",
                    "2024-01-05",
                    "05/01/2024",
                    "13/01/2024",
                    "01/2024",
                    "2024-01",
                    "2024 Q1",
                    "8:05",
                    "x",
                    "unknown",
                    "?",
                    "",
                ),
            ]
        ),
        max_size=8,
    ),
    st.integers(0, 8),
    st.randoms(),
)
def test_kinds_never_depend_on_the_order_or_the_blocks(entries, cut, random):
    def kind(parts):
        finder = ColumnFinder("c")
        for part in parts:
            finder.see(chunked(part))
        for part in parts:
            finder.look(chunked(part))
        try:
            return finder.found(finder.mark())
        except ValueError:
            return "ambiguous"

    column = kind([entries])
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert kind([shuffled[:cut], shuffled[cut:]]) == column
    # Every entry of the training can be read.
    if column != "ambiguous":
        reader = ColumnReader(column)
        reader.read(chunked(entries))
        assert not reader.unread


def test_a_made_value_out_of_range_is_still_a_time():
    assert [*TimeOfDay().format(pd.Series([-40.0, 90000.0, 3.4]))] == ["00:00:00", "23:59:59", "00:00:03"]


@pytest.mark.parametrize(
    ("entries", "new", "value"),
    [
        (["1/5/2024 10:00 EST", "7/5/2024 10:00 EDT"], "1/5/2024 10:00 AKST", None),
        (["1/5/2024 10:00 EST", "7/5/2024 10:00 EDT"], "1/5/2024 10:00 CST", "2024-01-05 16:00"),
        (["2024-01-05T10:00:00+05:30"] * 2, "2024-01-05T10:00:00", None),
        (["2024-01-05T10:00:00+05:30"] * 2, "2024-01-05T10:00:00+01:00", "2024-01-05 09:00"),
        (["2024-01-05T10:00:00Z", "2024-01-05T10:00:00"], "2024-01-05T10:00:00", "2024-01-05 10:00"),
    ],
)
def test_a_new_date_of_another_zone_is_read_only_where_its_offset_is_known(entries, new, value):
    reader = ColumnReader(found(entries))
    moment = reader.read(chunked([new]))[0]
    assert pd.isna(moment) if value is None else moment == pd.Timestamp(value)
    # And is refused, as any date that is written otherwise than in the training.
    assert reader.contradiction() == ("" if value else new)


@pytest.mark.parametrize("zone", ["", "Europe/Berlin", "America/New_York"])
def test_a_made_value_beyond_the_year_9999_is_still_a_date(zone):
    ends = pd.Series(pd.array(["0001-01-01", "9999-12-31T23:59:59"], "datetime64[us]"))
    moved = ends + pd.Series(pd.array([-1, 1], "int64") * 86_400_000_000).astype("timedelta64[us]")
    date = Date(pattern="%Y-%m-%d" + f" {zone}" * bool(zone), zone=zone)
    made = date.format(moved)
    # To the day, as a zone is hours from UTC.
    first, last = (text.split()[0] for text in made)
    assert first in ("0001-01-01", "0001-01-02") and last in ("9999-12-30", "9999-12-31")


def test_a_negative_zero_is_written_as_zero():
    assert [*Number(positive="${}", negative="-${}", places=2).format(pd.Series([-0.001]))] == ["$0"]


@pytest.mark.parametrize(
    "notation", [Number(missing=("-200",)), Boolean(true="Yes", false="No"), Text(missing=("?",))]
)
def test_a_notation_comes_back_from_its_dict(notation):
    assert notations.from_dict(notation.to_dict()) == notation


@pytest.mark.parametrize("style", ["padded", "short", "upper", "spaced"])
def test_a_date_in_every_format_is_a_date(style):
    """What cannot be read for its looks alone is left out first, and nothing else is."""
    moments = pd.date_range("2024-06-13 13:00:30", periods=12, freq="33h")
    # Alone, 6.2024 is a number.
    left_out = (*QUARTERS, *["%m.%Y"] * (style == "short"))
    for form in (one for one in FORMATS if one not in left_out):
        texts = moments.strftime(form.replace("%", "%-") if style == "short" else form)
        change = {"upper": str.upper, "spaced": lambda text: text.replace(" ", "  ")}.get(style, str)
        finder = DateFinder()
        finder.see(chunked([change(text) for text in texts]))
        date, _ = finder.found()
        assert date is not None and date.pattern == form, form


def test_a_damaged_number_among_numbers_is_named(tmp_path):
    """Its writing is that of the others, but for a point too many."""
    path = tmp_path / "t.csv"
    path.write_text("v,k\n" + "".join(f"{i}.5,{i}\n" for i in range(30)) + "3..5,1\n")
    with pytest.warns(
        UserWarning, match=r"'v' is read as a category: 30 of 31 entries are numbers, but '3\.\.5' is"
    ):
        load_data(path)
