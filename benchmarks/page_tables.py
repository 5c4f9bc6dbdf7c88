"""Tables of README.md and of the documentation that are made from measured figures, so that none is typed.

`python -m benchmarks --table` writes those whose figures are in `benchmarks/measured`. The table of digits is
that of a run:

    kerasae compare digits --out runs/first
    python -m benchmarks.page_tables runs/first/metrics.json
"""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.harness.measured import Measured
from benchmarks.speed.contractive_penalty import NETWORKS

ROOT = Path(__file__).parent.parent


def pages() -> list[Path]:
    """Return the pages that may hold such a table."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def speed() -> list[str]:
    """Return the lines of the table of epochs."""
    columns = {
        "kerasae": "kerasae",
        "keras": "Keras `fit`",
        "keras-xla": "Keras, XLA",
        "torch": "PyTorch",
        "pythae": "Pythae",
        "floor": "matrix products alone",
    }
    lines = [f"| | {' | '.join(columns.values())} |", f"| --- {'| ---: ' * len(columns)}|"]
    for name, seeds in Measured("epoch_time").read().items():
        cells = [f"{seeds[0].values[key]:.2f}" for key in columns]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return lines


def contraction() -> list[str]:
    """Return the lines of the table of contractive penalties."""
    found = Measured("contractive_penalty").read()

    def cell(row: str, key: str) -> str:
        figures = found.get(row, {}).get(0)
        return f"{figures.values[key]:.2f}" if figures is not None and key in figures.values else ""

    lines = ["| encoder | exact | one random probe | batch_jacobian |", "| --- | ---: | ---: | ---: |"]
    for network in NETWORKS:
        if f"{network}, XLA" in found:
            xla, graph = f"{network}, XLA", f"{network}, graph"
            cells = [network, cell(xla, "exact"), cell(xla, "probe"), cell(graph, "batch_jacobian")]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


#: Function of each table by its name in the pages, and the result that it shows.
TABLES: dict[str, tuple[str, Callable[[], list[str]]]] = {
    "speed": ("epoch_time", speed),
    "contraction": ("contractive_penalty", contraction),
}


def known() -> dict[str, list[str]]:
    """Return the lines of the tables whose figures are all measured, by name."""
    return {name: lines() for name, (result, lines) in TABLES.items() if _is_whole(result)}


def _is_whole(result: str) -> bool:
    from benchmarks.harness.result import load

    measured = {row.name for row in load(result).rows if row.measure is not None}
    return measured <= Measured(result).read().keys()


def digits(metrics: Path) -> list[str]:
    """Return the lines of the table of digits from the `metrics.json` of a comparison."""
    entries = json.loads(metrics.read_text())["entries"]
    pca = next(entry["mean"]["error"] for entry in entries if entry["name"] == "pca")
    lines = [
        "| | test error | against PCA | explained variance | probe accuracy |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for entry in entries:
        mean, spread = entry["mean"], entry["spread"]

        def cell(key: str, places: int, mean: dict = mean, spread: dict = spread) -> str:
            text = f"{mean[key]:.{places}f}"
            return text if spread[key] is None else f"{text} ± {spread[key]:.{places}f}"

        against = "" if entry["name"] == "pca" else f"{100 * (mean['error'] / pca - 1):+.1f} %"
        measures = [cell("error", 5), against, cell("explained_variance", 3), cell("probe_accuracy", 3)]
        lines.append(f"| {' | '.join([entry['name'], *measures])} |")
    return lines


def block(name: str, lines: list[str]) -> str:
    """Return a table between the comments that mark it."""
    return "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])


def write(tables: dict[str, list[str]]) -> None:
    """Put tables in the place of those of the same names, wherever a page has them."""
    for page in pages():
        text = old = page.read_text(encoding="utf-8")
        for name, lines in tables.items():
            new = block(name, lines)
            text = re.sub(
                f"<!-- {name} -->.*?<!-- /{name} -->", lambda _, new=new: new, text, flags=re.DOTALL
            )
        if text != old:
            page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write({"results": digits(Path(sys.argv[1]))})
