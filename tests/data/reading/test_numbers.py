"""Numbers as they are written: marks of thousands, decimal commas, bounds."""

import re

import numpy as np
import pandas as pd
import pytest
from written_tables import NUMBERS, rows, table, write

from kerasae import load_data
from kerasae.data.tables import from_frame


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
