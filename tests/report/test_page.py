"""The page itself: sorting, themes, print, and the meaning of figures."""

import ast
import html
import re
from pathlib import Path

import numpy as np
from browsers.headless import needs_chromium, probe

from kerasae.report import figures, page
from kerasae.report.meanings import meanings

ROOT = Path(__file__).parents[2]


def rendered(**changes):
    listing = page.Listing(
        "Odd rows",
        "By falling score.",
        ["rank", "score", "reason"],
        [["1", "1,000", "b"], ["2", "30.5", "a"], ["3", "−4", "–"], ["4", "–", "a"]],
        filtered=2,
    )
    nested = page.Listing("Both", "", ["", "x"], [["original 1", "1"], ["  pca", "2"]])
    rows = [["pca", "0.30 ± 0.01", "–"], ["vae", "0.20 ± 0.10", "7"], ["ae", "0.25", "10"]]
    pictures = [
        page.Picture("Map", "Codes.", figures.code_maps({"a": np.eye(4)}, None)),
        page.Picture("Images", "Some.", figures.reconstructions(np.ones((2, 3, 3, 1)), {})),
    ]
    headings = ["", "test error", "parameters"]
    return page.render("t", "s", headings, rows, [], pictures, listings=[listing, nested], **changes)


@needs_chromium
def test_a_heading_sorts_up_down_and_back(tmp_path):
    script = """
    const text = (row, number) => row.cells[number].textContent;
    const column = (table, number) => [...table.tBodies[0].rows].map(row => text(row, number));
    const usable = button => button.tabIndex === 0 && (button.textContent || button.ariaLabel);
    const [figures, odd, both] = document.querySelectorAll("table");
    const click = (table, number) => {
      const head = table.tHead.rows[0].cells[number];
      head.querySelector("button").click();
      return [head.getAttribute("aria-sort"), column(table, number)];
    };
    return {
      figures: [2, 2, 2, 1, 0].map(number => click(figures, number)),
      odd: [click(odd, 1), click(odd, 1), click(odd, 2)],
      sorted: document.querySelectorAll("[aria-sort]").length,
      nested: both.querySelectorAll("button").length,
      focusable: [...figures.querySelectorAll("th button")].every(usable),
    };
    """
    found = probe(rendered(), script, tmp_path)
    assert found["figures"] == [
        ["ascending", ["7", "10", "–"]],
        ["descending", ["10", "7", "–"]],
        [None, ["–", "7", "10"]],
        ["ascending", ["0.20 ± 0.10", "0.25", "0.30 ± 0.01"]],
        ["ascending", ["ae", "pca", "vae"]],
    ]
    assert found["odd"] == [
        ["ascending", ["−4", "30.5", "1,000", "–"]],
        ["descending", ["1,000", "30.5", "−4", "–"]],
        ["ascending", ["a", "a", "b", "–"]],
    ]
    assert found["sorted"] == 2 and found["nested"] == 0 and found["focusable"]


@needs_chromium
def test_the_theme_is_that_of_the_system_until_a_reader_switches(tmp_path):
    script = """
    const button = document.querySelector("#theme"), style = () => getComputedStyle(document.body);
    const read = () => [button.textContent, style().backgroundColor, style().color,
      getComputedStyle(document.querySelector("img.drawing")).filter !== "none",
      getComputedStyle(document.querySelector("img.photo")).filter.includes("invert")];
    const before = read();
    button.click();
    const after = read();
    button.click();
    return [before, after, read(), button.hidden];
    """
    before, after, again, hidden = probe(rendered(), script, tmp_path)
    assert before == again == ["Dark theme", "rgb(255, 255, 255)", "rgb(27, 31, 36)", False, False]
    assert after == ["Light theme", "rgb(15, 20, 26)", "rgb(230, 237, 243)", True, False]
    assert not hidden


@needs_chromium
def test_text_has_enough_contrast_in_both_themes(tmp_path):
    """WCAG 2.2, criterion 1.4.3: 4.5 to 1."""
    script = """
    const probe = document.body.appendChild(document.createElement("span"));
    const channel = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const light = name => {
      probe.style.color = `var(--${name})`;
      const [r, g, b] = getComputedStyle(probe).color.match(/[\\d.]+/g).map(value => channel(value / 255));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one, other) => {
      const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
      return (high + 0.05) / (low + 0.05);
    };
    const pairs = [["text", "ground"], ["text", "raised"], ["muted", "ground"], ["muted", "raised"],
      ["link", "ground"], ["text", "good-ground"], ["text", "bad-ground"]];
    const all = () => pairs.map(([one, other]) => [`${one} on ${other}`, contrast(one, other)]);
    const found = all();
    document.querySelector("#theme").click();
    return [...found, ...all()];
    """
    low = [one for one in probe(rendered(), script, tmp_path) if one[1] < 4.5]
    assert not low


def test_every_picture_has_a_text_and_every_heading_a_scope():
    text = rendered()
    for image in re.findall(r"<img [^>]*>", text):
        assert re.search(r'alt="[^"]+"', image)
    assert all("scope=" in head for head in re.findall(r"<th\b[^>]*>", text))


def test_each_figure_has_a_meaning_a_click_away():
    text = rendered()
    folded = re.search(r"<details.*?</details>", text, re.DOTALL)[0]
    assert re.findall(r"<dt>(.*?)</dt>", folded) == ["test error", "parameters"]
    assert "Number of trained weights." in html.unescape(folded)
    assert "<details" not in page.render("t", "s", ["", "unheard of"], [["a", "1"]], [], [])


def test_every_metric_of_the_library_has_a_meaning():
    found = set()
    for folder in ("kerasae", "tuning"):
        for path in (ROOT / folder).rglob("*.py"):
            source = path.read_text()
            for node in ast.walk(ast.parse(source)) if "etric(" in source else ():
                if not isinstance(node, ast.Call) or len(node.args) < 2:
                    continue
                if getattr(node.func, "id", getattr(node.func, "attr", "")) in ("Metric", "_metric"):
                    found |= headings_of(node.args[1])
    assert len(found) > 50
    assert [heading for heading in sorted(found) if not meanings([heading])] == []


def headings_of(node):
    """The heading of a metric, with a number for what is formatted; nothing if a variable holds it."""
    if isinstance(node, ast.Constant):
        return {node.value}
    if not isinstance(node, ast.JoinedStr) or not isinstance(node.values[0], ast.Constant):
        return set()
    return {"".join(str(part.value) if isinstance(part, ast.Constant) else "5" for part in node.values)}


def test_the_longest_beginning_of_a_heading_counts_and_no_word_is_cut():
    known = dict(
        meanings(["error", "error of the mean", "precision", "precision@10", "changed", "accuracy, 5 labels"])
    )
    assert "changed" not in known and "accuracy, 5 labels" in known
    assert known["error"] != known["error of the mean"] and known["precision"] != known["precision@10"]
