"""Filled values of a column of integers are whole, whatever type the column has in the table with gaps."""

import csv
import dataclasses

import numpy as np
import pandas as pd
import pytest

from kerasae.applications._filling.cells import Cells
from kerasae.applications.imputation import Imputer
from kerasae.baselines import TablePCA
from kerasae.data._split import Split
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing


def whole(seed=0):
    """A column of integers that follows from two others, and which of its entries are missing."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, 400))
    frame = pd.DataFrame({"a": a.round(3), "b": b.round(3), "n": np.round(40 + 9 * a + 5 * b).astype(int)})
    return frame, rng.random(400) < 0.2


def with_gaps(dtype, gaps, frame):
    values = [
        None if gap else {"object": float}.get(dtype, int)(n) for n, gap in zip(frame["n"], gaps, strict=True)
    ]
    return frame.assign(n=pd.Series(values, dtype=dtype))


def fitted(frame):
    data = from_frame(frame)
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    return Imputer(TablePCA(2, indicators=True).fit(data)).fit(data)


@pytest.mark.parametrize("learnt", ["int64", "Int64", "float64", "object", "int64[pyarrow]"])
def test_a_filled_integer_is_whole_in_every_type(learnt):
    frame, gaps = whole()
    trained = frame if learnt == "int64" else with_gaps(learnt, gaps, frame)
    imputer = fitted(trained)
    _, new = whole(1)
    for dtype in ("float64", "Float64", "Int64", "object", "double[pyarrow]"):
        raw = with_gaps(dtype, new, frame)
        for done in (imputer.transform(raw), *imputer.draw(raw, draws=2)):
            assert done["n"].dtype == raw["n"].dtype
            numbers = done["n"].to_numpy("float64")
            assert (numbers % 1 == 0).all()
            assert frame["n"].min() <= numbers.min() and numbers.max() <= frame["n"].max()
        # Those of the mean would be 8 off.
        assert np.abs(numbers[new] - frame["n"][new]).mean() < 5


def test_bounds_and_decimals_are_kept_with_a_stored_imputer():
    frame, _ = whole()
    imputer = fitted(frame)
    stored = Cells.of_state(imputer._cells.state(), imputer.spec_, imputer.codec.preprocessor)
    made = pd.DataFrame({"n": [39.4, 1e6, np.nan]})
    assert stored.values.rounded(made)["n"].dropna().tolist() == [39.0, float(frame["n"].max())]


def test_the_files_hold_whole_numbers(tmp_path):
    frame, gaps = whole()
    imputer = fitted(frame)
    new = with_gaps("float64", gaps, frame).assign(a=frame["a"].mask(gaps[::-1]))
    data = from_frame(frame).with_preprocessor(imputer.codec.preprocessor)
    imputer.report(dataclasses.replace(data, test=Split(new, [str(row) for row in range(400)])), tmp_path)
    written = ["row", "column", "value", "low", "high", "confidence"]
    for name, columns in (("filled", [*"abn"]), ("intervals", written)):
        assert [*pd.read_csv(tmp_path / f"{name}.csv")] == columns
    with (tmp_path / "filled.csv").open() as filled, (tmp_path / "intervals.csv").open() as intervals:
        assert all(float(row["n"]) % 1 == 0 for row in csv.DictReader(filled))
        values = {name: [] for name in "an"}
        for row in csv.DictReader(intervals):
            values[row["column"]].append(row["value"])
    assert values["n"] and all(float(value) % 1 == 0 for value in values["n"])
    assert any(float(value) % 1 for value in values["a"])


def test_an_integer_stays_one_beside_other_columns(tmp_path):
    """A list of 3 and 0.5 would become 3.0 and 0.5."""
    frame, gaps = whole()
    trained = with_gaps("Int64", gaps, frame).assign(a=frame["a"].mask(gaps[::-1]))
    data = from_frame(trained)
    imputer = fitted(trained)
    imputer.report(data.with_preprocessor(imputer.codec.preprocessor), tmp_path)
    with (tmp_path / "intervals.csv").open() as intervals:
        values = [row["value"] for row in csv.DictReader(intervals) if row["column"] == "n"]
    assert values and all(value.isdigit() for value in values)
