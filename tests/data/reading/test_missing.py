"""Entries that stand for nothing: sentinels, dates that stand out, words."""

import warnings

import numpy as np
import pandas as pd
import pytest
from written_tables import NUMBERS, rows, table, write

from kerasae import load_data
from kerasae.data.tables import from_frame
from kerasae.preprocessing import TablePreprocessing


def test_numbers_that_stand_out_are_named_and_can_be_declared(tmp_path):
    def entry(i):
        return "-200" if i % 9 == 0 else NUMBERS[i] / 100

    path = write(tmp_path / "t.csv", table(entry))
    with pytest.warns(UserWarning, match=r"-200 stands out .* in 'v' \(5\).*--missing -200"):
        load_data(path)
    for missing in (["-200"], [-200], {"v": [-200.0]}):
        gaps = rows(path, missing=missing)["v"].isna()
        assert [*np.flatnonzero(gaps)] == [0, 9, 18, 27, 36]
    # Parquet and frames have values in the place of strings.
    frame = pd.DataFrame({"v": [float(entry(i)) for i in range(40)], "k": range(40)})
    frame.to_parquet(tmp_path / "t.parquet")
    with pytest.warns(UserWarning, match="-200 stands out"):
        load_data(tmp_path / "t.parquet")
    assert rows(tmp_path / "t.parquet", missing=[-200])["v"].isna().sum() == 5
    with pytest.warns(UserWarning, match="-200 stands out"):
        from_frame(frame)


DAYS = pd.date_range("2015-03-01", periods=60, freq="23D")


BIRTHS = pd.date_range("1925-03-01", "2004-07-01", periods=60).normalize()


@pytest.mark.parametrize(
    ("days", "date", "form"),
    [
        (DAYS, "1900-01-01", "%Y-%m-%d"),
        (DAYS, "01.01.1970", "%d.%m.%Y"),
        (DAYS, "12/31/9999", "%m/%d/%Y"),
        (DAYS, "0001-01-01 00:00:00", "%Y-%m-%d %H:%M:%S"),
        (BIRTHS, "1900-01-01", "%Y-%m-%d"),
    ],
)
def test_dates_that_stand_out_are_named_and_can_be_declared(tmp_path, days, date, form):
    entries = [date if i % 12 == 0 else one for i, one in enumerate(days.strftime(form))]
    path = tmp_path / "t.csv"
    pd.DataFrame({"when": entries, "k": range(60)}).to_csv(path, index=False)
    shown = f"'{date}'" if " " in date else date
    words = f"^{date} stands out from the other dates in 'when' .5.; .* --missing {shown}\\.$"
    with pytest.warns(UserWarning, match=words):
        load_data(path)
    assert [*np.flatnonzero(rows(path, missing=[date])["when"].isna())] == [0, 12, 24, 36, 48]
    if date == "1900-01-01":
        frame = pd.DataFrame({"when": pd.to_datetime(entries).astype("datetime64[us]"), "k": range(60)})
        with pytest.warns(UserWarning, match="1900-01-01 00:00:00 stands out from the other dates"):
            from_frame(frame)


@pytest.mark.parametrize(
    "days",
    [
        [*pd.date_range("1970-01-01", periods=30, freq="D").repeat(2)],
        [*pd.date_range("2015-01-01", periods=60, freq="D"), *[pd.Timestamp("2015-04-01")] * 5],
        [*pd.date_range("2015-01-01", periods=60, freq="D"), pd.Timestamp("1900-01-01")],
        [pd.Timestamp(day) for day in ("2015-01-01", "2016-01-01", "2020-01-01")] * 20,
    ],
)
def test_dates_that_do_not_stand_out_are_left_alone(days):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_frame(pd.DataFrame({"when": pd.Series(days).astype("datetime64[us]"), "k": range(len(days))}))


@pytest.mark.parametrize(
    "values",
    [
        [0] * 900 + [*range(1, 101)],
        [-1, -2, -2, *range(50)],
        [*range(100), 150, 150],
        [1, 1, 1, 5, 5],
        [*np.random.default_rng(0).normal(0, 5, 200).round(), 40, 40],
        # Levels and codes.
        [-1, 0, 1] * 20,
        [-1, 1] * 20,
        [4, 6, 12] * 20,
        [1, 2, 4, 8, 16] * 20,
        [1, 10, 100] * 20,
        [*range(9), 200] * 6,
        [0, 1, 9] * 20,
    ],
)
def test_numbers_that_do_not_stand_out_are_left_alone(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_frame(pd.DataFrame({"v": np.array(values, float), "k": range(len(values))}))


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([0, 1, 0, 1, -999], "-999"),
        ([1, 2, 3, 4, 5, 99], "99"),
        ([1, 2, 3, -9], "-9"),
        ([0, 1, 2, -200], "-200"),
        # With ten others 200 stands out by its gap alone.
        ([*range(10), 200], "200"),
    ],
)
def test_a_sentinel_among_levels_is_one_that_people_write(values, written):
    with pytest.warns(UserWarning, match=f"^{written} stands out from the other numbers in 'v' .10.;"):
        from_frame(pd.DataFrame({"v": np.array(values * 10, float), "k": range(10 * len(values))}))


@pytest.mark.parametrize("other", ["abc", [*map(str, NUMBERS)]])
def test_words_that_may_stand_for_nothing_are_named_and_can_be_declared(tmp_path, other):
    text = table(lambda i: "unknown" if i % 9 == 0 else other[i % len(other)])
    path = write(tmp_path / "t.csv", text)
    with pytest.warns(UserWarning, match=r"'v' holds 'unknown' \(5 of 40.*--missing 'unknown'"):
        load_data(path)
    found = rows(path, missing=["unknown"])["v"]
    assert found.isna().sum() == 5
    assert pd.api.types.is_numeric_dtype(found.dtype) == (other != "abc")


def test_a_server_has_missing_what_a_file_would_have(tmp_path):
    text = "c,n\n" + "".join(f"{'abc?'[i % 4]},{-999 if i % 5 == 0 else i}\n" for i in range(40))
    data = load_data(write(tmp_path / "t.csv", text), missing=["-999", "b"])
    layer = TablePreprocessing(data.spec).fit(data.train.examples)
    again = TablePreprocessing(**{k: v for k, v in layer.get_config().items() if k not in ("name", "dtype")})
    sent = {"c": np.array(["a", "?", "b", "", "d"], object), "n": np.array([3.0, -999.0, np.nan, 5, 6])}
    for one in (layer, again):
        # In the graph, and from a table.
        for x in (np.array(one(sent)), one.to_x(pd.DataFrame(sent))):
            assert np.isnan(x).tolist() == [
                [False, False],
                [True, True],
                [True, True],
                [True, False],
                [False, False],
            ]
            assert x[4, 0] == 0
