"""Writes the measured tables into README.md, so that none is typed by hand.

kerasae compare digits --out runs/first
python benchmarks/contraction.py | tee contraction.log
python benchmarks/readme_tables.py runs/first/metrics.json contraction.log
"""

import json
import re
import sys
from pathlib import Path

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


def contraction(path):
    found = {}
    for line in Path(path).read_text().splitlines():
        network, how, contender, ratio = re.fullmatch(
            r"(.+), (XLA|graph) +(\w+(?: \w+)?) +[\d.]+ ms +([\d.]+)", line
        ).groups()
        found[network, how, contender] = ratio
    lines = ["| encoder | exact | one random probe | batch_jacobian |", "| --- | ---: | ---: | ---: |"]
    for network in dict.fromkeys(key[0] for key in found):
        columns = (("XLA", "exact"), ("XLA", "one probe"), ("graph", "batch_jacobian"))
        lines.append(f"| {network} | " + " | ".join(found[network, *column] for column in columns) + " |")
    return lines


def main():
    text = README.read_text()
    blocks = {
        "results": results(sys.argv[1]),
        "contraction": contraction(sys.argv[2]),
    }
    for key, lines in blocks.items():
        block = "\n".join([f"<!-- {key} -->", *lines, f"<!-- /{key} -->"])
        text = re.sub(
            f"<!-- {key} -->.*?<!-- /{key} -->", lambda _, block=block: block, text, flags=re.DOTALL
        )
    README.write_text(text)


if __name__ == "__main__":
    main()
