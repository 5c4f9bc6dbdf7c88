"""Answers as lines of JSON or CSV."""

import csv
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kerasae.cli._results import results
from kerasae.cli._streams import note
from kerasae.progress import work

#: Number of rows after which the progress is told again.
_OFTEN = 100
#: Number of reasons in a line of CSV.
_REASONS = 3
#: Columns of a reason besides its name, in the order of `scores.csv` of `kerasae apply anomaly`.
_KEYS = ("value", "expected", "spread", "share")


def say(message: str) -> None:
    """Name a row that is skipped, on the error stream."""
    note(f"kerasae: skipped {' '.join(message.split())}")


def json_lines(answer: dict[str, Any]) -> None:
    """Write an answer as a line of JSON."""
    results().write(json.dumps(answer, ensure_ascii=False) + "\n")


def csv_lines() -> Callable[[dict[str, Any]], None]:
    """Return a function that writes an answer as a line of CSV, with a line of names before the first."""
    lines = csv.writer(results(), lineterminator="\n")
    names: list[str] = []

    def write(answer: dict[str, Any]) -> None:
        reasons = answer.pop("reasons", None)
        if reasons is not None:
            padded = [*reasons, *[{}] * _REASONS][:_REASONS]
            for number, reason in enumerate(padded, 1):
                answer[f"reason_{number}"] = reason.get("feature")
                answer |= {f"{key}_{number}": reason.get(key) for key in _KEYS}
        answer |= {key: int(value) for key, value in answer.items() if isinstance(value, bool)}
        if not names:
            names.extend(answer)
            lines.writerow(names)
        lines.writerow([answer.get(name) for name in names])

    return write


def counted(answers: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield answers, and tell now and then how many there have been."""
    with work("scoring", level=logging.DEBUG) as scoring:
        for number, answer in enumerate(answers, 1):
            yield answer
            if number % _OFTEN == 0:
                scoring.reached(number, f"{number:,} rows")
