"""Reasons: what stands in an odd entry, and what the model expects there, in the units of the user."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from kerasae import Recipe, registry, train
from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._entries import Entries
from kerasae.applications.anomaly._expected import fit_expectation, rebuilder
from kerasae.applications.anomaly._reasons import Explainer, Reasons
from kerasae.applications.anomaly._report import Axis
from kerasae.applications.anomaly._sentences import on_flags
from kerasae.baselines import PCA, TablePCA
from kerasae.data import Data, Split, array_spec
from kerasae.data.tables import from_frame
from kerasae.losses import HIGHEST
from kerasae.preprocessing import TextPreprocessing
from kerasae.presets import settings
from kerasae.report.page import Listing, render
from kerasae.scores import Expectation, picked
from kerasae.scores._expectation import hidden_entries
from kerasae.spec import Spec


def machines(rows=900):
    """Readings of a machine: the torque follows from speed and count, the kind and the day from the speed."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, rows))
    days = pd.to_timedelta((100 + 30 * a).round(), unit="D")
    return pd.DataFrame(
        {
            "speed": 1500 + 300 * a,
            "torque": 40 + 9 * a - 4 * b,
            "count": (50 + 10 * b).round().astype(int),
            "kind": np.where(a > 0, "hot", "cold"),
            "on": b > 0,
            "day": pd.Timestamp("2024-01-01") + days,
        }
    )


@pytest.fixture(scope="module")
def fitted():
    """A detector of machines that was trained as the preset says, but for fewer steps."""
    data = from_frame(machines())
    recipe = Recipe.of().override({**settings("detector", data.spec), "train.steps": 500})
    recipe = recipe.override({"network.widths": [64], "network.latent_dim": 32})
    data = recipe.prepare(data)
    model = recipe.build(data)
    train(model, data, **recipe.train)
    return AnomalyDetector(model, false_alarms=0.05).fit(data), data


def spoiled(data):
    """Rows with one fault each, and the true value."""
    rows = data.test.examples.iloc[:6].copy()
    true = [rows[name].iloc[place] for place, name in enumerate(rows.columns)]
    rows.iloc[0, 0] = 4000.0
    rows.iloc[1, 1] = -60.0
    rows.iloc[2, 2] = 500
    rows.iloc[3, 3] = "hto"
    rows.iloc[4, 4] = not rows.iloc[4, 4]
    rows.iloc[5, 5] = pd.Timestamp("1924-04-01")
    return rows, true


@pytest.mark.slow
def test_a_predictable_entry_is_expected_as_it_was_in_the_units_of_the_user(fitted):
    detector, data = fitted
    rows, true = spoiled(data)
    reasons = detector.reasons(rows)
    assert [*reasons.columns] == ["row", "rank", "reason", "value", "expected", "spread", "share", "rule"]
    assert [*reasons["row"]] == [*np.repeat(range(6), 3)]
    first = reasons[reasons["rank"] == 1].reset_index(drop=True)
    # The other boolean is the weakest of these faults.
    named = [0, 1, 2, 3, 5]
    assert [*first["reason"][named]] == [rows.columns[place] for place in named]
    assert [*first["value"][named]] == [rows.iloc[place, place] for place in named]
    for place, slack in ((0, 100.0), (1, 4.0), (2, 8)):
        expected, spread = first.loc[place, ["expected", "spread"]]
        assert abs(expected - true[place]) < slack
        assert abs(expected - true[place]) < 5 * spread < 5 * slack
    assert isinstance(first["expected"][2], int)
    assert first["expected"][3] == true[3]
    of_boolean = reasons[(reasons["row"] == 4) & (reasons["reason"] == "on")]
    assert [*of_boolean["value"]] == [not true[4]] and [*of_boolean["expected"]] == [true[4]]
    assert first["spread"][3] is None and of_boolean["spread"].isna().all()
    assert abs(first["expected"][5] - true[5]) < pd.Timedelta(days=15)
    assert 0 < first["spread"][5] < 15
    assert (first["share"] > 0.3).all()
    shares = reasons.groupby("row")["share"]
    assert (shares.sum() <= 1 + 1e-6).all()
    assert shares.apply(lambda share: share.is_monotonic_decreasing).all()
    added = detector.explain(rows)
    of_all = np.sort(added / added.sum(axis=1, keepdims=True), axis=1)[:, :-4:-1]
    np.testing.assert_allclose(reasons["share"].to_numpy().reshape(6, 3), of_all, rtol=1e-4)


@pytest.mark.slow
def test_a_missing_entry_is_said_and_filled(fitted):
    detector, data = fitted
    rows, true = spoiled(data)
    rows.iloc[0, 0] = np.nan
    reasons = detector.reasons(rows.iloc[:1])
    assert reasons["reason"][0] == "speed" and reasons["value"][0] is None
    assert abs(reasons["expected"][0] - true[0]) < 150
    words = Explainer(detector.codec, detector.spec_, detector.detector_, 3).explain(rows.iloc[:1])
    assert words.sentence(0).startswith("speed missing, which is rare in training, expected ")


@pytest.mark.slow
def test_a_row_that_cannot_be_judged_names_what_is_missing(fitted):
    detector, data = fitted
    empty = data.test.examples.iloc[:1].astype(object)
    empty.iloc[0] = None
    assert detector.score_samples(empty)[0] == HIGHEST
    reasons = detector.reasons(empty)
    assert reasons["value"].isna().all() and reasons["expected"].notna().all()
    np.testing.assert_allclose(reasons["share"], 1 / 6, rtol=1e-6)


@pytest.mark.slow
def test_the_spread_is_the_error_of_the_estimate_on_new_rows(fitted):
    detector, data = fitted
    expectation = detector.detector_.expectation
    assert expectation.rounds in (1, 2, 3)
    x = data.x("test")[:100]
    rebuild = rebuilder(detector.codec, data.spec)
    for entry in range(3):
        number = np.full((len(x), 1), entry)
        guess = np.asarray(picked(expectation.expected(x, number, rebuild), number))[:, 0]
        error = np.sqrt(np.mean(np.square(guess - x[:, entry])))
        assert error == pytest.approx(float(expectation.spread[entry]), rel=0.6)
    assert np.isnan(expectation.hidden).all()
    assert [*np.asarray(expectation.spread)[3:5]] == [0, 0]


def test_the_entry_and_those_before_it_are_hidden():
    hidden = np.asarray(hidden_entries(np.array([[2, 0, 3], [1, 2, 0]]), 5)).astype(int)
    assert hidden[0].tolist() == [[0, 0, 1, 0, 0], [1, 0, 1, 0, 0], [1, 0, 1, 1, 0]]
    assert hidden[1].tolist() == [[0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [1, 1, 1, 0, 0]]


def test_an_exact_reconstruction_gives_the_exact_value():
    """A linear rule: the last of four numbers is the sum of the others, which two rounds cannot miss."""
    expectation = Expectation(4)
    expectation.set(np.full(4, 9.0), np.ones(4), 2)
    x = np.array([[1, 2, 3, 60], [np.inf, 1, 1, 2]], "float32")

    def rebuild(rows):
        rows = np.asarray(rows)
        return np.concatenate([rows[:, :3] * 0 + 0.5, rows[:, :3].sum(axis=1, keepdims=True)], axis=1)

    number = np.array([[3, 0, 1], [0, 3, 1]])
    filled = expectation.expected(x, number, rebuild)
    # An entry that is not finite is hidden everywhere.
    np.testing.assert_allclose(picked(filled, number), [[6, 0.5, 0.5], [0.5, 2.5, 0.5]])
    np.testing.assert_allclose(picked(x, number[:, :1]), [[60], [np.inf]])


def test_rounds_are_chosen_and_the_spread_is_an_error():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3)).astype("float32")
    rows = Data("rows", array_spec(x), Split(x), Split(x[:0]), Split(x[:0]))
    expectation = Expectation(3)
    noise = np.array([0.1, 0.0, 2.0])

    def slow(rows):
        """Half of the way to 1 in each round, so that more rounds are better for rows of 1."""
        return (np.asarray(rows) + 1.0) / 2.0

    fit_expectation(expectation, rows, np.ones((200, 3), "float32"), slow)
    assert expectation.rounds == 3
    np.testing.assert_allclose(expectation.hidden, x.mean(axis=0), atol=1e-6)
    left = np.abs(x.mean(axis=0) - 1.0) / 8
    np.testing.assert_allclose(expectation.spread, left, rtol=1e-3)
    fit_expectation(expectation, rows, (noise * rng.normal(size=(256, 3))).astype("float32"), np.zeros_like)
    assert expectation.rounds == 1
    np.testing.assert_allclose(expectation.spread, noise, rtol=0.15, atol=1e-6)


def test_a_codec_without_finite_answers_is_refused():
    x = np.random.default_rng(0).normal(size=(30, 3)).astype("float32")
    rows = Data("rows", array_spec(x), Split(x), Split(x[:0]), Split(x[:0]))
    with pytest.raises(ValueError, match="Expected finite reconstructions of normal rows, received NaN"):
        fit_expectation(Expectation(3), rows, x, lambda shown: np.full_like(shown, np.nan))


@pytest.mark.parametrize("kind", ["vector", "table"])
def test_a_codec_that_is_no_model_gives_reasons(kind):
    frame = machines()[["speed", "torque", "count"]].astype(float)
    if kind == "table":
        data = from_frame(frame)
        data = Recipe.of("undercomplete").prepare(data)
        codec, rows = TablePCA(2, indicators=True).fit(data), data.test.examples.iloc[:2].copy()
        rows.iloc[0, 1] = 300.0
        name = "torque"
    else:
        x = frame.to_numpy("float32")
        parts = {"train": x[:500], "validation": x[500:600], "calibration": x[600:800], "test": x[800:]}
        data = Recipe.of("undercomplete").prepare(
            Data("rows", array_spec(x), **{part: Split(rows) for part, rows in parts.items()})
        )
        codec, rows = PCA(2).fit(data), x[800:802].copy()
        rows[0, 1] = 300.0
        name = "feature 1"
    reasons = AnomalyDetector(codec).fit(data).reasons(rows)
    line = reasons[(reasons["row"] == 0) & (reasons["reason"] == name)].iloc[0]
    assert line["value"] == 300.0 and -20 < line["expected"] < 120


def test_an_unknown_word_stands_in_the_reasons_as_it_was_written():
    layer = TextPreprocessing(Spec("text", (0,), "string")).fit(["b a, a!", "a c", "A"])
    texts = ["a zebra! c", "a"]
    entries = Entries(layer.spec, layer)
    for given in (texts, pd.Series(texts, index=[7, 9])):
        assert entries.values(given, layer.to_x(texts), np.array([[1, 0], [0, 1]])).tolist() == [
            ["zebra!", "a"],
            ["a", "[END]"],
        ]


def test_the_sentence_says_value_expectation_and_share():
    reasons = Reasons(
        np.array([["torque", "kind", "day"]], object),
        np.array([[84, "red", pd.Timestamp("2024-05-06")]], object),
        np.array([[41.27, "blue", pd.Timestamp("2023-05-06")]], object),
        np.array([[2.87, None, 3.4]], object),
        np.array([[0.62, 0.3, 0.08]]),
    )
    assert reasons.sentence(0) == (
        "torque 84, expected 41 ± 3 (62 % of the score); kind red, expected blue (30 % of the score); "
        "day 2024-05-06, expected 2023-05-06 ± 3 days (8 % of the score)"
    )
    columns = reasons.columns()
    assert [*columns][:6] == ["reason_1", "value_1", "expected_1", "spread_1", "share_1", "reason_2"]
    assert columns.loc[0, "value_3"] == "2024-05-06" and columns.loc[0, "expected_1"] == 41.27


@pytest.mark.parametrize(
    ("value", "expected", "spread", "words"),
    [
        (41, 41.27, 2.87, "41, expected 41.3 ± 3"),
        (41, 41, 2.87, "41, as expected"),
        ("red", "red", None, "red, as expected"),
        (41.2, 41.27, 2.87, "41.2, expected 41 ± 3"),
        (None, 41, 2.87, "missing, expected 41 ± 3"),
        (3, -0.3, 1.2, "3, expected 0 ± 1"),
    ],
)
def test_a_value_as_expected_is_no_reason(value, expected, spread, words):
    def reasons(order):
        columns = [["kind", "red", "blue", None, 0.5], ["torque", value, expected, spread, 0.5]]
        parts = zip(*[columns[place] for place in order], strict=True)
        return Reasons(*(np.array([[*part]], object) for part in parts))

    kind, torque = "kind red, expected blue (50 % of the score)", f"torque {words} (50 % of the score)"
    assert reasons([1, 0]).sentence(0) == f"{torque}; {kind}"
    same = value in (41, "red")
    assert reasons([0, 1]).sentence(0) == (kind if same else f"{kind}; {torque}")


@pytest.mark.slow
def test_the_sheet_is_flat(fitted, tmp_path):
    detector, data = fitted
    rows, _ = spoiled(data)
    finding = detector.report(dataclasses.replace(data, test=Split(rows)), tmp_path)
    sheet = pd.read_csv(tmp_path / "scores.csv")
    of_reasons = [
        f"{part}_{number}"
        for number in (1, 2, 3)
        for part in ("reason", "value", "expected", "spread", "share", "rule")
    ]
    assert [*sheet.columns] == ["rank", "row", "score", "p_value", "anomalous", *of_reasons, "because"]
    assert [*sheet["rank"]] == [*range(1, 7)] and sheet["score"].is_monotonic_decreasing
    flagged = sheet[sheet["anomalous"] == 1]
    assert len(flagged) >= 5
    assert flagged["because"].str.contains(r"expected .* % of the score\)").all()
    by_row = sheet.set_index("row").loc[rows.index]
    assert [*by_row["reason_1"]][:4] == [*rows.columns][:4]
    assert float(by_row["value_1"].iloc[1]) == -60 and by_row["value_1"].iloc[3] == "hto"
    assert by_row["because"].iloc[1].startswith("torque -60, outside of ")
    assert by_row["rule_1"].iloc[0].startswith("outside of ")
    assert finding.metric("flagged").value == len(flagged)


def test_the_page_sorts_searches_and_filters_without_a_network():
    held_out, scores = np.array([1.0, 2.0, 4.0, 8.0]), np.array([1000.0, 3.0])
    axis = Axis.of(held_out, scores, 9.0)
    assert 0 < axis.band[0] < axis.band[1] < axis.limit < 1
    odd, usual = axis.place(1000.0), axis.place(3.0)
    assert odd.dot == 1 and axis.band[0] < usual.dot < axis.band[1]
    assert (odd, usual) == (
        "odder than 4 of 4 calibration rows",
        "odder than 2 of 4 calibration rows",
    )
    listing = Listing("Odd", "Rows.", ["rank", "where", "reason"], [["1", odd, "<torque>"]], filtered=2)
    html = render("t", "s", ["a"], [["1"]], [], [], listings=[listing])
    assert 'data-filtered="2"' in html and "every reason" in html and "&lt;torque&gt;" in html
    assert 'class="dot" style="left:100.0%"' in html
    # Only the script of the page, and nothing that it could load.
    assert html.count("<script>") == 1 and " src=" not in html and "://" not in html
    plain = render("t", "s", ["a"], [["1"]], [], [], listings=[Listing("Odd", "Rows.", ["a"], [["1"]])])
    assert 'data-filtered="' not in plain and 'class="tools"' not in plain


@pytest.mark.parametrize(("rows", "needed"), [(5, 99), (98, 99), (99, None)])
def test_too_few_rows_for_a_rate_are_said_with_the_number_that_is_needed(rows, needed):
    threshold = registry.get("threshold", "quantile", false_alarms=0.01).fit(np.arange(float(rows)))
    said = on_flags(threshold, 1, 50)
    assert "95% confidence" in said[0][1]
    if needed is None:
        assert len(said) == 1
    else:
        assert said[1] == (
            False,
            f"A rate of 1 % needs at least {needed} calibration rows; there are {rows}, so that nothing "
            "bounds the share of false alarms at this rate.",
        )


@pytest.mark.parametrize(("flagged", "differ"), [(50, False), (51, True)])
def test_rows_that_are_nearly_all_flagged_differ_as_a_whole(flagged, differ):
    threshold = registry.get("threshold", "quantile", false_alarms=0.01).fit(np.arange(999.0))
    said = on_flags(threshold, flagged, 100)
    assert any("differ as a whole" in words and not good for good, words in said) == differ
