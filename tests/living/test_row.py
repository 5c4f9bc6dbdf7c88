"""The row on a page: score, p-value, shares and expected values follow the model when it is edited."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from browsers.headless import needs_chromium, probe
from plane_rows import correlated, rows_data
from table_rows import rows as table_rows
from table_rows import table_model, with_gaps

from kerasae import Recipe
from kerasae.applications import AnomalyDetector
from kerasae.living import LivingRow
from kerasae.report import page

READ = """
await document.querySelector(".living.row").begun;
const part = document.querySelector(".living.row").living;
const read = () => ({
  ...part.answer, entries: [...part.entries], verdict: part.verdict.textContent,
  expected: part.lines.map(one => one.expected.textContent), fields: part.lines.map(one => one.field.value)
});
const put = (place, value) => {
  const { field } = part.lines[place];
  field.value = value;
  field.dispatchEvent(new Event(field.tagName === "SELECT" ? "change" : "input"));
};
"""


def detected(model, data, tmp_path, **settings):
    detector = AnomalyDetector(model, **settings).fit(data)
    (part,) = [one for one in detector.report(data, tmp_path).pictures if isinstance(one, LivingRow)]
    return detector, part


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    model, data = table_model("undercomplete", with_gaps(table_rows(400), 0.05), latent_dim=3)
    model.fit(data.x("train"), epochs=3, verbose=0)
    return *detected(model, data, tmp_path_factory.mktemp("table")), data


def check(found, detector, raw):
    """Compare what the page says of a row with the detector."""
    assert found["score"] == pytest.approx(float(detector.score_samples(raw)[0]), rel=1e-5)
    account = detector.codec.accounts(raw)
    shares = np.asarray(detector.detector_.shares(account, detector.detector_(account)))[0]
    np.testing.assert_allclose(found["shares"], shares, rtol=0, atol=1e-5)
    assert found["p_value"] == pytest.approx(float(detector.p_values(raw)[0]), rel=1e-5)
    flagged = found["score"] > detector.threshold_
    assert found["verdict"].count("Flagged:") == flagged


@needs_chromium
def test_an_edited_row_of_a_table_is_judged_as_in_python(table, tmp_path):
    detector, part, data = table
    columns = [column["name"] for column in part.data["columns"]]
    at = {name: columns.index(name) for name in columns}
    edits = [
        ("number", 99.5, "99.5"),
        ("integer", None, ""),
        ("day", pd.Timestamp("2030-01-31"), "2030-01-31"),
        ("flag", True, "1"),
        ("category", "low", str(part.data["columns"][at["category"]]["categories"].index("low") + 1)),
        ("code", "never seen", "0"),
    ]
    script = f"""
    const first = read();
    const after = {json.dumps([[at[name], value] for name, _, value in edits])}.map(([place, value]) => {{
      put(place, value);
      return read();
    }});
    put({at["day"]}, "no date");
    const refused = [part.lines[{at["day"]}].field.validity.valid, part.entries[{at["day"]}]];
    const strongest = part.answer.reasons[0];
    part.lines[strongest].expected.querySelector("button").click();
    const taken = read();
    part.root.querySelector(".tools button").click();
    const whole = {{ difference: part.difference, hidden: part.root.hidden }};
    return {{ first, after, refused, taken, strongest, undone: read(), ...whole }};
    """
    found = probe(page.render("t", "s", ["a"], [["1"]], [], [part]), READ + script, tmp_path)
    assert not found["hidden"] and found["difference"] < 2e-6
    scores = detector.score_samples(data.test.examples)
    raw = data.test.examples.iloc[[int(np.argmax(scores))]].copy()
    check(found["first"], detector, raw)
    reasons = detector.reasons(raw).iloc[: len(found["first"]["reasons"])]
    assert [columns[place] for place in found["first"]["reasons"]] == reasons["reason"].tolist()
    for (name, value, _), read in zip(edits, found["after"], strict=True):
        raw[name] = raw[name].astype(object)
        raw.loc[raw.index[0], name] = value
        check(read, detector, raw)
    assert found["refused"][0] is False
    assert found["refused"][1] == pd.Timestamp("2030-01-31").timestamp()
    assert found["taken"]["score"] < found["after"][-1]["score"]
    assert found["undone"] == found["first"]


@needs_chromium
def test_an_expected_date_or_whole_number_is_taken_as_it_is(table, tmp_path):
    _, part, _ = table
    columns = [column["name"] for column in part.data["columns"]]
    script = f"""
    return {json.dumps([columns.index("day"), columns.index("integer")])}.map(place => {{
      Object.assign(part.columns[place], {{ center: 1769817600, scale: 86400 }});
      part.take(place, 1);
      return part.entries[place];
    }});
    """
    found = probe(page.render("t", "s", ["a"], [["1"]], [], [part]), READ + script, tmp_path)
    assert found == [1769904000, 1769904000]


@needs_chromium
@pytest.mark.parametrize(("off", "hidden"), [(0.7e-5, False), (3e-5, True)])
def test_a_small_score_may_be_off_by_a_share_of_the_threshold(table, tmp_path, off, hidden):
    _, part, _ = table
    threshold, rows = part.data["threshold"], [dict(row) for row in part.data["rows"]]
    usual = min(rows, key=lambda row: row["score"])
    assert usual["score"] < 0.5 * threshold
    usual["score"] += off * threshold
    html = page.render(
        "t", "s", ["a"], [["1"]], [], [dataclasses.replace(part, data={**part.data, "rows": rows})]
    )
    script = 'const root = document.querySelector(".living.row"); await root.begun; return root.hidden;'
    assert probe(html, script, tmp_path) is hidden


@needs_chromium
@pytest.mark.parametrize("score", [None, {"name": "combination", "scores": ["whitened", "squared_error"]}])
def test_an_edited_vector_is_judged_as_in_python(score, tmp_path):
    data = rows_data(correlated(300, 0), correlated(100, 1), correlated(60, 2))
    model = Recipe.of("variational", latent_dim=2, network={"widths": [16]}).build(data)
    detector, part = detected(model, data, tmp_path, score=score)
    html = page.render("t", "s", ["a"], [["1"]], [], [part])
    found = probe(html, READ + 'put(2, "17.25"); put(4, "-3"); return read();', tmp_path)
    raw = data.test.examples[[int(np.argmax(detector.score_samples(data.test.examples)))]].copy()
    raw[0, 2], raw[0, 4] = 17.25, -3
    check(found, detector, raw)
    names, (text, *_) = found["expected"], detector.reasons(raw)["expected"]
    assert float(names[found["reasons"][0]].split(" ± ")[0].replace(",", "")) == pytest.approx(text, rel=2e-2)


def test_scores_that_no_graph_holds_have_no_row(table, tmp_path):
    detector, _, data = table
    nearest = AnomalyDetector(detector.codec, score="nearest_neighbours").fit(data)
    assert not [one for one in nearest.report(data, tmp_path).pictures if isinstance(one, LivingRow)]


def test_the_oddest_rows_come_first(table):
    detector, part, data = table
    scores = [row["score"] for row in part.data["rows"]]
    assert scores[:20] == sorted(scores, reverse=True)[:20]
    assert scores[0] == pytest.approx(float(detector.score_samples(data.test.examples).max()), rel=1e-6)
