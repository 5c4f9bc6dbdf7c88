"""Preprocessing of tables: what comes back, whatever stands in a column."""

import dataclasses
import datetime
import json
import re
import warnings
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_rows import rows, with_gaps

from kerasae import load_data
from kerasae.data.tables import from_frame, tables_like
from kerasae.preprocessing import TablePreprocessing, as_written, column_keys, type_name
from kerasae.preprocessing._columns import column_values
from kerasae.spec import Column


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


@pytest.mark.parametrize("scaling", ["standard", "robust"])
def test_a_constant_column_keeps_its_value_whatever_is_rounded(scaling):
    frame = pd.DataFrame({"n": [0.1] * 128, "varied": np.arange(128.0)})
    layer = TablePreprocessing(from_frame(frame).spec, scaling=scaling).fit(frame)
    assert (layer.centers[0], layer.scales[0]) == (0.1, 1.0)


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


def test_the_text_of_an_unknown_value_is_no_category():
    """Decoded rows hold it, and a lookup takes it for no word."""
    frame = pd.DataFrame({"a": ["red", "[UNK]", "blue", "[UNK]"] * 5, "b": ["[UNK]"] * 20, "c": range(20)})
    data = from_frame(frame)
    with pytest.warns(UserWarning, match="'b' has no value"):
        data = data.with_preprocessor(TablePreprocessing(data.spec))
    assert [column.categories for column in data.spec.features] == [("blue", "red"), ()]
    x = data.to_x(frame)
    np.testing.assert_array_equal(x[:4, 0], [2, 0, 1, 0])
    assert data.to_raw(x)["a"].tolist()[:4] == ["red", "[UNK]", "blue", "[UNK]"]


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
