"""A user's texts come out as they went in, in figures, in the terminal, on pages and in spreadsheets."""

import csv
import io
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from kerasae.cli import main
from kerasae.cli._output import console, print_table, typed, visible
from kerasae.report import Best, page
from kerasae.report.canvas import Canvas, legend_label
from kerasae.report.figures import code_maps, score_histograms
from kerasae.report.sheet import plain, write_sheet

#: What is a formula, a style, a tag, an escape sequence or a name with a meaning somewhere.
NASTY = [
    "$",
    "$$",
    r"$\frac$",
    "_x",
    "[/x]",
    "[bold]a",
    ":warning:",
    "<script>alert(1)</script>",
    "=1+1",
    "*",
    "a\x1b[2J",
    "{{ 7 }}",
    "%s {0}",
    "\udcff",
]


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return imread(io.BytesIO(buffer.getvalue()))


def test_labels_of_a_map_are_no_mathematics():
    labels = np.array(NASTY)
    figure = code_maps({name: np.random.rand(len(labels), 2) for name in ("$$", "a_{")}, labels, "$^$")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        drawn(figure)
    shown = {text.get_text().lstrip("\u200b") for text in figure.legends[0].get_texts()}
    assert shown == {*NASTY[:-1], r"\udcff"}


def test_a_text_between_dollars_is_drawn_as_it_is_and_powers_of_ten_as_powers():
    def image(text):
        figure = Canvas(figsize=(2, 1))
        figure.text(0.1, 0.5, text)
        return drawn(figure)

    assert not np.array_equal(image("$x$"), image(r"\$x\$"))
    assert not np.array_equal(image("$x$"), image("x"))
    figure = score_histograms({legend_label("_a"): np.array([1.0, 1e4])}, 10.0)
    drawn(figure)
    powers = [label for label in figure.axes[0].get_xticklabels() if "mathdefault" in label.get_text()]
    assert powers
    assert all(label.get_parse_math() for label in powers)
    assert len(figure.axes[0].get_legend().get_texts()) == 2


@pytest.mark.parametrize("text", NASTY)
def test_the_terminal_shows_a_text_as_it_is(text, capsys):
    print_table([text, "b"], [[text, Best(text)]], text)
    console().print(text, style="dim")
    shown = capsys.readouterr().out
    assert shown.count(visible(text)) >= 5
    assert "\x1b[2J" not in shown


def test_a_command_can_be_typed_again():
    assert typed("kerasae", "verify", "a b/[x]$") == "`kerasae verify 'a b/[x]$'`"


@pytest.mark.parametrize("text", NASTY)
def test_a_page_holds_a_text_and_no_tag_of_it(text, tmp_path):
    listing = page.Listing(text, text, [text], [[text]])
    html = page.render(text, text, [text], [[text, Best(text)]], [(True, text)], [], [text], [listing])
    path = tmp_path / "report.html"
    page.write(path, html)
    written = path.read_text(encoding="utf-8")
    # The page has one script of its own.
    assert written.count("<script") == written.count("</script") == 1
    assert written.count('class="best"') == 1
    if text.isalnum() or text == "*":
        assert f">{text}</td>" in written


def test_a_spreadsheet_gets_no_formula_and_numbers_stay_numbers(tmp_path):
    formulas = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "＝1", "-a"]
    others = ["-5", "-1.5e-3", "+49 30 1234", "-", "--", "+", "@", "=", "a=1", "", "-3,5 %", "'=1"]
    assert [plain(text) for text in formulas] == [f"'{text}" for text in formulas]
    assert [plain(text) for text in others] == others
    frame = pd.DataFrame(
        {"=a": formulas, "number": np.arange(8.0) - 4, "mixed": [-1, "=x", None, *"abcde"], "-b": -1}
    )
    write_sheet(frame.iloc[:3], tmp_path / "a.csv")
    write_sheet(frame.iloc[3:], tmp_path / "a.csv", append=True)
    again = pd.read_csv(tmp_path / "a.csv")
    assert [*again.columns] == ["'=a", "number", "mixed", "'-b"]
    assert [*again["number"]] == [*frame["number"]]
    assert again["mixed"][:2].tolist() == ["-1", "'=x"]
    assert [*again["'-b"]] == [-1] * 8
    with (tmp_path / "a.csv").open(newline="") as file:
        assert [row[0] for row in csv.reader(file)][1:] == [f"'{text}" for text in formulas]
    categories = pd.DataFrame({"a": pd.Categorical(["=1+1", "b"])})
    write_sheet(categories, tmp_path / "b.csv")
    assert pd.read_csv(tmp_path / "b.csv")["a"].tolist() == ["'=1+1", "b"]


@pytest.mark.slow
def test_the_whole_way_with_such_texts(tmp_path, capsys):
    """Labels, columns, categories, ids and folders, from `train` to the files of an application."""
    rng = np.random.default_rng(0)
    texts = [text for text in NASTY if text not in ("\udcff", "a\x1b[2J")]
    frame = pd.DataFrame({f"{text} {number}": rng.normal(size=60) for number, text in enumerate(texts[:6])})
    frame["[/x]"] = rng.choice(texts, 60)
    frame["$"] = rng.choice(texts, 60)
    frame.insert(0, "@id", [f"{texts[number % 6]} {number}" for number in range(60)])
    source, out = tmp_path / "[b] $x [" / "a.csv", tmp_path / "[b] $x [" / "x]"
    source.parent.mkdir()
    frame.to_csv(source, index=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert ended.value.code == 0, captured.err
        return captured.out

    quick = ["--epochs", "1", "--set", "network.widths=[8]", "--latent-dim", "2"]
    shown = run("train", source, "--labels", "$", "--id", "@id", "--out", out, *quick)
    assert f"Run: {out}   Page: {out / 'report.html'}\n" in shown
    html = (out / "report.html").read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html
    shown = run("apply", "reduction", out, "--out", tmp_path / "[r]", "--no-baselines")
    assert f"Files: {tmp_path / '[r]'}   Page:" in shown
    codes = pd.read_csv(tmp_path / "[r]" / "codes.csv")
    for name in ("row", "label"):
        assert not codes[name].astype(str).str.startswith("=").any()
    assert codes["label"].isin([plain(text) for text in texts]).all()
