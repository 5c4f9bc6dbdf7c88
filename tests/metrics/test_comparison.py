"""Comparison: errors of differences, seeds, verdicts."""

import numpy as np
import pytest
from small_vectors import Shrunk, vectors

from kerasae import PCA
from kerasae.metrics import Entry, Metric
from kerasae.metrics._auroc import auroc_rows
from kerasae.metrics._rows import Difference, RowSums, difference
from kerasae.metrics.comparison import (
    baseline_entries,
    best_baseline,
    compare,
    mapped_rows,
    merge,
)
from kerasae.metrics.evaluation import evaluate_rows
from kerasae.metrics.measures import (
    NumberMeasures,
    measures_of,
)
from kerasae.report.paired import Paired
from kerasae.report.verdicts import verdicts
from kerasae.workflows.comparison.plain import to_json

# Rows and their differences --------------------------------------------------------------------------


def test_the_error_of_a_difference_is_that_of_the_ratio():
    """By hand: rows that count unlike, and what each adds beyond its share."""
    counts = np.array([1.0, 2.0, 1.0])
    ours, theirs = RowSums(np.array([3.0, 5.0, 1.0]), counts), RowSums(np.array([1.0, 1.0, 1.0]), counts)
    found = difference([ours], [theirs])
    # 6 over 4; off by 2 - 1.5, 4 - 3, 0 - 1.5; the sum of squares is 3.5, times 3/2, over 16.
    assert found.value == pytest.approx(1.5)
    assert found.error == pytest.approx(np.sqrt(3.5 * 1.5 / 16))
    # Two seeds at 2.25 and 1.25: their mean has a variance of 0.5 / 2; the other side has one seed.
    other = RowSums(np.array([3.0, 1.0, 1.0]), counts)
    both = difference([ours, other], [theirs])
    off = np.array([3.0, 3.0, 1.0]) - theirs.totals
    rows = np.square(off - off.sum() / 4 * counts).sum() * 1.5 / 16
    assert both.value == pytest.approx(1.0)
    assert both.error == pytest.approx(np.sqrt(rows + 0.25))
    swapped = difference([theirs], [ours, other])
    assert (swapped.value, swapped.error) == pytest.approx((-1.0, both.error))
    one = difference([RowSums(np.array([2.0]), np.array([1.0]))], [RowSums(np.array([1.0]), np.array([1.0]))])
    assert one.value == 1 and one.error == np.inf and not one.shown
    assert RowSums(np.zeros(2), np.zeros(2)).value is None
    assert [Difference(value, 1.0).shown for value in (-2.1, -2.0, 0.0, 2.0, 2.1)] == [
        True,
        False,
        False,
        False,
        True,
    ]
    best = Difference(2.5, 1.0)
    assert best.shown_by_best_of(2) and not best.shown_by_best_of(5)


def test_a_block_of_rows_that_are_alike_counts_as_one_row():
    """Each of 40 rows five times: the same difference with the same doubt; one by one the doubt is less."""
    rng = np.random.default_rng(0)
    rows = [RowSums(rng.random(40), rng.integers(1, 5, 40).astype("float64")) for _ in range(2)]
    alike = [RowSums(np.repeat(one.totals, 5), np.repeat(one.counts, 5)) for one in rows]
    once, again = (difference([one[0]], [one[1]]) for one in (rows, [one.by_block(5) for one in alike]))
    assert (again.value, again.error) == pytest.approx((once.value, once.error))
    one_by_one = difference([alike[0]], [alike[1]])
    assert one_by_one.value == pytest.approx(once.value)
    assert one_by_one.error == pytest.approx(once.error * np.sqrt(39 / 199))
    # The last block may be short, and no row is lost.
    assert [len(alike[0].by_block(size).totals) for size in (1, 7, 200, 201)] == [200, 29, 1, 1]
    assert alike[0].by_block(7).value == pytest.approx(alike[0].value)


def test_windows_that_share_readings_count_as_one_row(some_data):
    data = some_data["series"]
    _, rows = evaluate_rows(PCA(2).fit(data), data)
    block = data.test.block
    assert block == 12
    assert len(rows["error"].totals) == -(-len(data.test) // block)
    paired = Paired.of([rows["error"]], [rows["error"]], lower=True)
    assert paired.sampled == f"{len(rows['error'].totals)} blocks of 12 rows show"


@pytest.mark.parametrize(("count", "errors"), [(1, 2.0), (10, 2.83), (100, 3.50)])
def test_the_number_of_standard_errors_grows_with_the_number_of_codecs(count, errors):
    assert Difference(errors + 0.01, 1.0).shown_by_best_of(count)
    assert not Difference(errors - 0.01, 1.0).shown_by_best_of(count)


def test_the_best_of_many_equal_codecs_is_rarely_shown_to_be_better():
    """Of 5, 30 and 100 the best differs as rarely as one does: 4.6 % of the time, not 22, 76 and 99."""
    rng = np.random.default_rng(0)
    for count in (1, 5, 30, 100):
        least = rng.normal(size=(4000, count)).min(axis=1)
        shown = np.mean([Difference(value, 1.0).shown_by_best_of(count) for value in least])
        # The best of many is rarely worse than what it is compared with. A standard error is 0.0024.
        assert shown == pytest.approx(0.0455 if count == 1 else 0.023, abs=0.008)


def test_rows_that_are_all_rebuilt_move_nothing():
    assert not RowSums(np.zeros(4), np.arange(1.0, 5)).influences.any()
    # By hand: 6 over 4 is 1.5; counts are 1 and 3, of mean 2.
    np.testing.assert_allclose(RowSums(np.array([3.0, 3.0]), np.array([1.0, 3.0])).influences, [0.75, -0.75])


def test_the_error_of_an_area_is_that_of_mann_whitney():
    """DeLong's components by comparing all pairs, ties by half."""
    rng = np.random.default_rng(0)
    truth, scores = rng.random(40) < 0.3, rng.integers(0, 12, 40).astype(float)
    scores[truth] += 2
    wins = np.sign(scores[truth][:, None] - scores[~truth]) / 2 + 0.5
    found = auroc_rows(truth, scores)
    assert found.value == pytest.approx(wins.mean())
    delong = wins.mean(axis=1).var(ddof=1) / truth.sum() + wins.mean(axis=0).var(ddof=1) / (~truth).sum()
    assert found.influences.var(ddof=1) / 40 == pytest.approx(delong)
    # A row that wins more than the others of its kind raises the area.
    np.testing.assert_array_equal(
        np.sign(found.influences[truth]).round(), np.sign((wins.mean(axis=1) - wins.mean()).round(12))
    )
    for lone in (np.arange(40) == 3, np.arange(40) != 3):
        assert np.isnan(auroc_rows(lone, scores).influences).all()
    assert np.isfinite(auroc_rows(np.arange(40) < 2, scores).influences).all()


def made(name, *values, key="error", baseline=False, rows=4, size=2):
    """An entry whose rows are all alike, one value a seed."""
    sums = [{key: RowSums(np.full(rows, value), np.ones(rows))} for value in values]
    figures = [
        {key: value, "explained_variance": 0.5, "latent_dim": size, "seconds": 1.0} for value in values
    ]
    return Entry(name, figures, [[]] * len(values), np.zeros((1, 2)), np.zeros((1, 3)), baseline, sums)


def test_an_entry_has_the_mean_and_the_spread_of_its_seeds():
    entry = made("ours", 1.0, 2.0, 6.0)
    assert entry.mean("error") == 3.0
    assert entry.spread("error") == pytest.approx(np.std([1, 2, 6], ddof=1))
    assert entry.spread("nothing") is None and entry.mean("nothing") is None
    assert made("ours", 1.0).spread("error") is None
    entry.figures[1]["error"] = None
    assert entry.mean("error") is None and entry.spread("error") is None
    again = merge([made("ours", 1.0), made("ours", 3.0)])
    assert again.mean("error") == 2.0 and len(again.histories) == len(again.rows) == 2


def test_the_baseline_to_beat_is_the_best_of_those_that_have_the_figure():
    entries = [
        made("ours", 0.1),
        *(made(f"pca-{i}", value, baseline=True) for i, value in enumerate((3.0, 1.0, 2.0))),
    ]
    entries[3].figures[0]["error"] = None
    lower, higher = Metric("error", "error", lower=True), Metric("error", "error", lower=False)
    assert best_baseline(entries, lower).name == "pca-1"
    assert best_baseline(entries, higher).name == "pca-0"
    assert best_baseline(entries[:1], lower) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "good", "said"),
    [
        (
            0.5,
            0.8,
            True,
            "ours beats PCA: its test error is 37.5 ± 0.0 % below that of PCA at the same code size.",
        ),
        (1.2, 0.8, False, "ours does not beat PCA: its test error is 50.0 ± 0.0 % above that of PCA"),
        # From ten times the other's error on the figures say more than their ratio.
        (8.7, 0.8, False, "its test error is 987.5 ± 0.0 % above that of PCA"),
        (8.8, 0.8, False, "its test error is 8.8 against 0.8, a difference of 8 ± 0."),
        (0.8, 0.8, False, "ours is no better and no worse than PCA: the test error of both is 0.8."),
        (0.7995, 0.8, True, "its test error is 0.06 ± 0.0 % below"),
    ],
)
def test_a_verdict_says_which_side_and_how_much(ours, theirs, good, said):
    rng = np.random.default_rng(3)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(20, 3)))
    ((found, sentence),) = verdicts(
        [made("ours", ours), made("PCA", theirs, baseline=True)], measures_of(data.spec)
    )
    assert found == good and said in sentence


def test_a_rival_has_no_larger_code_and_a_smaller_one_is_said():
    """A baseline may be held to fewer numbers by the rows, or may be that of another, larger model."""
    rows = np.random.default_rng(3).normal(size=(20, 3))
    data = vectors(rows, rows)
    rivals = [made("PCA-2", 0.8, baseline=True), made("PCA-9", 0.1, baseline=True, size=9)]
    models = [made("small", 0.5), made("middle", 0.5, size=5), made("large", 0.5, size=9)]
    said = dict(zip("sml", verdicts([*rivals, *models], measures_of(data.spec)), strict=True))
    share = "its test error is 37.5 ± 0.0 % below that of PCA-2"
    assert said["s"] == (True, f"small beats PCA-2: {share} at the same code size.")
    assert said["m"][1] == f"middle beats PCA-2: {share} with a code of 2 instead of 5."
    assert said["l"][1].startswith("large does not beat PCA-9: ")
    assert said["l"][1].endswith("that of PCA-9 at the same code size.")
    # If all are larger, the best of them is taken.
    (one,) = verdicts([rivals[1], models[0]], measures_of(data.spec))
    assert one[1].endswith("above that of PCA-9 with a code of 9 instead of 2.")


def test_a_comparison_for_machines():
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(60, 3))
    data = vectors(rows, rng.normal(size=(30, 3)))
    entries = compare({"half": Shrunk(data, 0.5), "pca": PCA(1).fit(data)}, data, {"half": 2.5})
    assert [entry.baseline for entry in entries] == [False, True]
    assert [entry.figures[0]["seconds"] for entry in entries] == [2.5, None]
    assert [len(entry.codes) for entry in entries] == [30, 30]
    assert [len(entry.reconstructions) for entry in entries] == [12, 12]
    said = to_json(entries, data)
    assert said["test_rows"] == 30 and len(said["verdicts"]) == 1
    half, pca = said["entries"]
    assert pca["against"] == {"error": None}
    apart = half["mean"]["error"] - pca["mean"]["error"]
    assert half["against"]["error"]["baseline"] == "pca"
    assert half["against"]["error"]["difference"] == pytest.approx(apart)
    assert half["against"]["error"]["standard_error"] > 0
    assert half["spread"]["error"] is None and "probe_accuracy" in half["mean"]
    # No more components than features, however wide the code.
    (baseline,) = baseline_entries(8, data, " (8)")
    assert (
        (baseline.name, baseline.title) == ("pca (8)", "PCA (8)")
        and baseline.baseline
        and baseline.figures[0]["latent_dim"] == 3
    )
    assert baseline.figures[0]["parameters"] == 3 * 3 + 3 and half["seeds"][0]["parameters"] is None


def test_a_map_shows_5000_rows_at_most():
    for rows, shown in ((4999, 4999), (5000, 5000), (5001, 5000)):
        data = vectors(np.eye(5, 2), np.zeros((rows, 2)))
        assert len(mapped_rows(data).test) == shown


# PCA -------------------------------------------------------------------------------------------------


def test_figures_are_what_was_measured():
    rng = np.random.default_rng(0)
    data = vectors(rng.normal(size=(20, 3)), rng.normal(size=(9, 3)))
    codec = Shrunk(data, 0.5)
    figures, rows = NumberMeasures().measured(codec, data, "test")
    assert NumberMeasures().figures(codec, data, "test") == figures
    assert rows["error"].value == figures["error"] and set(figures) > {"absolute_error"}
