"""Tables in Markdown from measured figures."""

import statistics
from collections.abc import Mapping
from pathlib import Path

from benchmarks.harness.measured import Figures, Measured
from benchmarks.harness.result import Measure, Result, Row, load, names

ROOT = Path(__file__).parents[2]
#: The page with all tables.
PAGE = ROOT / "benchmarks" / "RESULTS.md"

HEAD = """# Results

Written by `python -m benchmarks --table` from the files in `benchmarks/measured`; not to be edited.
`python -m benchmarks NAME --data ../shared/data` measures one result again, `--all` all of them. Figures
are of test rows; choices were made on validation rows, as the file of each result in `benchmarks/papers`
says. ± is the standard deviation over seeds. Seconds are those of one seed, with the training.
"""


def page() -> str:
    """Return the text of `RESULTS.md`."""
    return "\n".join([HEAD, *(section(name) for name in names())])


def section(name: str) -> str:
    """Return heading, protocol, table and notes of a result."""
    result, figures = load(name), Measured(name).read()
    lines = [f"## {result.title}", "", f"*{result.source}.* {result.protocol}", "", *table(result, figures)]
    if result.notes:
        lines += ["", *(f"- {note}" for note in result.notes)]
    machines = sorted({one.machine for seeds in figures.values() for one in seeds.values()})
    if machines:
        lines += ["", f"`python -m benchmarks {name}`; {'; '.join(machines)}."]
    return "\n".join([*lines, ""])


def table(result: Result, figures: Mapping[str, Mapping[int, Figures]]) -> list[str]:
    """Return the lines of the table of a result."""
    shown = [key for key in result.measures if any(key in row.published for row in result.rows)]
    aimed = [key for key in result.measures if any(key in row.goal for row in result.rows)]
    headings = [""]
    headings += [measure.name for measure in result.measures.values()]
    headings += [_heading("published", result.measures[key], len(result.measures)) for key in shown]
    headings += [_heading("goal", result.measures[key], len(result.measures)) for key in aimed]
    headings += ["seeds", "seconds", "date", "commit"]
    lines = [_line(headings), _line(["---", *["---:"] * (len(headings) - 1)])]
    for row in result.rows:
        seeds = figures.get(row.name, {})
        cells = [row.name]
        cells += [_measured(row, measure, key, seeds) for key, measure in result.measures.items()]
        cells += [_published(row, key, result.measures[key]) for key in shown]
        cells += [_goal(row, key, result.measures[key], seeds) for key in aimed]
        cells += _origin(row, seeds)
        lines.append(_line(cells))
    return lines


def _heading(word: str, measure: Measure, count: int) -> str:
    return word if count == 1 else f"{word}: {measure.name}"


def _measured(row: Row, measure: Measure, key: str, seeds: Mapping[int, Figures]) -> str:
    if row.measure is None:
        return ""
    values = [one.values[key] for one in seeds.values() if key in one.values]
    if not values:
        return "" if seeds else "not run"
    mean = measure.shown(statistics.fmean(values))
    return mean if len(values) == 1 else f"{mean} ± {measure.shown(statistics.stdev(values))}"


def _published(row: Row, key: str, measure: Measure) -> str:
    if key not in row.published:
        return ""
    source = f" ({row.source})" if row.source else ""
    return measure.shown(row.published[key]) + source


def _goal(row: Row, key: str, measure: Measure, seeds: Mapping[int, Figures]) -> str:
    if key not in row.goal:
        return ""
    goal, values = row.goal[key], [one.values[key] for one in seeds.values() if key in one.values]
    text = ("≤ " if measure.less else "≥ ") + measure.shown(goal)
    if not values:
        return text
    mean = statistics.fmean(values)
    # As it is shown: a mean of 13.868 reaches the goal 13.87.
    mean = float(measure.shown(mean).replace(",", ""))
    reached = mean <= goal if measure.less else mean >= goal
    return f"{text}, {'reached' if reached else '**missed**'}"


def _origin(row: Row, seeds: Mapping[int, Figures]) -> list[str]:
    if not seeds:
        return ["", "", "", ""]
    measured = list(seeds.values())
    seconds = statistics.fmean(one.seconds for one in measured)
    dates, commits = (sorted({getattr(one, name) for one in measured}) for name in ("date", "commit"))
    return [str(len(measured)), f"{seconds:,.0f}", dates[-1], ", ".join(commits)]


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def write() -> None:
    """Write `RESULTS.md`."""
    PAGE.write_text(page(), encoding="utf-8")
