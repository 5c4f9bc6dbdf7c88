"""Contenders that take turns, each in a process of its own."""

import json
import statistics
import subprocess
import sys
from collections.abc import Sequence

#: Number of turns of each contender.
TURNS = 5


def medians(module: str, contenders: Sequence[str], arguments: Sequence[str]) -> dict[str, dict[str, float]]:
    """Run each contender once a turn, and return the median of each of its figures, by contender.

    A contender is `python -m MODULE CONTENDER ARGUMENTS`, whose last line is a JSON object of figures.

    Args:
        module: Module that runs a contender.
        contenders: Names of the contenders.
        arguments: Further arguments.
    """
    found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for turn in range(TURNS):
        for name in contenders:
            command = [sys.executable, "-m", module, name, *arguments]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"  turn {turn + 1} {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    return {
        name: {key: statistics.median(one[key] for one in figures) for key in figures[0]}
        for name, figures in found.items()
    }


def spread(values: Sequence[float]) -> float:
    """Return the range of values as a share of their median."""
    return (max(values) - min(values)) / statistics.median(values)
