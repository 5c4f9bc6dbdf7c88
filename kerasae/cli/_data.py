"""What was read, in the terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from kerasae.cli._output import console, print_table


def print_readings(data: Any, most: int = 40) -> None:
    """Print how the columns of a table were read; nothing for other examples.

    Args:
        data: Data that were read.
        most: Number of columns to print; of the others their kinds are counted. Defaults to 40.
    """
    from kerasae.data import HEADINGS, readings

    rows = [reading.cells() for reading in readings(data, most)]
    if not rows:
        return
    print_table(HEADINGS, rows, f"Columns of {data.name}", words=True)
    if others := data.spec.columns[most:]:
        kinds = Counter(column.kind for column in others)
        rest = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        console().print(f"  and {len(others):,} more: {rest}")


def print_skipped(lines: Sequence[str], most: int = 20) -> None:
    """Print what could not be read and was left out, if anything.

    Args:
        lines: Sentences, one for each example.
        most: Number of sentences to print. Defaults to 20.
    """
    if not lines:
        return
    out = console()
    out.print(f"Skipped {len(lines)} that could not be read:")
    for line in lines[:most]:
        out.print(f"  {line}", soft_wrap=True)
    if len(lines) > most:
        out.print(f"  and {len(lines) - most} more, all in skipped.txt of the run")
