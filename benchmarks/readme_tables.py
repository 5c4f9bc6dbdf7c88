"""Writes the measured tables into README.md, so that none is typed by hand.

kerasae compare digits --out runs/first
python -m benchmarks contractive_penalty
python -m benchmarks.readme_tables runs/first/metrics.json
"""

import json
import re
import sys
from pathlib import Path

from benchmarks.harness.measured import Measured
from benchmarks.speed.contractive_penalty import NETWORKS

README = Path(__file__).parent.parent / "README.md"


def results(path):
    entries = json.loads(Path(path).read_text())["entries"]
    pca = next(entry["mean"]["error"] for entry in entries if entry["name"] == "pca")
    lines = [
        "| | test error | against PCA | explained variance | probe accuracy |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for entry in entries:
        mean, spread = entry["mean"], entry["spread"]

        def cell(key, digits, mean=mean, spread=spread):
            text = f"{mean[key]:.{digits}f}"
            return text if spread[key] is None else f"{text} ± {spread[key]:.{digits}f}"

        against = "" if entry["name"] == "pca" else f"{100 * (mean['error'] / pca - 1):+.1f} %"
        cells = [
            entry["name"],
            cell("error", 5),
            against,
            cell("explained_variance", 3),
            cell("probe_accuracy", 3),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def contraction():
    found = Measured("contractive_penalty").read()
    if not found:
        raise SystemExit(
            "Expected figures of contractive_penalty; run python -m benchmarks contractive_penalty."
        )

    def cell(row, key):
        figures = found.get(row, {}).get(0)
        return f"{figures.values[key]:.2f}" if figures is not None and key in figures.values else ""

    lines = ["| encoder | exact | one random probe | batch_jacobian |", "| --- | ---: | ---: | ---: |"]
    for network in NETWORKS:
        if f"{network}, XLA" in found:
            xla, graph = f"{network}, XLA", f"{network}, graph"
            cells = [network, cell(xla, "exact"), cell(xla, "probe"), cell(graph, "batch_jacobian")]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def main():
    text = README.read_text()
    blocks = {
        "results": results(sys.argv[1]),
        "contraction": contraction(),
    }
    for key, lines in blocks.items():
        block = "\n".join([f"<!-- {key} -->", *lines, f"<!-- /{key} -->"])
        text = re.sub(
            f"<!-- {key} -->.*?<!-- /{key} -->", lambda _, block=block: block, text, flags=re.DOTALL
        )
    README.write_text(text)


if __name__ == "__main__":
    main()
