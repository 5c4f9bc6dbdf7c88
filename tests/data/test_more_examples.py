"""New examples are read as those of the training were: all of them, in their order, with its types."""

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from kerasae import Recipe, load_data
from kerasae.applications._base import row_names
from kerasae.data import read_examples
from kerasae.preprocessing import TablePreprocessing


def trained_on(source, **data):
    recipe = Recipe.of(source=source, data=data)
    return recipe.data, recipe.load().spec


def test_rows_keep_their_order_types_and_names(tmp_path):
    frame = pd.DataFrame({"id": list("abcdefgh"), "n": range(8), "code": ["1", "2", "x", "3"] * 2, "y": 0})
    frame.to_csv(tmp_path / "old.csv", index=False)
    section, spec = trained_on(str(tmp_path / "old.csv"), id="id", labels="y")
    # Alone, the column `code` of the new file would be one of numbers; labels and one row too few for splits.
    new = frame.drop(columns="y").iloc[[1, 0]]
    new.to_csv(tmp_path / "new.csv", index=False)
    name, rows = read_examples(str(tmp_path / "new.csv"), section, spec)
    assert (name, [*rows.examples.index], rows.labels) == ("new", ["b", "a"], None)
    assert [*rows.examples["code"]] == ["2", "1"]
    frame.iloc[[3]].to_csv(tmp_path / "one.csv", index=False)
    _, rows = read_examples(str(tmp_path / "one.csv"), section, spec)
    assert (len(rows), [*rows.labels]) == (1, [0])
    frame[["id", "n"]].to_csv(tmp_path / "less.csv", index=False)
    with pytest.raises(ValueError, match="No column 'code'"):
        read_examples(str(tmp_path / "less.csv"), section, spec)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        # A character within the entries parts no cells.
        ("v;y\n" + "1,5;0\n3;1\n" * 8, "v\n1,5\n2,5\n", [1.5, 2.5]),
        ("v;k\n" + "1,5;1\n3;2\n" * 8, "k,v\n1,1.5\n2,2.5\n", None),
        ("v\n" + "one\ntwo\n" * 8, "v\ntwo, one\none\n", ["two, one", "one"]),
        # Without names none is taken for one; nor is a name for an entry.
        ("4,5,6\n7,8,8\n" * 8, "1,2,3\n4,5,6\n7,8,8\n", [1, 4, 7]),
        ("a 1,4\nb 2,5\na 2,5\n" * 8, "c 3,1\na 2,5\n", ["c 3", "a 2"]),
        ("id,2020\n" + "1.5,2\n3.5,4\n" * 8, "id,2020\n1.5,2019\n2.5,2021\n", [1.5, 2.5]),
    ],
    ids=["comma", "points", "texts", "numbers", "words", "named by numbers"],
)
def test_a_new_file_is_laid_out_as_its_columns_show(tmp_path, old, new, found):
    (tmp_path / "old.csv").write_text(old)
    section, spec = trained_on(str(tmp_path / "old.csv"), labels="y" if ";y" in old else None)
    (tmp_path / "new.csv").write_text(new)
    if found is None:
        with pytest.raises(ValueError, match=r"Expected numbers in column 'v' .* as in the training"):
            read_examples(str(tmp_path / "new.csv"), section, spec)
        return
    _, rows = read_examples(str(tmp_path / "new.csv"), section, spec)
    assert [*rows.examples.iloc[:, 0]] == found


def test_a_folder_and_one_image_have_the_size_of_the_training(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(5):
        (tmp_path / "old").mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (6, 6), "uint8")).save(tmp_path / "old" / f"{number}.png")
    section, spec = trained_on(str(tmp_path / "old"))
    Image.fromarray(rng.integers(0, 255, (9, 12, 3), "uint8")).save(tmp_path / "photo.png")
    _, rows = read_examples(str(tmp_path / "photo.png"), section, spec)
    assert rows.examples.shape == (1, 6, 6, 1)
    _, rows = read_examples(str(tmp_path / "old"), section, spec)
    assert [name.decode() for name in rows.names] == [f"{number}.png" for number in range(5)]


def test_texts_and_arrays(tmp_path):
    (tmp_path / "old.txt").write_text("\n".join(["one two", "two three", "three four", "four five"] * 3))
    section, spec = trained_on(str(tmp_path / "old.txt"))
    (tmp_path / "new.txt").write_text("five one\n")
    assert [*read_examples(str(tmp_path / "new.txt"), section, spec)[1].examples] == ["five one"]
    x = np.arange(60.0).reshape(20, 3)
    np.save(tmp_path / "old.npy", x)
    section, spec = trained_on(str(tmp_path / "old.npy"))
    np.save(tmp_path / "new.npy", x[::-1])
    assert np.array_equal(read_examples(str(tmp_path / "new.npy"), section, spec)[1].examples, x[::-1])
    np.save(tmp_path / "wide.npy", np.ones((4, 5)))
    with pytest.raises(ValueError, match=r"vectors of shape \(3,\), received vectors of shape \(5,\)"):
        read_examples(str(tmp_path / "wide.npy"), section, spec)
    with pytest.raises(ValueError, match="received images of shape"):
        read_examples("digits", section, spec)


def test_pictures_for_a_table_and_a_table_without_rows(tmp_path):
    frame = pd.DataFrame({"a": [1.5, 2, 3, 4, 5], "b": list("xyxyx")})
    frame.to_csv(tmp_path / "old.csv", index=False)
    section, spec = trained_on(str(tmp_path / "old.csv"))
    (tmp_path / "photos").mkdir()
    Image.fromarray(np.zeros((6, 6), "uint8")).save(tmp_path / "photos" / "a.png")
    with pytest.raises(ValueError, match="those of the training, a table, received images"):
        read_examples(str(tmp_path / "photos"), section, spec)
    frame.iloc[:0].to_csv(tmp_path / "none.csv", index=False)
    with pytest.raises(ValueError, match=r"Expected rows in .*none\.csv, received none"):
        read_examples(str(tmp_path / "none.csv"), section, spec)


def test_lines_for_a_model_of_a_column(tmp_path):
    frame = pd.DataFrame({"class": [1, 2] * 3, "words": ["one two", "two three", "three four"] * 2})
    frame.to_csv(tmp_path / "old.csv", index=False)
    recipe = Recipe.of(source=f"text:{tmp_path / 'old.csv'}", data={"column": "words", "labels": "class"})
    (tmp_path / "new.txt").write_text("four one\n")
    _, rows = read_examples(str(tmp_path / "new.txt"), recipe.data, recipe.load().spec)
    assert [*rows.examples] == ["four one"]


def test_rows_know_their_numbers(tmp_path):
    """A row of a split is named by its place in the file."""
    np.save(tmp_path / "x.npy", np.arange(40.0).reshape(20, 2))
    data = Recipe.of(source=str(tmp_path / "x.npy")).load()
    names = [int(name) for name in row_names(data)]
    assert np.array_equal(data.test.examples[:, 0], 2.0 * np.array(names))
    assert sorted([*names, *data.train.numbers, *data.validation.numbers, *data.calibration.numbers]) == [
        *range(20)
    ]


@pytest.mark.parametrize("suffix", ["txt", "csv"])
def test_texts_know_their_numbers_past_those_left_out(tmp_path, suffix):
    lines = [f"row {number}".encode() for number in range(20)]
    lines[4] = lines[11] = b" " if suffix == "txt" else b"-"
    lines[7] = "caf\u00e9".encode("latin-1")
    path = tmp_path / f"t.{suffix}"
    path.write_bytes(b"\n".join(lines if suffix == "txt" else [b"words,", *(line + b"," for line in lines)]))
    column = {} if suffix == "txt" else {"column": "words"}
    data = load_data(f"text:{path}", on_error="skip", test=1.0, **column)
    assert [*data.test.examples] == [f"row {name}" for name in row_names(data)]
    assert len(data.test) == 17


def test_a_training_needs_rows():
    """`test=1` is for reading alone."""
    with pytest.raises(ValueError, match="`test` must be in"):
        Recipe.of(data={"test": 1.0}).load()
    assert len(load_data("digits", test=1.0).test) == 1797


# Notations of the training ---------------------------------------------------------------------------


def read_again(tmp_path, old, new, **data):
    (tmp_path / "old.csv").write_text(old)
    (tmp_path / "new.csv").write_text(new)
    section, spec = trained_on(str(tmp_path / "old.csv"), **data)
    return read_examples(str(tmp_path / "new.csv"), section, spec)[1].examples


def read_fitted(tmp_path, old, new, **data):
    """As `read_again`, by columns that know their categories."""
    (tmp_path / "old.csv").write_text(old)
    (tmp_path / "new.csv").write_text(new)
    section, spec = trained_on(str(tmp_path / "old.csv"), **data)
    fitted = TablePreprocessing(spec).fit(load_data(tmp_path / "old.csv", **data).train.examples).spec
    return read_examples(str(tmp_path / "new.csv"), section, fitted)[1].examples


DAYS = "d;n\n" + "".join(f"{1 + i % 28:02}/02/2024;{i}\n" for i in range(30))


def test_dates_of_new_rows_are_read_as_those_of_the_training(tmp_path):
    found = read_again(tmp_path, DAYS, "d;n\n05/01/2024;1\n03/02/2024;2\n")
    assert [*found["d"]] == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-02-03")]
    for more in ("", "perhaps;2\n"):
        with pytest.raises(
            ValueError, match=r"dates in column 'd' .* day first, as in the training, .* '02/24"
        ):
            read_again(tmp_path, DAYS, f"d;n\n02/24/2024;1\n{more}")
    # What was said in training is kept too.
    unclear = "d;n\n" + "".join(f"0{1 + i % 9}/02/2024;{i}\n" for i in range(30))
    found = read_again(tmp_path, unclear, "d;n\n05/01/2024;1\n", dayfirst=True)
    assert [*found["d"]] == [pd.Timestamp("2024-01-05")]


def test_numbers_of_new_rows_are_read_as_those_of_the_training(tmp_path):
    numbers = [180 + 97 * i for i in range(30)]
    old = "v\tk\n" + "".join(f"{one:,}\t{i % 4}\n" for i, one in enumerate(numbers))
    # Alone, each of these would have decimals or be unclear.
    assert [*read_again(tmp_path, old, "v\tk\n2,308\t1\n")["v"]] == [2308]
    with pytest.raises(
        ValueError, match=r"numbers in column 'v' of .*as 1,234, as in the training, received '2,5'"
    ):
        read_again(tmp_path, old, "v\tk\n2,5\t1\n")
    old = "v,k\n" + "".join(f'"${one:,}.50",{"yes" if i % 3 else "no"}\n' for i, one in enumerate(numbers))
    found = read_again(tmp_path, old, "v,k\n$12.50,YES\n,no\nmuch,\n")
    assert found["v"].tolist()[0] == 12.5
    assert found["v"].isna().tolist() == [False, True, True]
    assert found["k"].tolist() == [True, False, pd.NA]


@pytest.mark.parametrize("gap", ["", "5\n"])
def test_bits_and_whole_categories_of_new_rows_are_those_of_the_training(tmp_path, gap):
    """pandas writes 1.0 for 1 as soon as a column has a gap."""
    old = "b,c,k\n" + "".join(f"{i % 2},{10 + i % 3},{i}\n" for i in range(30))
    new = "b,c,k\n1.0,11.0,3\n0.0,10.0,4\n" + (f",,{gap}" if gap else "")
    bits, codes = ([1, 0], ["11", "10"])
    found = read_fitted(tmp_path, old, new, types={"c": "category"})
    assert (found["b"].tolist()[:2], found["c"].tolist()[:2]) == (bits, codes)
    assert [*found["b"].isna()] == [*found["c"].isna()] == [False, False] + [True] * bool(gap)
    # And the other way round.
    old = "b,c,k\n,,0\n" + "".join(f"{i % 2},{10 + i % 3}.0,{i}\n" for i in range(30))
    found = read_fitted(tmp_path, old, "b,c,k\n1,11,3\n0,10,4\n", types={"c": "category"})
    assert (found["b"].tolist(), found["c"].tolist()) == (bits, ["11.0", "10.0"])
    # A 2 is none, whatever stands beside it.
    with pytest.warns(
        UserWarning, match=r"not of the kind of the training are missing, by column: 'b' \(1\)"
    ):
        found = read_again(tmp_path, old, f"b,c,k\n1,11,3\n2,10,4\n{gap and ',,5'}\n")
    assert found["b"].isna().tolist()[:2] == [False, True]


@pytest.mark.parametrize("column", ["b", "n", "d", "w"])
def test_a_column_of_which_nothing_can_be_read_is_an_error(tmp_path, column):
    old = "b,n,d,w\n" + "".join(f"{i % 2},{i},2024-01-{1 + i % 9:02},{'yn'[i % 2]}\n" for i in range(30))
    new = pd.DataFrame({"b": [1, 0], "n": [3, 4], "d": ["2024-01-05"] * 2, "w": "y"}).astype(str)
    new[column] = "perhaps"
    with pytest.raises(
        ValueError, match=f"in column '{column}' of .*, as in the training, received 'perhaps'"
    ):
        read_again(tmp_path, old, new.to_csv(index=False))


MIXED = "n,d,b,c\n" + "".join(f"{i},2024-01-{1 + i % 9:02},{'yn'[i % 2]},{10 + i % 3}\n" for i in range(30))
ZONED = pd.Series(pd.date_range("2024-01-05", periods=2, tz="Europe/Zurich")).dt.as_unit("us")


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("n", [Decimal("1.50"), Decimal("2.99")], [1.5, 2.99]),
        ("n", pd.to_datetime(["2024-01-05", "2024-01-06"]), "Expected a number .* 'n'.* the type datetime64"),
        ("d", ZONED, [*ZONED.dt.tz_convert("UTC").dt.tz_localize(None)]),
        ("d", [1_700_000_000, 1_700_000_001], "Expected a date .* 'd'.* the type int64"),
        ("d", [date(2024, 1, 5), None], [pd.Timestamp("2024-01-05"), pd.NaT]),
        ("b", [0.5, 1.0], "Expected 0, 1, true or false in column 'b', received 0.5"),
        ("b", [2, 1], "Expected 0, 1, true or false in column 'b', received 2"),
        ("b", [0.0, np.nan], [False, pd.NA]),
        ("c", [10.0, np.nan], ["10", None]),
        ("c", [12, 10], ["12", "10"]),
    ],
)
def test_values_of_a_new_parquet_file_are_of_the_kinds_of_the_training(tmp_path, column, values, expected):
    fitted_on = tmp_path / "old.csv"
    fitted_on.write_text(MIXED)
    section, spec = trained_on(str(fitted_on), types={"c": "category"})
    spec = TablePreprocessing(spec).fit(load_data(fitted_on, types={"c": "category"}).train.examples).spec
    new = pd.DataFrame({"n": [1, 2], "d": ["2024-01-05"] * 2, "b": ["y", "n"], "c": ["10", "11"]})
    new.assign(**{column: values}).to_parquet(tmp_path / "new.parquet")
    if isinstance(expected, str):
        with pytest.raises(ValueError, match=expected):
            read_examples(str(tmp_path / "new.parquet"), section, spec)
        return
    found = read_examples(str(tmp_path / "new.parquet"), section, spec)[1].examples[column]
    for value, right in zip(found, expected, strict=True):
        assert (pd.isna(value) and pd.isna(right)) or value == right


def test_integers_beyond_the_type_of_the_training_stay_what_they_are(tmp_path):
    pd.DataFrame({"n": np.arange(30, dtype="int8"), "k": 0.5}).to_parquet(tmp_path / "old.parquet")
    section, spec = trained_on(str(tmp_path / "old.parquet"))
    pd.DataFrame({"n": [300, 1], "k": 0.5}).to_parquet(tmp_path / "new.parquet")
    assert [*read_examples(str(tmp_path / "new.parquet"), section, spec)[1].examples["n"]] == [300, 1]


def test_missing_entries_of_new_rows_are_those_of_the_training(tmp_path):
    old = "v,c\n" + "".join(f"{-200 if i % 9 == 0 else i},{'ab'[i % 2]}\n" for i in range(40))
    found = read_again(tmp_path, old, "v,c\n-200,a\n3,none given\n", missing=["-200", "none given"])
    assert found.isna().to_numpy().tolist() == [[True, False], [False, True]]
