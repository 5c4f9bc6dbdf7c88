"""Long data are filled part by part: every row stands at its place, whichever parts have gaps."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from small_logs import sines

from kerasae import PCA, Recipe
from kerasae.applications._filling.cells import Cells
from kerasae.applications._filling.files import to_the_second
from kerasae.applications.anomaly._entries import rounded
from kerasae.applications.imputation import Imputer
from kerasae.baselines import TablePCA
from kerasae.data import Split
from kerasae.data.series import from_frame as from_log
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing


def in_parts(data, size):
    """The same data, whose splits come in smaller parts."""
    parts = type(data).parts
    return lambda self, split, most=size: parts(self, split, min(most, size))


@pytest.mark.parametrize("gaps", [[], [850, 851], [990]], ids=["none", "middle", "end"])
def test_a_log_keeps_its_time_where_some_parts_have_no_gaps(gaps, tmp_path, monkeypatch):
    frame = sines(1000)
    data = Recipe.of().prepare(from_log(frame, time="time", window=10))
    imputer = Imputer(PCA(4).fit(data), most=100).fit(data)
    holes = frame.assign(flow=frame["flow"].where(~frame.index.isin(gaps)))
    data = Recipe.of().prepare(from_log(holes, time="time", window=10))
    monkeypatch.setattr(type(data), "parts", in_parts(data, 32))
    finding = imputer.report(data, tmp_path)
    if not gaps:
        assert any("The examples have no gaps" in note for note in finding.notes)
        return
    with np.load(tmp_path / "filled.npz") as arrays:
        assert len(arrays["filled"]) == len(data.test)
    written = pd.read_csv(tmp_path / "filled.csv", parse_dates=["time"])
    first = int(data.test.last_rows()[0]) - 9
    expected = frame.iloc[first : first + len(written)]
    assert written["time"].tolist() == expected["time"].tolist()
    there = ~expected.index.isin(gaps)
    np.testing.assert_allclose(written["pressure"], expected["pressure"], rtol=1e-5)
    np.testing.assert_allclose(written["flow"][there], expected["flow"][there], rtol=1e-4, atol=1e-5)
    assert written["flow"].notna().all()


def test_a_table_has_its_columns_where_the_first_part_has_no_gaps(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    z = rng.normal(size=600)
    frame = pd.DataFrame({"a": z, "b": z + 0.1 * rng.normal(size=600), "c": np.where(z > 0, "up", "down")})
    holes = frame.mask(rng.random(frame.shape) < 0.2)
    data = from_frame(holes)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    imputer = Imputer(TablePCA(2, indicators=True).fit(data), most=200).fit(data)
    test = pd.concat([frame.iloc[:32], holes.iloc[32:96]])
    data = dataclasses.replace(data, test=Split(test, [str(row) for row in range(96)]))
    monkeypatch.setattr(type(data), "parts", in_parts(data, 32))
    imputer.report(data, tmp_path)
    assert len(pd.read_csv(tmp_path / "filled.csv")) == 96
    intervals = pd.read_csv(tmp_path / "intervals.csv")
    assert [*intervals] == ["row", "column", "value", "low", "high", "confidence"]
    assert len(intervals) == test.isna().sum().sum() and intervals["row"].min() >= 32


def test_the_hour_that_a_zone_has_twice_stays_what_it_is():
    utc = pd.date_range("2025-10-25 22:00:00.25", periods=6, freq="h", tz="UTC")
    local = pd.Series(utc.tz_convert("Europe/Berlin"))
    assert to_the_second(local).dt.tz_convert("UTC").tolist() == utc.round("s").tolist()
    assert to_the_second(local).dt.tz == local.dt.tz
    assert [rounded(one, 0.001, 1).tz_convert("UTC") for one in local] == utc.round("s").tolist()
    # Midnight is that of the zone.
    assert {str(rounded(one, 2.0, 1)) for one in local} == {"2025-10-26 00:00:00+02:00"}


def test_entries_that_are_there_keep_every_digit_of_their_time(tmp_path):
    rng = np.random.default_rng(0)
    z = rng.normal(size=400)
    day = pd.Timestamp("2025-10-26", tz="Europe/Berlin") + pd.to_timedelta(np.round(3e9 * z), unit="us")
    frame = pd.DataFrame({"z": z, "day": day}).assign(z=lambda rows: rows["z"].mask(rng.random(400) < 0.2))
    frame["day"] = frame["day"].mask(rng.random(400) < 0.2)
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    Imputer(TablePCA(1, indicators=True).fit(data), most=200).fit(data).report(data, tmp_path)
    written = pd.read_csv(tmp_path / "filled.csv", index_col=0)
    was = data.test.examples["day"]
    same = pd.to_datetime(written["day"], utc=True, format="ISO8601").to_numpy()
    np.testing.assert_array_equal(same[was.notna()], was[was.notna()].dt.tz_convert("UTC").to_numpy())


def test_one_gross_error_does_not_move_what_is_typical():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(50, 10, 2000), "b": rng.normal(size=2000)})
    frame.loc[7, "a"] = 1e9
    data = from_frame(frame)
    with pytest.warns(UserWarning, match="'a'"):
        data = data.with_preprocessor(TablePreprocessing(data.spec))
    typical = Cells(data.spec, data.preprocessor).fit(data).typical
    assert abs(typical[0]) < 0.2
