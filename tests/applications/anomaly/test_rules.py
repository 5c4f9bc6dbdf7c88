"""Rules: which rule of the training rows an odd entry breaks, in words."""

import re

import numpy as np
import pandas as pd
import pytest

from kerasae.applications import AnomalyDetector
from kerasae.applications.anomaly._accounts import account_of
from kerasae.applications.anomaly._reasons import Explainer
from kerasae.baselines import TablePCA
from kerasae.data.tables import from_frame
from kerasae.preprocessing.table import TablePreprocessing
from kerasae.scores.support import SupportScore


def people(rows=3000):
    """Rows that keep a rule of each kind."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, rows))
    sex = np.where(rng.random(rows) < 0.5, "Female", "Male")
    role = np.where(rng.random(rows) < 0.4, "Single", np.where(sex == "Female", "Wife", "Husband"))
    begin = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.uniform(0, 300, rows).round(), unit="h")
    frame = pd.DataFrame(
        {
            "speed": 1500 + 300 * a,
            "count": (50 + 10 * b).round(),
            "zone": rng.choice(["Chapala", "Tonala", "Zapopan"], rows),
            "sex": sex,
            "role": role,
            "begin": begin,
            "end": begin + pd.to_timedelta(rng.exponential(20, rows).round() + 1, unit="h"),
            "smoker": np.where(b > 1, "yes", "no"),
            "charge": np.where(b > 1, 20_000, 2000) + 3000 * rng.random(rows),
            "left": a + rng.normal(size=rows),
            "right": b + rng.normal(size=rows),
        }
    )
    frame.loc[rng.random(rows) < 0.1, ["left", "right"]] = np.nan
    return frame


@pytest.fixture(scope="module")
def fitted():
    data = from_frame(people())
    data = data.with_preprocessor(TablePreprocessing(data.spec))
    return AnomalyDetector(TablePCA(4, indicators=True).fit(data)).fit(data), data


def because(fitted, changes):
    """Return the first reason, its rule and its sentence for a test row with some entries changed."""
    detector, data = fitted
    row = data.test.examples.iloc[[0]].copy()
    for name, value in changes.items():
        row[name] = value
    reasons = detector.explainer.explain(row)
    return reasons.name[0, 0], reasons.rule[0, 0], reasons.sentence(0)


@pytest.mark.parametrize(
    ("changes", "entry", "rule"),
    [
        ({"count": 50.5}, "count", "nearly all others are whole"),
        ({"zone": "Chapalla"}, "zone", "not in the training rows, spelt nearly like Chapala"),
        ({"zone": "Rome"}, "zone", "not in the training rows"),
        ({"zone": "Tnoala"}, "zone", "not in the training rows, spelt nearly like Tonala"),
        ({"sex": "Female", "role": "Husband"}, "role", "hardly ever with sex Female in training"),
        (
            {"begin": pd.Timestamp("2024-01-09 02:00"), "end": pd.Timestamp("2024-01-08 22:00")},
            "begin",
            "later than end 2024-01-08 22:00:00, unlike in training",
        ),
        ({"smoker": "yes", "charge": 2100.0}, "smoker", "hardly ever with charge 2100 in training"),
        (
            {"left": np.nan, "right": 0.25},
            "left",
            "beside right 0.25, though in training both are missing together",
        ),
        ({"sex": None}, "sex", "which is rare in training"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_the_rule_that_an_entry_breaks_is_said(fitted, changes, entry, rule):
    name, broken, sentence = because(fitted, changes)
    assert (name, broken) == (entry, rule)
    assert rule in sentence


def test_the_ends_of_ranges_and_holes_are_those_of_the_training_rows(fitted):
    """Ends are kept in float32, in units of `x`."""
    speed = fitted[1].train.examples["speed"]
    name, rule, _ = because(fitted, {"speed": 9000.0})
    assert name == "speed"
    found = re.fullmatch(r"outside of ([\d.,]+) to ([\d.,]+), the usual range", rule)
    low, high = (float(word.replace(",", "")) for word in found.groups())
    assert (low, high) == pytest.approx((speed.min(), speed.max()), rel=1e-4)
    charge = fitted[1].train.examples["charge"]
    name, rule, _ = because(fitted, {"charge": 11_000.0, "smoker": "no"})
    assert name == "charge"
    *_, low, _, high = rule.split()
    low, high = (float(end.replace(",", "")) for end in (low, high))
    assert charge[charge < 11_000].max() <= low < 11_000 < high <= charge[charge > 11_000].min()


def test_a_usual_row_breaks_no_rule_and_keeps_its_sentence(fitted):
    detector, data = fitted
    reasons = detector.explainer.explain(data.test.examples)
    usual = np.equal(reasons.rule, None).all(axis=1)
    # All rules of a kind are broken by a few of a hundred rows.
    assert usual.mean() > 0.8
    row = int(np.flatnonzero(usual)[0])
    assert reasons.sentence(row) == reasons._replace(rule=None).sentence(row)
    assert [*reasons.columns()][5] == "rule_1"
    assert reasons.frame()["rule"].notna().sum() == np.not_equal(reasons.rule, None).sum()


def test_the_evidence_is_the_sum_of_its_parts(fitted):
    """By hand: each order and pair gives half of its evidence to each of its columns."""
    detector, data = fitted
    support = detector.detector_.score.support
    rows = people(400).sample(frac=1, random_state=1)
    # Rows whose entries belong to different people break every rule for two.
    for name in rows:
        rows[name] = rows[name].sample(frac=1, random_state=len(name)).to_numpy()
    rows["count"] += 0.5
    rows["zone"] = "Rome"
    account = support.taken(account_of(detector.codec, data.spec, rows))
    parts = {name: np.asarray(part) for name, part in support.parts(account).items()}
    assert all(part.any() for part in parts.values()), [
        name for name, part in parts.items() if not part.any()
    ]
    halves = np.asarray(support.differences) != 0
    owners = np.asarray(support.owners)
    summed = parts["range"] + parts["step"] + parts["gap"] + parts["cell"] @ owners.T
    summed += 0.5 * parts["order"] @ halves.T
    summed += parts["pair"] @ owners[:, : parts["pair"].shape[1]].T
    np.testing.assert_allclose(np.asarray(support.features(account)), summed, rtol=1e-5, atol=1e-5)


def test_a_score_without_rules_has_no_column_of_rules(fitted):
    _, data = fitted
    codec = TablePCA(4, indicators=True).fit(data)
    whitened = AnomalyDetector(codec, score="whitened").fit(data)
    reasons = whitened.explainer.explain(data.test.examples.iloc[:3])
    assert reasons.rule is None and "rule_1" not in reasons.columns() and "rule" not in reasons.frame()
    row = data.test.examples.iloc[[0]].assign(zone="Rome")
    for name in ("combination", "evidence"):
        combined = {"name": name, "scores": ["whitened", {"name": "supported", "score": "whitened"}]}
        both = AnomalyDetector(codec, score=combined).fit(data)
        rules = Explainer(codec, data.spec, both.detector_, 3).explain(row).rule
        assert rules[0, 0] == "not in the training rows"


def test_numbers_of_vectors_have_rules_without_names():
    """A score that never saw columns takes all of them for numbers."""
    random = np.random.default_rng(0)
    x = random.normal(size=(500, 3)).astype("float32")
    score = SupportScore()
    score.adapt(lambda: [{"x": x}])
    found = score.broken({"x": np.array([[0, 50, 0]], "float32")}, np.array([[1, 0]]))
    assert found[0, 0].name == "range" and found[0, 0].high == pytest.approx(x[:, 1].max(), rel=1e-6)
    assert found[0, 1] is None
