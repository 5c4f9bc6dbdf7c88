"""Files as they come: archives, encodings, headers."""

import bz2
import gzip
import lzma
import zipfile

import pandas as pd
import pytest
import zstandard
from written_tables import NUMBERS, rows, table, write

from kerasae import load_data
from kerasae.data._files.csv_file import CsvFile
from kerasae.data.tables import from_frame, tables
from kerasae.preprocessing import TablePreprocessing

PLAIN = table(lambda i: NUMBERS[i])


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
        ("t.csv.zst", zstandard.compress(PLAIN.encode())),
        ("t.csv.zst", zstandard.compress(PLAIN[:20].encode()) + zstandard.compress(PLAIN[20:].encode())),
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
        *(
            "gz",
            "xz",
            "zst",
            "zst of two frames",
            "tsv.gz",
            "utf-16",
            "utf-16 without its mark",
            "comments above",
        ),
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
        ("t.csv.zst", lambda _: zstandard.compress(PLAIN.encode())[:-20], r"a whole \.zst file"),
        ("t.csv.zst", lambda _: PLAIN.encode(), r"a whole \.zst file"),
        ("t.csv.zip", lambda archive: archive.read_bytes()[2:], r"a whole \.zip file"),
        ("t.csv.zip", lambda archive: with_field(archive, 6, 1), r"a \.zip file without a password"),
        ("t.csv.zip", lambda archive: with_field(archive, 8, 97), r"a \.zip file .* in a usual compression"),
    ],
    ids=["cut gz", "damaged bz2", "cut zst", "no zst", "damaged zip", "password", "compression"],
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


@pytest.mark.parametrize(
    "cells",
    [
        lambda i: f"{i},{i % 10};pump;{i},5",
        lambda i: f"pump;{i % 28 + 1:02}.01.2024",
        lambda i: f"${i + 1}.50;pump",
        lambda i: f"pump;{i + 1}%",
    ],
)
def test_a_first_row_written_like_those_below_is_a_row(tmp_path, cells):
    assert len(rows(write(tmp_path / "t.csv", "".join(f"{cells(i)}\n" for i in range(40))))) == 40


def test_dates_and_dressed_numbers_show_that_names_stand_in_a_comment_or_nowhere(tmp_path):
    path = write(tmp_path / "t.csv", "# day;part\n" + "".join(f"{i + 1:02}.01.2024;pump\n" for i in range(9)))
    assert [*rows(path).columns] == ["day", "part"]
    path = write(tmp_path / "u.csv", "01.02.2024;pump\n")
    assert CsvFile(path, None, wanted=["column_1", "column_2"]).names == ["column_1", "column_2"]


@pytest.mark.parametrize("names", ["2024-01-31;2024-02-29", "5 bar;x1", "5%;95%"])
def test_a_header_of_dates_and_numbers_above_others_is_a_header(tmp_path, names):
    found = rows(write(tmp_path / "t.csv", f"{names}\n" + "".join(f"{i}.25;{i % 7}\n" for i in range(40))))
    assert [*found.columns] == names.split(";") and len(found) == 40


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
