"""Evidence that an entry is outside of the training rows: what adds nothing, and what adds how many nats."""

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from kerasae.data.tables.frames import from_frame
from kerasae.preprocessing import TablePreprocessing
from kerasae.scores import Detector, SupportedScore, SupportScore
from kerasae.scores.support._categories import is_slip, misspelt, rarity
from kerasae.scores.support._cells import Cell, _holes
from kerasae.scores.support._companions import companions
from kerasae.scores.support._pooled import Pool
from kerasae.scores.support._ranges import FAR, evidence, few, upper
from kerasae.scores.support._steps import step_of
from kerasae.scores.support._tails import Tail, tails, with_tails

ROWS = 600


def trips(rows=ROWS, seed=0):
    """Rides: whole passengers, a price with a hole, two dates in their order, and a zone within its town."""
    rng = np.random.default_rng(seed)
    begin = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 86400 * 20, rows), unit="s")
    zone = rng.choice(["Harbour", "Old Town", "Airport", "Market"], rows, p=[0.4, 0.3, 0.2, 0.1])
    return pd.DataFrame(
        {
            "begin": begin,
            "end": begin + pd.to_timedelta(rng.integers(60, 4000, rows), unit="s"),
            "people": rng.integers(1, 7, rows).astype(float),
            "price": np.round(np.where(rng.random(rows) < 0.3, 0.0, rng.uniform(5, 40, rows)), 2),
            "zone": zone,
            "town": np.where(np.isin(zone, ["Harbour", "Market"]), "Westport", "Easton"),
        }
    )


def account_of(preprocessor, table):
    x = preprocessor.to_x(table)
    residual = np.random.default_rng(1).normal(size=x.shape).astype("float32")
    missing = np.isnan(x).astype("float32")
    return {
        "code": x[:, :3],
        "residual": residual,
        "x": np.where(missing, 0, x).astype("float32"),
        "missing": missing,
    }


def fitted(table, score=None):
    """A preprocessor and a score of the rows of a table."""
    preprocessor = TablePreprocessing(from_frame(table).spec).fit(table)
    score = SupportScore() if score is None else score
    score.suit(preprocessor)
    return preprocessor, score.adapt(lambda: [account_of(preprocessor, table)])


@pytest.fixture(scope="module")
def known():
    table = trips()
    return table, *fitted(table)


def weighed(count, rows=ROWS):
    """The evidence of an event that a number of rows show, or a rarer one of its kind."""
    share = (count + 0.5) / (rows + 1)
    return -np.log(share) * (1 - share / 0.05)


def evidence_of(known, row=0, **entries):
    """The evidence of each column for a row of the training with some other entries."""
    table, preprocessor, score = known
    changed = table.iloc[[row]].assign(**entries)
    return pd.Series(np.array(score.features(account_of(preprocessor, changed)))[0], table.columns)


def test_a_training_row_within_everything_adds_exactly_nothing(known):
    table, preprocessor, score = known
    found = np.array(score.features(account_of(preprocessor, table)))
    assert np.count_nonzero(found) == 0
    assert evidence_of(known).sum() == 0


def test_a_number_beyond_the_ends_adds_to_its_own_column(known):
    table, _, _ = known
    # Many rows have the other ends of price and people. One has the greatest price, and one each of the four
    # ends of the dates.
    for column, value, rows in (
        ("price", -10.0, 0),
        ("price", 99.0, 5),
        ("people", 40.0, 0),
        ("people", 0.0, 0),
    ):
        found = evidence_of(known, **{column: value})
        sign = -1 if value <= 0 else 1
        ordered = np.sort(sign * table[column])
        reach = 2 * np.mean(ordered[-24:] - ordered[-25]) or 0.01 * np.ptp(ordered)
        grown = 2 * np.log(1 + (sign * value - ordered[-1]) / reach)
        np.testing.assert_allclose(found[column], weighed(rows) + grown, rtol=1e-3)
        assert found.drop(column).abs().sum() == 0
    assert evidence_of(known, begin=pd.Timestamp("1924-03-07"))["begin"] > 12


def test_a_drop_off_before_the_pick_up_adds_half_to_each_date(known):
    table, _, _ = known
    found = evidence_of(known, begin=table["end"][0], end=table["begin"][0])
    late = (table["end"] - table["begin"]).dt.total_seconds()
    exact = weighed(0) + 2 * np.log(1 + late[0] / late.median())
    np.testing.assert_allclose(found[["begin", "end"]], 0.5 * exact, rtol=1e-3)
    assert found.drop(["begin", "end"]).sum() == 0
    assert evidence_of(known, end=table["begin"][0]).sum() == 0


def test_two_dates_in_float32_differ_by_a_few_seconds():
    table = trips().assign(code=[f"k{row % 150}" for row in range(ROWS)])
    _, score = fitted(table)
    seconds = np.array(score.ends[1, 7:]) * (table["end"] - table["begin"]).dt.total_seconds().median()
    assert len(seconds) == 1 and 0 < seconds[0] < 5


def test_decimals_holes_and_new_words_add_to_their_column(known):
    for column, value in (("people", 2.5), ("price", 2.5), ("zone", "Atlantis"), ("price", np.nan)):
        found = evidence_of(known, **{column: value})
        assert found[column] > 5, column
        assert found.drop(column).abs().sum() == 0
    gap = known[1].spec.columns[3].gap
    np.testing.assert_allclose(evidence_of(known, price=np.nan)["price"], gap, rtol=1e-6)


def test_two_entries_that_exclude_each_other_share_the_evidence(known):
    table, _, _ = known
    row = int(np.flatnonzero(table["zone"] == "Harbour")[0])
    found = evidence_of(known, row, town="Easton")
    np.testing.assert_allclose(found[["zone", "town"]], 0.5 * weighed(0), rtol=1e-4)
    assert found.drop(["zone", "town"]).sum() == 0
    # A row that breaks the rule counts for all pairs of the two columns.
    broken = table.assign(town=np.where(np.arange(ROWS) == 40, table["town"].iloc[row], table["town"]))
    broken.loc[[40], "zone"] = "Airport"
    preprocessor, score = fitted(broken)
    entries = account_of(preprocessor, broken.iloc[[row]].assign(town="Easton"))
    nats = np.array(score.features(entries))[0, 4:]
    np.testing.assert_allclose(nats, 0.5 * weighed(1), rtol=1e-4)


def test_a_number_that_no_row_of_its_category_has_is_evidence_with_it():
    """A holder of a gold card pays 60 or more; others pay that and less."""
    rng = np.random.default_rng(3)
    member = rng.random(ROWS) < 0.25
    price = np.where(member, rng.uniform(60, 90, ROWS), rng.uniform(0, 90, ROWS)).round(2)
    table = pd.DataFrame({"card": np.where(member, "gold", "none"), "price": price, "kind": ["a", "b"] * 300})
    preprocessor, score = fitted(table)
    assert not np.array(score.features(account_of(preprocessor, table))).any()
    cheap = pd.DataFrame({"card": "gold", "price": [5.0, 30.0, 57.0], "kind": "a"})
    found = np.array(score.features(account_of(preprocessor, cheap)))
    np.testing.assert_allclose(found[:2], [[0.5 * weighed(0)] * 2 + [0]] * 2, rtol=1e-4)
    # Just beyond the end of the category is where its next row may lie.
    assert not found[2].any()
    # A few faults among the training rows do not widen what a category has.
    table.loc[[5, 9], ["card", "price"]] = ["gold", 10.0]
    preprocessor, score = fitted(table)
    found = np.array(score.features(account_of(preprocessor, cheap)))
    assert (found[0, :2] >= 0.5 * weighed(2) - 1e-3).all() and not found[:, 2].any()


def test_a_rule_counts_as_often_as_all_rules_of_its_kind_are_broken():
    pool = Pool(3000)
    for _ in range(40):
        pool.see(evidence(0, 3000), 1)
    pool.see(evidence(6, 3000), 7)
    one, seven, none = pool.nats([evidence(0, 3000), evidence(6, 3000), 0.0])
    np.testing.assert_allclose([one, seven, none], [weighed(40, 3000), weighed(47, 3000), 0])
    # Of twenty columns of new rows, a share of about `20 / n` lies beyond an end.
    rng = np.random.default_rng(4)
    rows = rng.exponential(size=(400, 20))
    table = pd.DataFrame(rows, columns=[f"c{k}" for k in range(20)])
    preprocessor, score = fitted(table)
    new = pd.DataFrame(rng.exponential(size=(4000, 20)), columns=table.columns)
    nats = np.array(score.features(account_of(preprocessor, new))).max(axis=1)
    for least in (2.0, 4.0, 6.0):
        assert (nats >= least).mean() < 2 * np.exp(-least), least


def test_a_zone_has_one_town_however_few_rows_it_has():
    """Of 60 rows in the zone and 40 in the other town, four would be in both by chance."""
    rng = np.random.default_rng(0)
    zone = rng.choice([f"zone {k}" for k in range(12)], ROWS)
    town = np.where(np.isin(zone, ["zone 0"]), "Easton", "Westport")
    color = rng.choice(["red", "green", "blue"], ROWS)
    preprocessor, score = fitted(pd.DataFrame({"zone": zone, "town": town, "color": color}))
    wrong = pd.DataFrame({"zone": ["zone 3", "zone 0"], "town": ["Easton", "Westport"], "color": "red"})
    found = np.array(score.features(account_of(preprocessor, wrong)))
    np.testing.assert_allclose(found, [[0.5 * weighed(0)] * 2 + [0]] * 2, rtol=1e-4)


def test_a_gap_without_that_of_its_companion_is_evidence():
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.normal(size=(ROWS, 4)), columns=["heat", "damp", "gas", "wind"])
    off = rng.random(ROWS) < 0.2
    table.loc[off, ["heat", "damp"]] = np.nan
    table.loc[rng.random(ROWS) < 0.2, "gas"] = np.nan
    preprocessor, score = fitted(table)
    assert not np.array(score.features(account_of(preprocessor, table))).any()
    row = table.iloc[[int(np.flatnonzero(~off)[0])]]
    found = np.array(score.features(account_of(preprocessor, row.assign(damp=np.nan, gas=np.nan))))[0]
    np.testing.assert_allclose(found, [0, weighed(0), 0, 0], rtol=1e-4)
    gone = np.zeros((ROWS, 2), bool)
    gone[:200] = True
    gone[:3, 0] = False
    np.testing.assert_allclose(companions(gone), [[0, weighed(3)], [weighed(0), 0]])


def test_rounding_moves_no_entry_into_another_cell():
    """A device may multiply by 1 / scale where the model divides by it."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=2000).round(1)
    table = pd.DataFrame({"first": first, "second": (first + 0.2 * rng.normal(size=2000)).round(1)})
    preprocessor, score = fitted(table)
    assert score._paired
    pairs = np.stack(np.meshgrid(first[:200], table["second"][:200]), axis=-1).reshape(-1, 2)
    x = account_of(preprocessor, pd.DataFrame(pairs, columns=["first", "second"]))["x"]
    expected = keras.ops.convert_to_numpy(score.features({"x": x}))
    assert (expected > 1).any()
    for side in (-np.inf, np.inf):
        moved = x
        for _ in range(4):
            moved = np.nextafter(moved, np.float32(side))
        np.testing.assert_allclose(score.features({"x": moved}), expected, atol=1e-4)


def test_training_rows_in_a_tail_make_it_weaker():
    rng = np.random.default_rng(0)
    codes, values = np.repeat([1.0, 2.0], 300), np.concatenate([rng.uniform(60, 80, 300), np.arange(300) / 3])
    table = pd.DataFrame({"card": np.repeat(["gold", "none"], 300), "price": values})
    columns = from_frame(table).spec.columns
    cell = Cell(0, 0.5, 1.5)
    for faults in (0, 2):
        values[:faults] = 10.0
        found = tails(np.stack([codes, values], axis=1), columns, [cell, Cell(0, 1.5, 2.5)])
        below = next(tail for tail in found if tail.numbers.low == -FAR)
        assert below.category == 0
        np.testing.assert_allclose(below.evidence, weighed(faults))
        assert 50 < below.numbers.high < 60
    # Of thirty rows of gold, fewer than twenty would be in the tail by chance.
    assert not tails(np.stack([codes, values], axis=1)[270:], columns, [cell])


def test_a_tail_takes_in_the_cells_that_overlap_with_it():
    cells = [Cell(0, 0.5, 1.5), Cell(1, -FAR, 2), Cell(1, 2, 5), Cell(1, 5, FAR), Cell(2, -FAR, 0)]
    between = np.zeros((5, 5))
    between[0, [1, 2, 4]] = between[[1, 2, 4], 0] = 4, 6, 3
    together = np.zeros((6, 6))
    together[0, 4:] = together[4:, 0] = 3, 6
    joined, found = with_tails(cells, between, [Tail(Cell(1, -FAR, 3), 0, 5.0)])
    assert joined == [*cells, Cell(1, -FAR, 5)]
    np.testing.assert_array_equal(found, together)


def test_rounding_moves_no_entry_into_a_tail():
    """The tail of gold would begin at 57.5, which is the price of other rows."""
    gold = np.repeat(np.arange(60.0, 81.0), 10)
    price = np.concatenate([gold, np.arange(0, 90, 0.25)])
    table = pd.DataFrame({"card": np.repeat(["gold", "none"], [len(gold), 360]), "price": price})
    preprocessor, score = fitted(table)
    near = pd.DataFrame({"card": "gold", "price": [57.0, 57.25, 57.5, 57.75, 58.0]})
    x = account_of(preprocessor, near)["x"]
    for side in (-np.inf, np.inf):
        moved = x
        for _ in range(4):
            moved = np.nextafter(moved, np.float32(side))
        found = keras.ops.convert_to_numpy(score({"x": moved}))
        assert found[0] > 0 and found[-1] == 0
        np.testing.assert_allclose(found, score({"x": x}), atol=1e-4)


def test_a_few_faults_among_the_training_rows_do_not_widen_what_is_usual():
    table = trips()
    table.loc[[3, 50], "price"] = [-10.0, 400.0]
    table.loc[[7], "people"] = 2.5
    table.loc[[9], "zone"] = "Old Twon"
    table.loc[[11], ["begin", "end"]] = table.loc[[11], ["end", "begin"]].to_numpy()
    preprocessor, score = fitted(table)
    found = pd.DataFrame(score.features(account_of(preprocessor, table)), columns=table.columns)
    expected = -np.log(1.5 / (ROWS + 1))
    for row, column in ((3, "price"), (50, "price"), (7, "people"), (9, "zone")):
        # A word that is rare among few rows speaks a little less.
        assert found.loc[row, column] >= 0.9 * expected, column
        assert found.loc[row].idxmax() == column
    assert found.loc[11, ["begin", "end"]].sum() >= expected - 0.1
    assert (found.sum(axis=1) > 0).sum() == 5


def test_the_end_of_a_smooth_tail_is_its_greatest_number():
    rng = np.random.default_rng(0)
    for draw in (rng.uniform(size=500), rng.normal(size=500), np.arange(500.0)):
        assert upper(draw).end == draw.max()
        # The greatest number would lie beyond the others if it were new.
        assert upper(draw).beyond == 1 and upper(draw).base == evidence(1, 500)
    values = np.concatenate([rng.uniform(size=500), [3.0, 4.0]])
    assert upper(values).end == values[:500].max()
    assert upper(values).base == evidence(2, 502)
    assert (few(100), few(10_000)) == (3, 20)
    # A constant column has an end too, and a hundred of 500 rows are no faults.
    assert upper(np.full(50, 2.0)).end == 2.0
    # A number that many rows have is a bound, and none lies beyond it.
    assert upper(np.concatenate([np.zeros(9), -draw])).base == evidence(0, 509)
    assert upper(np.concatenate([np.zeros(400), np.full(100, 9.0)])).end == 9.0


def test_the_evidence_of_chance_is_what_it_says():
    """Of new rows of the same distribution a share of at most about `1 / n` is beyond an end."""
    rng = np.random.default_rng(2)
    beyond = np.mean([rng.exponential(size=200).max() < rng.exponential() for _ in range(20_000)])
    assert abs(beyond - np.exp(-evidence(0.5, 200))) < 3 * np.sqrt(beyond / 20_000)


def test_the_decimals_of_a_column():
    assert step_of(np.arange(300.0)) == (1.0, 0)
    assert step_of(np.append(np.arange(300.0), 2.5)) == (1.0, 1)
    assert step_of(np.arange(300) / 20)[0] == 0.05
    assert step_of(np.random.default_rng(0).normal(size=300)) == (0.0, 0)
    assert step_of(1e9 + np.arange(300.0)) == (0.0, 0)


def test_holes_lie_amid_many_numbers():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.uniform(0, 10, 300), rng.uniform(14, 20, 300)])
    ((low, high, nats),) = _holes(values)
    assert 9.9 < low < 10.2 and 13.8 < high < 14.1 and nats == evidence(1, 600)
    assert _holes(rng.uniform(size=600)) == [] and _holes(np.repeat(np.arange(20.0), 30)) == []


def test_rare_words_and_slips():
    counts = np.array([0, 500, 490, 9, 1])
    np.testing.assert_allclose(
        rarity(counts, counts), -np.log(np.array([1.5, 1000.5, 490 + 10.5, 10.5, 1.5]) / 1001)
    )
    # Where each row has a word of its own, a new one is no evidence.
    assert rarity(np.array([0]), np.ones(500))[0] < 0.01
    words = ["Midtown", "Downtown", "Midtwon", "Dontown", "11th", "12th"]
    many = np.array([3000, 3000, 1, 2, 600, 1])
    np.testing.assert_allclose(misspelt(words, many), np.where([0, 0, 1, 1, 0, 0], evidence(3, 6604), 0))
    for word, other in (
        ("abcd", "abce"),
        ("abcd", "abd"),
        ("abcd", "abccd"),
        ("abcd", "bacd"),
        ("A b", "a B"),
    ):
        assert is_slip(word, other) and is_slip(other, word)
    for word, other in (("abcd", "abcd"), ("abcd", "abef"), ("ab", "ac"), ("a1b", "a2b"), ("abcd", "abcdef")):
        assert not is_slip(word, other)


def test_the_sum_is_the_score_of_the_residual_and_the_nats():
    table = trips()
    preprocessor, score = fitted(table, SupportedScore())
    account = account_of(preprocessor, table)
    np.testing.assert_allclose(score(account), score.score(score.score.taken(account)), rtol=1e-6)
    changed = account_of(preprocessor, table.iloc[:4].assign(price=[-10.0, 99.0, 2.5, 7.0]))
    added = np.array(score.features(changed) - score.score.features(score.score.taken(changed)))
    nats = np.array(score.support.features(changed))
    np.testing.assert_allclose(added, float(score.per_nat) * nats, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(np.array(score.features(changed)).sum(axis=1), score(changed), rtol=1e-5)
    usual = np.array(score.score(score.score.taken(account)))
    low, high = np.quantile(usual, [0.9, 0.95])
    np.testing.assert_allclose(score.per_nat, 3 * (high - low) / np.log(2), rtol=1e-5)
    with pytest.raises(ValueError, match="`score` must be"):
        SupportedScore(score=3)


def test_the_tail_of_a_score_grows_by_its_doublings():
    """Otherwise one normal row of hundreds would outweigh any evidence."""
    table = trips()
    preprocessor, score = fitted(table, SupportedScore())
    account = account_of(preprocessor, table)
    usual = np.array(score.score(account))
    begin = np.median(usual) + np.log(10) * float(score.per_nat)
    # The score is the square of the residual, apart from its mean.
    account["residual"] = account["residual"] * 2.0 ** np.linspace(0, 12, ROWS)[:, None].astype("float32")
    plain, bent = np.array(score.score(account)), np.array(score(account))
    doubled = begin + 2 * float(score.per_nat) * np.log(np.maximum(plain / begin, 1))
    exact = np.where(plain > begin, doubled, plain)
    assert (plain > 8 * begin).sum() > 100
    # Between two doublings it is linear, which differs by less than a tenth of a doubling.
    np.testing.assert_allclose(bent, exact, atol=0.2 * np.log(2) * float(score.per_nat), rtol=1e-4)
    assert (np.diff(bent[np.argsort(plain)]) >= 0).all()
    np.testing.assert_allclose(np.array(score.features(account)).sum(axis=1), bent, rtol=1e-4)


def test_new_rows_tell_how_much_a_nat_is():
    """Their scores may be ten times those of the training rows, which the weights have seen."""
    table = trips()
    preprocessor, score = fitted(table, SupportedScore())
    before = float(score.per_nat)
    new = account_of(preprocessor, trips(200, seed=5))
    new["residual"] = 3.0 * new["residual"]
    score.adapt_to_new(lambda: [{key: value[:12] for key, value in new.items()}])
    assert float(score.per_nat) == before, "twelve rows are too few"
    score.adapt_to_new(lambda: [{key: value[k::2] for key, value in new.items()} for k in (0, 1)])
    middle, high = np.quantile(score.score(new), [0.5, 0.95])
    np.testing.assert_allclose(score.per_nat, (high - middle) / np.log(10), rtol=1e-5)
    # Of an exponential tail, one nat is the distance at which a score is less probable by a factor e.
    scores = np.random.default_rng(0).exponential(7.0, 200_000)
    middle, high = np.quantile(scores, [0.5, 0.95])
    np.testing.assert_allclose((high - middle) / np.log(10), 7.0, rtol=0.02)


@pytest.mark.parametrize("base", [None, "whitened", "nearest_neighbours"])
def test_it_is_saved_to_the_bit(tmp_path, known, base):
    table, preprocessor, score = known
    if base is not None:
        _, score = fitted(table, SupportedScore(score=base))
    odd = account_of(preprocessor, table.assign(price=table["price"] * 3 - 20, zone="Nowhere"))
    detector = Detector(score)
    expected = np.array(detector(odd))
    assert (expected > 0).all()
    detector.save(tmp_path / "detector.keras")
    again = keras.saving.load_model(tmp_path / "detector.keras")
    np.testing.assert_array_equal(again(odd), expected)
    np.testing.assert_array_equal(again.features(odd), detector.features(odd))


@pytest.mark.slow
def test_a_device_finds_the_same_evidence(tmp_path, known):
    table, preprocessor, score = known
    odd = account_of(
        preprocessor, table.assign(price=table["price"] * 3 - 20, end=table["begin"], zone="Nowhere")
    )

    archive = keras.export.ExportArchive()
    entries = {key: tf.TensorSpec((ROWS, 6), name=key) for key in ("x", "missing")}
    archive.add_endpoint("evidence", score.features, input_signature=[entries])
    archive.write_out(tmp_path / "evidence", verbose=False)
    content = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "evidence")).convert()
    runner = Interpreter(model_content=content).get_signature_runner("evidence")
    (found,) = runner(**{key: odd[key] for key in entries}).values()
    np.testing.assert_allclose(found, np.array(score.features(odd)), rtol=1e-6, atol=1e-6)
