"""Any column of any type comes back as what it was."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis_settings import FEW, MANY

from kerasae.applications.imputation import Imputer
from kerasae.baselines import TablePCA
from kerasae.data import Data, Split
from kerasae.data.tables import column_of
from kerasae.preprocessing import named_by_text, type_name
from kerasae.recipe import Recipe
from kerasae.spec import Spec

_ROWS = 24


_INTS = st.integers(-(2**40), 2**40)


_FLOATS = st.floats(-1e9, 1e9, allow_subnormal=False)


_BOOLS = st.booleans()


_DAYS = st.dates(datetime.date(1901, 1, 1), datetime.date(2200, 1, 1))


_MOMENTS = st.datetimes(datetime.datetime(1901, 1, 1), datetime.datetime(2200, 1, 1))


_DECIMALS = st.decimals(-1000, 1000, places=2)


_TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)


#: Objects of simple types; no two have one text.
_SIMPLE = [
    1,
    "2",
    -3,
    True,
    "False",
    2.5,
    1e22,
    "b",
    "",
    datetime.date(2020, 1, 2),
    "2020-01-03",
    Decimal("1.50"),
]


_ZONED = _MOMENTS.map(lambda moment: moment.replace(tzinfo=datetime.UTC))


def _categorical(values):
    return pd.Series(pd.Categorical(values))


def _ordered(categories):
    return lambda values: pd.Series(pd.Categorical(values, categories, ordered=True))


def _cut(values):
    return pd.cut(pd.Series(values, dtype="float64"), [-2e9, -1.0, 1 / 3, 2e9], right=False)


def _months(values):
    ends = pd.to_datetime(["1900-01-01", "2000-03-01 12:00", "2201-01-01"], format="ISO8601")
    return pd.cut(pd.Series(values, dtype="datetime64[us]"), ends, ordered=True)


def _intervals(values):
    made = [None if one is None else pd.Interval(one, one + 2, closed="both") for one in values]
    return pd.Series(made, dtype=object)


def _arrow(kind):
    return lambda values: pd.Series(values, dtype=pd.ArrowDtype(kind))


def _dictionary(values):
    array = pa.array(values, pa.string()).dictionary_encode()
    return pd.Series(array, dtype=pd.ArrowDtype(array.type))


def _of(dtype):
    return lambda values: pd.Series(values, dtype=dtype)


#: Types of a column: what its values are drawn from, and how they become one.
_TYPES = {
    "float64": (_FLOATS, _of("float64")),
    "float32": (_FLOATS, _of("float32")),
    "Int64": (_INTS, _of("Int64")),
    "UInt8": (st.integers(0, 255), _of("UInt8")),
    "boolean": (_BOOLS, _of("boolean")),
    "str": (_TEXTS, _of("str")),
    "moments": (_MOMENTS, _of("datetime64[us]")),
    "zoned": (_MOMENTS, lambda values: pd.Series(values, dtype="datetime64[us]").dt.tz_localize("UTC")),
    "objects, ints": (_INTS, _of(object)),
    "objects, floats": (_FLOATS, _of(object)),
    "objects, booleans": (_BOOLS, _of(object)),
    "objects, texts": (_TEXTS, _of(object)),
    "objects, decimals": (_DECIMALS, _of(object)),
    "objects, days": (_DAYS, _of(object)),
    "objects, moments": (_MOMENTS, _of(object)),
    "objects, zoned": (_ZONED, _of(object)),
    "objects, mixed": (st.sampled_from(_SIMPLE), _of(object)),
    "objects, tuples": (st.sampled_from([1, "1", True, 2.5, "b", ("t", 1)]), _of(object)),
    "objects, intervals": (_INTS, _intervals),
    "category of ints": (st.integers(0, 3), _categorical),
    "category of floats": (st.sampled_from([0.5, 1.0, 2.25]), _categorical),
    "category of booleans": (_BOOLS, _categorical),
    "category of texts": (_TEXTS, _categorical),
    "category of days": (st.sampled_from([datetime.date(2020, 1, day) for day in (1, 2)]), _categorical),
    "category of moments": (st.sampled_from([pd.Timestamp("2020-01-01 03:04:05")]), _categorical),
    "category of objects": (st.sampled_from(_SIMPLE), _categorical),
    "category of durations": (st.sampled_from([pd.Timedelta(n, "s") for n in (1, 90_000)]), _categorical),
    "category of intervals": (_FLOATS, _cut),
    "category of spans of time": (_MOMENTS, _months),
    "ordered texts": (st.sampled_from(["m", "s", "", "], x"]), _ordered(["s", "m", "", "l", "], x"])),
    "ordered ints": (st.sampled_from([10, 9]), _ordered([9, 10, 8])),
    "arrow ints": (_INTS, _arrow(pa.int64())),
    "arrow int8": (st.integers(-128, 127), _arrow(pa.int8())),
    "arrow floats": (_FLOATS, _arrow(pa.float64())),
    "arrow booleans": (_BOOLS, _arrow(pa.bool_())),
    "arrow texts": (_TEXTS, _arrow(pa.string())),
    "arrow days": (_DAYS, _arrow(pa.date32())),
    "arrow moments": (_MOMENTS, _arrow(pa.timestamp("us"))),
    "arrow zoned": (_ZONED, _arrow(pa.timestamp("us", "UTC"))),
    "arrow decimals": (_DECIMALS, _arrow(pa.decimal128(8, 2))),
    "arrow dictionary": (_TEXTS, _dictionary),
}


@st.composite
def columns(draw, names=tuple(_TYPES)):
    """A column of some type with gaps, and at least two values."""
    values, make = _TYPES[draw(st.sampled_from(names))]
    known = draw(st.lists(values, min_size=2, max_size=8))
    places = draw(st.lists(st.integers(-3, len(known) - 1), min_size=_ROWS, max_size=_ROWS))
    places[:2] = 0, 1
    return make([None if place < 0 else known[place] for place in places])


@st.composite
def frames(draw, least=1):
    """A table of such columns beside one of numbers, with names and an index of some kind."""
    drawn = draw(st.lists(columns(), min_size=least, max_size=3))
    table = pd.DataFrame(dict(enumerate([*drawn, pd.Series(np.arange(_ROWS, dtype="float64"))])))
    kind = draw(st.sampled_from(["numbers", "texts", "levels", "nasty"]))
    number = range(table.shape[1])
    table.columns = {
        "numbers": lambda: pd.Index([*number]),
        "texts": lambda: pd.Index([f"c{n}" for n in number]),
        "levels": lambda: pd.MultiIndex.from_tuples([("a", n) for n in number]),
        "nasty": lambda: pd.Index(["", "$", "[/x]", "x", "é "][: len(number)]),
    }[kind]()
    return table.set_axis([f"row {n}" for n in range(10, 10 + _ROWS)])


def prepared(table):
    """A table as training rows, read and fitted as any other."""
    table = named_by_text(table)
    spec = Spec("table", (table.shape[1],), "mixed", columns=tuple(column_of(table[name]) for name in table))
    return Recipe.of().prepare(Data("rows", spec, Split(table), Split(table[:0]), Split(table[:0])))


def filled(table):
    """A table filled by the quickest codec there is."""
    data = prepared(table)
    codec = TablePCA(1, indicators=True).fit(data)
    return Imputer(codec, rounds=2, most=_ROWS).fit(data).transform(table)


def same(one, other):
    """Whether two entries are of one type and value."""
    return type(one) is type(other) and (one == other or (one != one and other != other))


@pytest.mark.filterwarnings("ignore::UserWarning")
@FEW
@given(table=frames())
def test_filling_leaves_what_is_there_and_every_type(table):
    check_filling(table)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@MANY
@given(table=frames())
def test_filling_many_tables(table):
    check_filling(table)


def check_filling(table):
    before = table.copy(deep=True)
    after = filled(table)
    pd.testing.assert_frame_equal(table, before)
    assert after.index.equals(table.index)
    assert after.columns.equals(table.columns)
    assert [*after.dtypes] == [*table.dtypes]
    for place in range(table.shape[1]):
        old, new = (frame.iloc[:, place].astype(object) for frame in (table, after))
        there = old.notna()
        # A column of empty texts has nothing to fill with.
        assert not new.isna().any() or (old[there] == "").all()
        assert all(map(same, old[there], new[there]))
        of_types = {type(value) for value in old[there]}
        # pandas' own moments are such objects, too.
        if of_types != {datetime.datetime} and not new.isna().any():
            assert {type(value) for value in new} == of_types


#: Values of these come back as their texts: what is stored of a model are names alone.
_BY_TEXT = ("objects, tuples",)


@pytest.mark.filterwarnings("ignore::UserWarning")
@FEW
@given(column=columns([name for name in _TYPES if name not in _BY_TEXT]))
def test_a_column_comes_back_as_what_it_was(column):
    check_column(column)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@MANY
@given(column=columns([name for name in _TYPES if name not in _BY_TEXT]))
def test_many_columns_come_back(column):
    check_column(column)


def check_column(column):
    table = pd.DataFrame({"a": column, "b": np.arange(float(_ROWS))})
    data = prepared(table)
    back = data.preprocessor.restore(data.to_x(table))["a"]
    there = table["a"].notna() & (table["a"].map(str).str.rstrip("\0") != "")
    known = table["a"].where(there)
    if isinstance(column.dtype, pd.CategoricalDtype) and not column.dtype.ordered:
        known = known.cat.remove_unused_categories()
    # An empty text is missing, and not one of several types.
    assert type_name(back) == type_name(known)
    exact = type_name(column).startswith(("category", "object[mixed"))
    for old, new in zip(table["a"][there], back[there], strict=True):
        if isinstance(old, str):
            # A lookup knows no NULs at the end.
            assert new.rstrip("\0") == old.rstrip("\0")
        elif exact or isinstance(old, bool | np.bool_ | pd.Interval):
            assert same(new, old)
        elif isinstance(old, int | float | Decimal | np.number):
            assert abs(float(new) - float(old)) <= 1e-5 * max(
                1.0, *(abs(float(v)) for v in table["a"][there])
            )
        else:
            # `x` is float32 in standard deviations, and what comes back is rounded to a second.
            moments = [pd.Timestamp(value).timestamp() for value in table["a"][there]]
            bound = 1 + 1e-6 * (max(moments) - min(moments))
            assert abs(pd.Timestamp(new).timestamp() - pd.Timestamp(old).timestamp()) <= bound
