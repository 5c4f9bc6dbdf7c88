"""Parse and format are inverse."""

import datetime
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notated import found, read_and_written

from kerasae import notations
from kerasae.data import load_data
from kerasae.data._columns.column_finder import ColumnFinder
from kerasae.data._columns.column_reader import ColumnReader
from kerasae.notations import Boolean, Date, DateFinder, Number, Text, TimeOfDay, chunked
from kerasae.notations._date_formats import FORMATS, QUARTERS

UTC = datetime.UTC


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
        texts = moments.strftime(re.sub("%(?!f)", "%-", form) if style == "short" else form)
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
