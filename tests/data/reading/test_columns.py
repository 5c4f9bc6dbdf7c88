"""How a column was read is said before a training, and results are written as the file was."""

import datetime

import pandas as pd
import pyarrow as pa
import pytest
from written_tables import NUMBERS, write

from kerasae import Recipe, load_data
from kerasae.applications.generation._files import write_made
from kerasae.cli._data import print_readings
from kerasae.data import read_examples, readings
from kerasae.data.tables import from_frame
from kerasae.notations import TimeOfDay
from kerasae.preprocessing import TablePreprocessing, as_written
from kerasae.runs import run_recipe
from kerasae.workflows import evaluate

DRESSED = "price,term,at,day,ok,score,shop\n" + "".join(
    f'"${one:,}.50",{12 + i % 5 * 12} months,{i % 24:02}:30,{1 + i % 28:02}/02/2024,'
    f"{['yes', 'no', '?'][i % 3]},{-200 if i % 9 == 0 else i / 10},{'abc'[i % 3]}\n"
    for i, one in enumerate(NUMBERS)
)


@pytest.fixture
def dressed(tmp_path):
    return load_data(write(tmp_path / "t.csv", DRESSED), missing=["-200"])


def test_how_each_column_was_read_is_said(dressed, capsys):
    found = {one.name: one for one in readings(dressed)}
    rows = dressed.train.examples
    assert {name: one.kind for name, one in found.items()} == {
        **dict.fromkeys(("price", "term", "at", "score"), "number"),
        **{"day": "date", "ok": "boolean", "shop": "category"},
    }
    low, high = (f"${one:,.2f}" for one in (rows["price"].min(), rows["price"].max()))
    assert (found["price"].values, found["price"].written) == (f"{low} to {high}", "as $1,234.50")
    assert found["term"].values == "12 months to 60 months"
    assert found["day"].written == "as 28/02/2024, day first"
    assert found["ok"].written == "yes or no; missing as '-200', '?'"
    assert [found[name].gaps for name in ("price", "ok", "score")] == [
        0,
        rows["ok"].isna().sum(),
        rows["score"].isna().sum(),
    ]
    assert found["shop"].values.count(", ") == 2
    print_readings(dressed)
    printed = capsys.readouterr().out
    assert "12 months to 60 months" in printed
    assert "in seconds since midnight" in printed
    assert readings(dressed, 2) == readings(dressed)[:2]
    print_readings(dressed, 2)
    printed = capsys.readouterr().out
    assert f"and {len(dressed.spec.columns) - 2} more: " in printed
    assert dressed.spec.columns[2].name not in printed.split("more:")[0]
    print_readings(load_data("digits"))
    assert capsys.readouterr().out == ""


def test_results_are_written_as_the_file_was(dressed, tmp_path):
    layer = TablePreprocessing(dressed.spec).fit(dressed.train.examples)
    frame = dressed.test.examples
    again = as_written(layer.restore(layer.to_x(frame)), layer.spec.columns)
    strings = pd.read_csv(tmp_path / "t.csv", dtype=str).iloc[dressed.test.numbers].reset_index(drop=True)
    for name in ("price", "term", "at", "day", "shop"):
        assert again[name].tolist() == strings[name].tolist()
    there = (strings["ok"] != "?").to_numpy()
    assert again["ok"][there].tolist() == strings["ok"][there].tolist()
    write_made(tmp_path, "made", layer.restore(layer.to_x(frame)), {}, layer.spec)
    made = pd.read_csv(tmp_path / "made.csv", dtype=str)
    assert made["price"].tolist() == strings["price"].tolist()


MOMENTS = [datetime.time(i % 24, 7 * i % 60, i % 60) for i in range(40)]


@pytest.mark.parametrize(
    "series",
    [
        pd.Series(MOMENTS, dtype=object),
        pd.Series([*MOMENTS[:-1], None], dtype=object),
        pd.Series(MOMENTS, dtype=pd.ArrowDtype(pa.time32("s"))),
        pd.Series([*MOMENTS[:-1], None], dtype=pd.ArrowDtype(pa.time64("ns"))),
    ],
)
def test_times_of_day_that_are_objects_are_read_as_their_texts_and_come_back(series, tmp_path):
    frame = pd.DataFrame({"at": series, "k": range(40)})
    frame.to_parquet(tmp_path / "t.parquet")
    for data in (from_frame(frame), load_data(tmp_path / "t.parquet")):
        column = data.spec.columns[0]
        assert (column.kind, column.notation) == ("number", TimeOfDay())
        train = data.train.examples.reset_index(drop=True)
        layer = TablePreprocessing(data.spec).fit(train)
        assert layer.tensors(frame)["at"].tolist()[:3] == [0, 3600 + 420 + 1, 7200 + 840 + 2]
        again = layer.restore(layer.to_x(train))
        pd.testing.assert_frame_equal(again, train, check_column_type=False)
        # A file of texts has them too.
        frame.assign(at=series.astype(str).where(series.notna(), None)).to_csv(
            tmp_path / "n.csv", index=False
        )
        section = {"name": "tables", "path": str(tmp_path / "t.parquet")}
        found = read_examples(str(tmp_path / "n.csv"), section, data.spec)[1].examples["at"]
        assert [*found.dropna()] == [*series.dropna()]


@pytest.mark.parametrize("dtype", ["timedelta64[s]", object, pd.ArrowDtype(pa.duration("s"))])
def test_durations_are_refused_with_what_makes_numbers_of_them(dtype):
    frame = pd.DataFrame({"v": pd.Series(pd.to_timedelta(range(9), "s")).astype(dtype)})
    with pytest.raises(ValueError, match=r"'v' of type .*; divide it by pd\.Timedelta\('1s'\) first"):
        from_frame(frame)


def test_months_quarters_weeks_and_exponents_come_back_as_the_file_had_them(tmp_path):
    days = pd.Series(pd.date_range("2010-01-01", periods=60, freq="MS"))
    forms = ("%b %Y", "%Y-%m", "%m/%Y", "%b-%y", "%G-W%V")
    strings = pd.DataFrame({form: days.dt.strftime(form) for form in forms})
    strings["quarter"] = [f"{day.year} Q{day.quarter}" for day in days]
    strings["mass"] = [f"{37 * i + 1:.2E}".replace(".", ",") for i in range(60)]
    strings.to_csv(tmp_path / "t.csv", index=False, sep=";")
    data = load_data(tmp_path / "t.csv")
    assert [one.kind for one in data.spec.columns] == ["date"] * 6 + ["number"]
    layer = TablePreprocessing(data.spec).fit(data.train.examples)
    again = as_written(layer.restore(layer.to_x(data.test.examples)), layer.spec.columns)
    expected = strings.iloc[data.test.numbers].reset_index(drop=True)
    assert again.to_numpy().tolist() == expected.to_numpy().tolist()


@pytest.mark.slow
def test_a_table_of_constants_trains_and_is_judged(tmp_path):
    text = "a,b,c,d\n" + "5,x,yes,2024-02-03\n" * 40
    recipe = Recipe.of(source=str(write(tmp_path / "t.csv", text)), latent_dim=2, train={"epochs": 2})
    run = run_recipe(recipe, tmp_path / "run")
    found = evaluate(run)
    assert all(sentence.count("%") < 3 and "inf" not in sentence for sentence in found.sentences)
    again = run.model.inverse_transform(run.model.transform(run.data.test.examples))
    assert [*again.columns] == ["a", "b", "c", "d"]
