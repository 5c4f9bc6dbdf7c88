"""Measures published results and speed.

    python -m benchmarks                                       names of all results
    python -m benchmarks deep_autoencoder --data ../shared/data
    python -m benchmarks --all --data ../shared/data           all of them, then benchmarks/RESULTS.md
    python -m benchmarks --table                               only benchmarks/RESULTS.md and README.md

Each row and seed is measured in a process of its own, and its figures are kept in `benchmarks/measured` as
soon as they are there: an interrupted command goes on where it was, and `--again` starts anew. `--validation`
shows figures of validation rows, for choices; they are not kept.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import page_tables
from benchmarks.harness import tables
from benchmarks.harness.measured import Figures, Measured
from benchmarks.harness.result import load, names


def main() -> int:
    """Parse the command line, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--all", action="store_true", help="measure every result")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="folder of the data")
    parser.add_argument("--runs", type=Path, default=Path("runs/benchmarks"), help="folder of trained models")
    parser.add_argument("--row", action="append", help="measure this row only; may be repeated")
    parser.add_argument("--seeds", type=int, help="number of seeds of each row; fewer are quicker")
    parser.add_argument("--again", action="store_true", help="measure again what is known")
    parser.add_argument("--validation", action="store_true", help="figures of validation rows, not kept")
    parser.add_argument("--table", action="store_true", help="write RESULTS.md and README.md only")
    options = parser.parse_args()
    if not (options.names or options.all or options.table):
        print("\n".join(f"{name:28}{load(name).title}" for name in names()))
        return 0
    try:
        failed = [name for name in (names() if options.all else options.names) if not measured(name, options)]
    except ValueError as error:
        print(f"benchmarks: error: {error}", file=sys.stderr)
        return 2
    if options.all or options.table:
        tables.write()
        page_tables.write(page_tables.known())
    return 1 if failed else 0


def measured(name: str, options: argparse.Namespace) -> bool:
    """Measure what is not known of a result, and print its section. Return whether all rows were measured."""
    result, kept, whole = load(name), Measured(name), True
    unknown = {*(options.row or ())} - {row.name for row in result.rows}
    if unknown:
        rows = ", ".join(repr(row.name) for row in result.rows)
        raise ValueError(f"Expected a row of {name} ({rows}), received {sorted(unknown)[0]!r}.")
    for row in result.rows:
        if row.measure is None or (options.row and row.name not in options.row):
            continue
        for seed in range(row.seeds if options.seeds is None else min(row.seeds, options.seeds)):
            if not options.again and not options.validation and seed in kept.read().get(row.name, {}):
                continue
            figures = measure(name, row.name, seed, options)
            whole &= figures is not None
            if figures is not None and not options.validation:
                kept.add(row.name, seed, figures)
    if not options.validation:
        print("\n" + tables.section(name), flush=True)
    return whole


def measure(name: str, row: str, seed: int, options: argparse.Namespace) -> Figures | None:
    """Measure a row with a seed in a process of its own; `None` if it failed."""
    split = "validation" if options.validation else "test"
    command = [sys.executable, "-m", "benchmarks.harness.one", name, row, str(seed)]
    command += [str(options.data), str(options.runs / name), split]
    print(f"{name}: {row}, seed {seed} ...", file=sys.stderr, flush=True)
    began = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        print(f"{name}: {row}, seed {seed}: not measured", file=sys.stderr, flush=True)
        return None
    answer = json.loads(done.stdout.splitlines()[-1])
    seconds += answer["earlier"]
    figures = Figures.now(answer["values"], seconds)
    shown = ", ".join(f"{key} {value:g}" for key, value in figures.values.items())
    print(f"{name}: {row}, seed {seed}: {shown}; {seconds:.0f} s", file=sys.stderr, flush=True)
    return figures


if __name__ == "__main__":
    sys.exit(main())
