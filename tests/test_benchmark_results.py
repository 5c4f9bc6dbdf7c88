"""The frame of the benchmarks: what is measured is kept, shown, and held against its goal."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import page_tables
from benchmarks.harness import measured, result, tables
from benchmarks.harness.measured import Figures, Measured
from benchmarks.harness.place import Place
from benchmarks.harness.prepared import prepared
from benchmarks.harness.result import Measure, Result, Row
from benchmarks.speed import _turns

ROOT = Path(__file__).parents[1]


def figures(**values):
    return Figures(values, 12.0, "2026-11-29", "a machine", "abcd1234")


RESULT = Result(
    title="T",
    source="S",
    protocol="P.",
    measures={"error": Measure("error"), "accuracy": Measure("accuracy", digits=1, less=False)},
    rows=(
        Row("ours", lambda place, seed: {}, published={"error": 3.0}, goal={"error": 2.65, "accuracy": 97}),
        Row("theirs", published={"error": 2.65}, source="them"),
        Row("later", lambda place, seed: {}),
    ),
)


def cells(found, name):
    (line,) = [line for line in tables.table(RESULT, found) if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_figures_of_seeds_are_shown_beside_goals_and_published_ones():
    found = {"ours": {0: figures(error=2.6, accuracy=96.94), 1: figures(error=2.7, accuracy=96.98)}}
    ours = cells(found, "ours")
    # 2.65 is the mean; 96.96 is shown as 97.0, which reaches the goal as it is shown.
    assert ours[1:6] == ["2.65 ± 0.07", "97.0 ± 0.0", "3.00", "≤ 2.65, reached", "≥ 97.0, reached"]
    assert ours[6:] == ["2", "12", "2026-11-29", "abcd1234"]
    assert cells(found, "theirs")[1:4] == ["", "", "2.65 (them)"]
    assert cells(found, "later")[1:3] == ["not run", "not run"]
    missed = cells({"ours": {0: figures(error=2.66, accuracy=96.9)}}, "ours")
    assert missed[4:6] == ["≤ 2.65, **missed**", "≥ 97.0, **missed**"]


def test_figures_are_kept_by_row_and_seed(tmp_path):
    kept = Measured("one", tmp_path)
    assert kept.read() == {}
    kept.add("a", 0, figures(error=1.5))
    kept.add("a", 1, figures(error=2.5))
    kept.add("a", 0, figures(error=0.5))
    assert {seed: one.values["error"] for seed, one in kept.read()["a"].items()} == {0: 0.5, 1: 2.5}
    assert [path.name for path in tmp_path.iterdir()] == ["one.json"]
    now = Figures.now({"error": 1 / 3}, 1.0)
    assert now.values == {"error": 0.333333}
    assert len(now.commit) >= 7
    assert "TensorFlow" in now.machine


def test_every_result_is_whole():
    names = result.names()
    assert len(names) == len({*names})
    for name in names:
        found = result.load(name)
        assert found.title
        assert found.protocol.endswith(".")
        rows = [row.name for row in found.rows]
        assert len(rows) == len({*rows}), name
        for row in found.rows:
            assert {*row.published, *row.goal} <= {*found.measures}, row.name
            assert row.measure is not None or row.published, row.name


def test_the_page_is_what_was_measured():
    assert tables.PAGE.read_text(encoding="utf-8") == tables.page(), "run python -m benchmarks --table"
    for path in measured.FOLDER.glob("*.json"):
        known = {row.name for row in result.load(path.stem).rows}
        assert {*json.loads(path.read_text())} <= known, path


def test_the_tables_of_the_pages_are_what_was_measured():
    texts = [page.read_text(encoding="utf-8") for page in page_tables.pages()]
    for name in page_tables.TABLES:
        assert any(f"<!-- {name} -->" in text for text in texts), name
    for name, lines in page_tables.known().items():
        for text in texts:
            if f"<!-- {name} -->" in text:
                assert page_tables.block(name, lines) in text, "run python -m benchmarks --table"


def test_ratios_of_contenders_are_those_of_each_turn():
    found = _turns.Turns(
        {
            "ours": [{"s": 1.0}, {"s": 2.0}, {"s": 9.0}],
            "theirs": [{"s": 2.0}, {"s": 2.0}, {"s": 6.0}],
        }
    )
    assert found.medians() == {"ours": {"s": 2.0}, "theirs": {"s": 2.0}}
    # 0.5, 1 and 1.5: the machine was slow in the last turn, for both of them.
    assert found.ratio("ours", "theirs", "s") == 1.0
    assert found.spread("ours", "theirs", "s") == 100.0


def test_contenders_take_turns_in_processes_of_their_own(tmp_path, monkeypatch, capsys):
    (tmp_path / "runners.py").write_text(
        "import os\n"
        "from benchmarks.speed._turns import take_turn\n"
        "take_turn({name: lambda more: {'pid': os.getpid(), 'more': int(more)} for name in 'ab'})\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.setattr(_turns, "TURNS", 2)
    found = _turns.turns("runners", ["a", "b"], [7])
    pids = [one["pid"] for figures in found.figures.values() for one in figures]
    assert len({*pids}) == 4
    assert found.median("a", "more") == 7
    order = [line.split()[2] for line in capsys.readouterr().err.splitlines()]
    assert order == ["a:", "b:", "a:", "b:"]


def test_a_baseline_is_not_fitted_on_the_rows_that_are_reported(digits):
    for validation in (False, True):
        place = Place(Path(), Path(), validation=validation)
        seen = place.fitted(digits)
        reported = {row.tobytes() for row in place.reported(digits).test.examples}
        fitted = [row.tobytes() for part in (seen.train, seen.validation) for row in part.examples]
        assert len(fitted) == len(digits.train) + (0 if validation else len(digits.validation))
        assert sum(row in reported for row in fitted) <= 0.01 * len(reported)


def test_a_set_that_is_not_prepared_is_not_downloaded(monkeypatch):
    import tensorflow_datasets as tfds

    prepared_here = {"cifar10"}
    monkeypatch.setattr(
        tfds, "builder", lambda name, try_gcs: SimpleNamespace(is_prepared=lambda: name in prepared_here)
    )
    with pytest.raises(result.UnavailableError, match="run `tfds build fashion_mnist`"):
        prepared("fashion_mnist")
    assert prepared("cifar10") == {"path": "tfds:cifar10", "validation": 0.1, "calibration": 0.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "Expected the name of a result"),
        (["clustering", "--row", "none"], "Expected a row of clustering"),
    ],
)
def test_an_unknown_name_is_refused_in_a_line(arguments, message):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line
