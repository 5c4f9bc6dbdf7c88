"""A comparison in the terminal: its trainings while they run, and what came of it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasae.cli._data import print_readings, print_skipped
from kerasae.cli._output import console, print_paths, print_table
from kerasae.cli._results import echo
from kerasae.cli._streams import note

if TYPE_CHECKING:
    from kerasae.recipe import Recipe
    from kerasae.workflows import Comparison


def compare(
    recipe: "Recipe",
    families: Sequence[str] | None,
    seeds: int,
    jobs: int | None,
    out: Path | None,
    as_json: bool,
    log_to: Sequence[str],
) -> "Comparison":
    """Compare families and show how far their trainings are; see `kerasae.workflows.compare_families`."""
    from kerasae.workflows import compare_families
    from kerasae.workflows.comparison import all_families

    def say_kept(kept: int) -> None:
        note(
            f"Kept {kept} finished training{'s' * (kept != 1)} in {out}; the same command "
            "goes on, also with other --models or --seeds."
        )

    return compare_families(
        recipe,
        all_families() if families is None else families,
        seeds,
        out=out,
        jobs=jobs,
        log_to=log_to,
        on_data=None if as_json else print_readings,
        on_kept=say_kept,
    )


def print_comparison(comparison: "Comparison", as_json: bool) -> None:
    """Print the table of a comparison, and what there is to say; or all figures as JSON."""
    if as_json:
        echo(json.dumps(comparison.to_dict(), indent=2))
        return
    print_table(comparison.headings, comparison.table(), comparison.title)
    terminal = console()
    for _, sentence in comparison.sentences:
        terminal.print(sentence)
    terminal.print(" ".join(comparison.notes), style="dim")
    print_skipped(comparison.skipped)
    if comparison.folder is not None:
        print_paths(Page=comparison.folder / "report.html")
    if comparison.logged:
        print_paths(**comparison.logged)
