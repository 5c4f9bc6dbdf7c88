"""Contenders that take turns, each in a process of its own."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

#: Number of turns of each contender.
TURNS = 5


@dataclass(frozen=True)
class Turns:
    """Figures of contenders that took turns.

    Args:
        figures: Figures of each turn, by contender.
    """

    figures: Mapping[str, Sequence[Mapping[str, float]]]

    def medians(self) -> dict[str, dict[str, float]]:
        """Return the median of each figure, by contender."""
        return {
            name: {key: statistics.median(one[key] for one in figures) for key in figures[0]}
            for name, figures in self.figures.items()
        }

    def median(self, name: str, key: str) -> float:
        """Return the median of a figure of a contender."""
        return statistics.median(self._values(name, key))

    def ratio(self, name: str, other: str, key: str) -> float:
        """Return the median of the ratios of a figure of two contenders, turn by turn."""
        return statistics.median(self._ratios(name, other, key))

    def spread(self, name: str, other: str, key: str) -> float:
        """Return the range of these ratios, as a percentage of their median."""
        return 100 * spread(self._ratios(name, other, key))

    def _values(self, name: str, key: str) -> list[float]:
        return [one[key] for one in self.figures[name]]

    def _ratios(self, name: str, other: str, key: str) -> list[float]:
        pairs = zip(self._values(name, key), self._values(other, key), strict=True)
        return [value / base for value, base in pairs]


def turns(module: str, contenders: Sequence[str], arguments: Sequence[object]) -> Turns:
    """Run each contender once a turn, and return its figures.

    A contender is `python -m MODULE CONTENDER ARGUMENTS`, whose last line is a JSON object of figures.

    Args:
        module: Module that runs a contender.
        contenders: Names of the contenders.
        arguments: Further arguments.
    """
    found: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for turn in range(TURNS):
        for name in contenders:
            command = [sys.executable, "-m", module, name, *map(str, arguments)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[name].append(json.loads(done.stdout.splitlines()[-1]))
            print(f"  turn {turn + 1} {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    return Turns(found)


def medians(
    module: str, contenders: Sequence[str], arguments: Sequence[object]
) -> dict[str, dict[str, float]]:
    """Run each contender once a turn, and return the median of each of its figures, by contender."""
    return turns(module, contenders, arguments).medians()


def spread(values: Sequence[float]) -> float:
    """Return the range of values as a share of their median."""
    return (max(values) - min(values)) / statistics.median(values)


def take_turn(contenders: Mapping[str, Callable[..., Mapping[str, float]]]) -> None:
    """Run the contender that the command line names, with its arguments, and print its figures as JSON."""
    name, *arguments = sys.argv[1:]
    print(json.dumps(contenders[name](*arguments)))


def seconds_of(work: Callable[[], Any], repeats: int = 1) -> float:
    """Return the median duration of some work over repeats, in seconds."""
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)
