"""Real tables in text: what is around, between and above the cells, and what stands for a missing one."""

import bz2
import datetime
import gzip
import lzma
import re
import warnings
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kerasae import Recipe, load_data
from kerasae.applications.generation._files import write_made
from kerasae.cli._data import print_readings
from kerasae.data import read_examples, readings
from kerasae.data.tables import from_frame, tables
from kerasae.notations import TimeOfDay
from kerasae.preprocessing import TablePreprocessing, as_written
from kerasae.runs import run_recipe
from kerasae.workflows import evaluate

NUMBERS = [int(200 + 97 * i**1.5) % 3800 + 200 for i in range(40)]


def table(entry, count=40, between=",", quote=""):
    lines = [f"v{between}k", *(f"{quote}{entry(i)}{quote}{between}{i % 7}" for i in range(count))]
    return "\n".join(lines) + "\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows(path, **arguments):
    """All rows in their order, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_data(path, test=1.0, **arguments).test.examples


PLAIN = table(lambda i: NUMBERS[i])


# Marks of a whole column -----------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["\t", ";"])
def test_thousands_are_thousands_throughout_a_column(tmp_path, between):
    text = table(lambda i: f"{NUMBERS[i]:,}", between=between)
    assert [*rows(write(tmp_path / "t.csv", text))["v"]] == NUMBERS


@pytest.mark.parametrize(("mark", "point", "between"), [(",", ".", "\t"), (",", ".", ";"), (".", ",", ";")])
def test_numbers_that_could_be_either_are_an_error_with_an_option(tmp_path, mark, point, between):
    text = table(lambda i: f"{NUMBERS[i] + 1000:,}".replace(",", mark), between=between)
    path = write(tmp_path / "t.csv", text)
    message = rf"column 'v', received '[0-9]\{mark}[0-9]{{3}}', .*--set data\.decimal=\{point} reads"
    with pytest.raises(ValueError, match=message):
        load_data(path)
    assert [*rows(path, decimal=point)["v"]] == [one + 1000 for one in NUMBERS]
    np.testing.assert_allclose(rows(path, decimal=mark)["v"], [one / 1000 + 1 for one in NUMBERS])


@pytest.mark.parametrize("between", ["\t", "|"])
def test_a_point_before_three_digits_is_a_decimal_point_unless_semicolons_part_the_cells(tmp_path, between):
    text = table(lambda i: f"{12 + i / 8:.3f}", between=between)
    assert [*rows(write(tmp_path / "t.csv", text))["v"]] == [12 + i / 8 for i in range(len(NUMBERS))]


@pytest.mark.parametrize("mark", [",", "."])
@pytest.mark.parametrize("more", [1000, 0])
def test_other_columns_of_the_file_show_the_mark(tmp_path, mark, more):
    # Without `more`, some stand below a thousand.
    unclear = [f"{one + more:,}".replace(",", mark) for one in NUMBERS]
    for other, is_decimal in ((f"2{mark}5", True), ("2.5" if mark == "," else "2,5", False)):
        text = "v;w\n" + "".join(f"{one};{other}\n" for one in unclear)
        found = rows(write(tmp_path / "t.csv", text))
        values = [float(one.replace(mark, "." if is_decimal else "")) for one in unclear]
        np.testing.assert_allclose(found["v"], values)
        assert (found["w"] == 2.5).all()


def test_numbers_not_written_alike_are_named_and_can_be_read(tmp_path):
    path = write(tmp_path / "t.csv", table(lambda i: f"${NUMBERS[i]}" if i % 2 else f"{NUMBERS[i]} USD"))
    with pytest.warns(
        UserWarning, match=r"'v' .* not all written alike, such as '\$.* and '.*USD'.*data\.types"
    ):
        assert load_data(path).spec.columns[0].kind == "category"
    assert [*rows(path, types={"v": "number"})["v"]] == NUMBERS
    cells = ["about 5", "-$1,000", "(3)", "1e3", "2.5 kg", "7", "5 of 6", "none"]
    path = write(tmp_path / "u.csv", table(lambda i: cells[i], 8, quote='"'))
    with pytest.warns(UserWarning, match=r"not of the type given are missing, by column: 'v' \(2\)"):
        found = load_data(path, types={"v": "number"}, test=1.0).test.examples["v"]
    assert found.fillna(0).tolist() == [5, -1000, -3, 1000, 2.5, 7, 0, 0]


YEARS = ["10+ years", "< 1 year", "1 year", *(f"{i} years" for i in range(2, 10))]


@pytest.mark.parametrize(
    ("entries", "shown", "values"),
    [
        (YEARS, "10+ years", [10, 1, *range(1, 10)]),
        (["> 100", *map(str, range(30))], "> 100", [100, *range(30)]),
        (["<0.5", "<0.5", *(f"{i}.25" for i in range(9))], "<0.5", [0.5, 0.5, *(i + 0.25 for i in range(9))]),
        (["\u2265 3 kg", *(f"{i} kg" for i in range(20))], "\u2265 3 kg", [3, *range(20)]),
        (["90+", *map(str, range(90))], "90+", [90, *range(90)]),
        (["under $5", *(f"${i}" for i in range(9)), "$9 or more"], "$9 or more", [5, *range(9), 9]),
        ([f"~{i}" for i in range(20)], "~0", [*range(20)]),
    ],
)
def test_bounds_among_numbers_are_named_and_can_be_read(tmp_path, entries, shown, values):
    path = write(tmp_path / "t.csv", table(lambda i: entries[i], len(entries)))
    words = rf"'v' is read as a category: .* bounds .* '{re.escape(shown)}'; --set .*number.* reads each"
    with pytest.warns(UserWarning, match=words) as said:
        found = load_data(path, test=1.0)
    assert (len(said), [*found.test.examples["v"]]) == (1, entries)
    assert [*rows(path, types={"v": "number"})["v"]] == values
    # Strings of a frame too, for which no file says what they are.
    with pytest.warns(UserWarning, match=r"'v' .* bounds .*types={'v': 'number'}"):
        from_frame(pd.DataFrame({"v": entries, "k": range(len(entries))}))


@pytest.mark.parametrize("entries", [["<=50K", ">50K"], ["<5", "5+"], ["0", "1", "2+"], ["5+3", "5+4"] * 9])
def test_a_few_classes_and_sums_are_categories_without_a_word(tmp_path, entries):
    text = table(lambda i: entries[i % len(entries)])
    assert rows(write(tmp_path / "t.csv", text))["v"].tolist()[0] == entries[0]


@pytest.mark.parametrize(
    ("odd", "effect"), [("about 5 of 6", "takes .* as missing"), ("no. 5", "reads what")]
)
def test_what_an_option_does_with_an_entry_that_is_no_number_is_said(tmp_path, odd, effect):
    path = write(tmp_path / "t.csv", table(lambda i: odd if i == 3 else NUMBERS[i]))
    with pytest.warns(UserWarning, match=f"39 of 40 entries are numbers, but '{odd}' is none; .* {effect}"):
        load_data(path)


# Missing entries -------------------------------------------------------------------------------------


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
    ],
)
def test_numbers_that_do_not_stand_out_are_left_alone(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_frame(pd.DataFrame({"v": np.array(values, float), "k": range(len(values))}))


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


# Files as they come ----------------------------------------------------------------------------------


def zipped(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, PLAIN)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", gzip.compress(PLAIN.encode())),
        ("t.csv.xz", lzma.compress(PLAIN.encode())),
        ("t.tsv.gz", gzip.compress(PLAIN.replace(",", "\t").encode())),
        ("t.csv", PLAIN.encode("utf-16")),
        ("t.csv", PLAIN.encode("utf-16-le")),
        ("t.csv", "# made by a tool\n# on a day, in a year\n\n" + PLAIN),
        ("t.csv", "# a line of a long report, with a comma\n" * 4000 + PLAIN),
        ("t.csv", "# made with a form feed,\f,\n" + PLAIN),
        ("t.csv", "#v,k\n" + PLAIN.partition("\n")[2]),
        ("t.csv", "sep=,\r\n" + PLAIN),
        ("t.csv", "SEP=~\n" + PLAIN.replace(",", "~")),
        ("t.csv", PLAIN.replace("\n", ",\n")),
        ("t.csv", "v,k\n" + PLAIN.partition("\n")[2].replace("\n", ",\n")),
        ("t.csv", PLAIN.replace(",", "  ")),
        ("t.csv", PLAIN.replace(",", "     ")),
        ("t.csv", PLAIN.replace(",", " ")),
    ],
    ids=[
        *("gz", "xz", "tsv.gz", "utf-16", "utf-16 without its mark", "comments above"),
        *("150 KB of comments above", "a form feed above", "names in a comment", "sep=,", "SEP=~"),
        *("ending with commas", "rows ending with commas", "two spaces", "many spaces", "one space"),
    ],
)
def test_usual_files_are_read(tmp_path, name, content):
    found = rows(write(tmp_path / name, content))
    assert [*found.columns] == ["v", "k"]
    assert [*found["v"]] == NUMBERS


def test_a_header_may_be_longer_than_what_is_read_at_first(tmp_path):
    names = [f"{letter} " * 50_000 + f"{letter}é" for letter in "vk"]
    for between in ",;":
        text = PLAIN.replace("v,k", ",".join(names)).replace(",", between)
        found = rows(write(tmp_path / "t.csv", text))
        assert [*found.columns] == names
        assert [*found[names[0]]] == NUMBERS
    path = write(tmp_path / "t.csv", "a line of a report\n" * 9000 + PLAIN)
    assert [*rows(path, skip=9000)["v"]] == NUMBERS


def test_a_zip_of_one_file_is_read_and_of_two_is_not(tmp_path):
    assert [*rows(zipped(tmp_path / "t.zip", "inner.csv"))["v"]] == NUMBERS
    with pytest.raises(
        ValueError, match=r"Expected one file in .*two\.csv\.zip, received 2 \(a\.csv, b\.csv\)"
    ):
        tables(str(zipped(tmp_path / "two.csv.zip", "a.csv", "b.csv")))


def with_field(archive, place, value):
    """The bytes of a zip of one file with a field of both of its headers changed."""
    content = bytearray(archive.read_bytes())
    for start, more in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        content[content.index(start) + place + more] = value
    return bytes(content)


@pytest.mark.parametrize(
    ("name", "damaged", "words"),
    [
        ("t.csv.gz", lambda _: gzip.compress(PLAIN.encode())[:-20], r"a whole \.gz file"),
        ("t.csv.bz2", lambda _: bz2.compress(PLAIN.encode()).replace(b"1AY", b"2BZ"), r"a whole \.bz2 file"),
        ("t.csv.zip", lambda archive: archive.read_bytes()[2:], r"a whole \.zip file"),
        ("t.csv.zip", lambda archive: with_field(archive, 6, 1), r"a \.zip file without a password"),
        ("t.csv.zip", lambda archive: with_field(archive, 8, 97), r"a \.zip file .* in a usual compression"),
    ],
    ids=["cut gz", "damaged bz2", "damaged zip", "password", "compression"],
)
def test_an_archive_that_cannot_be_read_is_one_line(tmp_path, name, damaged, words):
    path = write(tmp_path / name, damaged(zipped(tmp_path / "whole.zip", "t.csv")))
    with pytest.raises(ValueError, match=rf"Expected {words}.* in .*t\.csv\.[a-z0-9]+, received: "):
        tables(str(path))


def test_latin_1_is_read_with_a_flag_and_named_without(tmp_path):
    text = table(lambda i: ["café", "thé", "naïf"][i % 3])
    path = write(tmp_path / "t.csv", text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"t\.csv, line 2: not UTF-8; .*--encoding latin-1"):
        load_data(path)
    assert set(rows(path, encoding="latin-1")["v"]) == {"café", "thé", "naïf"}
    with pytest.raises(ValueError, match="Unknown encoding 'latin-99'"):
        load_data(path, encoding="latin-99")
    with pytest.raises(ValueError, match="Expected ascii in"):
        load_data(path, encoding="ascii")


def test_lines_above_a_table_can_be_skipped_and_lines_are_counted_with_them(tmp_path):
    path = write(tmp_path / "t.csv", "a report\nof a day\n" + PLAIN + "1\n")
    with pytest.raises(ValueError, match=r"t\.csv, line 44: expected 2 cells, received 1"):
        load_data(path, skip=2)
    assert len(rows(path, skip=2, on_error="skip")) == 40


def test_cells_with_a_space_stand_between_two_spaces(tmp_path):
    text = "full name  size\n" + "".join(f"Ann Lee {'abc'[i % 3]}  {NUMBERS[i]}\n" for i in range(40))
    found = rows(write(tmp_path / "t.csv", text))
    assert [*found.columns] == ["full name", "size"]
    assert found["full name"][0] == "Ann Lee a"


def test_sentences_are_not_cut_at_spaces(tmp_path):
    text = "words\n" + "".join(f"one two {'abc'[i % 3]}\n" for i in range(40))
    assert [*rows(write(tmp_path / "t.csv", text)).columns] == ["words"]


def test_a_table_of_r_has_the_names_of_its_rows(tmp_path):
    text = '"v" "k"\n' + "".join(f'"row {i}" {NUMBERS[i]} {i % 7}\n' for i in range(40))
    with pytest.warns(UserWarning, match="first column of .* has no name"):
        found = load_data(write(tmp_path / "t.csv", text), test=1.0).test.examples
    assert [*found["v"]] == NUMBERS
    assert found.index[3] == "row 3"


@pytest.mark.parametrize("names", ["country,2019,2020", "2018,2019,2020", "id,1,2"])
def test_a_header_of_numbers_is_a_header(tmp_path, names):
    text = f"{names}\n" + "".join(
        f"{i % 9 + 0.5},{NUMBERS[i] / 100 + 3},{NUMBERS[i] / 90 + 3}\n" for i in range(40)
    )
    found = rows(write(tmp_path / "t.csv", text))
    assert [*found.columns] == names.split(",")
    assert len(found) == 40


def test_a_first_row_of_texts_and_numbers_is_a_row_with_a_word(tmp_path):
    path = write(tmp_path / "t.csv", "".join(f"name {i},{NUMBERS[i]},{i % 7}\n" for i in range(40)))
    with pytest.warns(UserWarning, match=r"first row of .* is read as a row; --set data\.header=true"):
        assert len(load_data(path, test=1.0).test) == 40
    assert len(rows(path, header=False)) == 40
    # Rows of numbers alone, or of words that come again, are rows beyond doubt.
    path = write(tmp_path / "u.csv", "".join(f"{i + 1},{i + 2},{i + 3}\n" for i in range(40)))
    assert len(rows(path)) == 40


def test_several_columns_name_the_rows(tmp_path):
    text = "day,who,n\n" + "".join(f"{i // 2},{'ab'[i % 2]},{NUMBERS[i]}\n" for i in range(40))
    path = write(tmp_path / "t.csv", text)
    for stream in (False, True):
        found = rows(path, id=["day", "who"], stream=stream)
        assert [*found.columns] == ["n"]
        assert (found.index.name, found.index[3]) == ("day, who", "1, b")


@pytest.mark.parametrize("column", ["$1,234.50", "05/01/2024"])
def test_strings_of_a_frame_are_categories_with_a_word_and_numbers_when_said(column):
    entries = [f"${one + 0.5:,.2f}" for one in NUMBERS]
    if "/" in column:
        entries = [f"{i % 28 + 1:02}/01/2024" for i in range(40)]
    kind = "date" if "/" in column else "number"
    frame = pd.DataFrame({"v": entries, "k": range(40)})
    with pytest.warns(UserWarning, match=f"'v' of strings is read as a category, .* {kind}s .*types="):
        assert from_frame(frame).spec.columns[0].kind == "category"
    data = from_frame(frame, types={"v": kind})
    layer = TablePreprocessing(data.spec).fit(frame)
    pd.testing.assert_frame_equal(layer.restore(layer.to_x(frame)), frame)


# Checked before a training, and written as it was ----------------------------------------------------

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
    write_made(tmp_path, "made", layer.restore(layer.to_x(frame)), {}, layer.spec.columns)
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
