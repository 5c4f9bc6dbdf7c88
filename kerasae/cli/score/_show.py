"""Answers as lines of JSON or CSV."""

import csv
import json
from collections.abc import Callable
from typing import Any

import click

from kerasae.cli._output import visible
from kerasae.cli._streams import results

#: Number of reasons in a line of CSV.
_REASONS = 3
#: Columns of a reason besides its name, in the order of `scores.csv` of `kerasae apply anomaly`.
_KEYS = ("value", "expected", "spread", "share")


def say(message: str) -> None:
    """Name a row that is skipped, on the error stream."""
    click.echo(f"kerasae: skipped {visible(' '.join(message.split()))}", err=True)


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
