"""What came of a search, in the terminal."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasae.cli._data import print_readings
from kerasae.cli._evaluation import print_evaluation
from kerasae.cli._output import console, print_paths, print_table
from kerasae.cli._results import echo
from kerasae.cli._streams import note
from kerasae.cli.tune._progress import SearchProgress

if TYPE_CHECKING:
    from kerasae.tuning import Settings
    from kerasae.workflows import Tuned


def tune(
    settings: "Settings", out: Path, jobs: int | None, chief: str | None, as_json: bool, log_to: Sequence[str]
) -> "Tuned":
    """Run a search and show how far it is; see `kerasae.workflows.tune`."""
    from kerasae import workflows

    shown = SearchProgress(settings.trials, out, chief)
    try:
        return workflows.tune(
            settings,
            out,
            jobs=jobs,
            chief=chief,
            log_to=log_to,
            on_data=None if as_json else print_readings,
            on_start=shown.start,
            progress=shown.show,
        )
    except KeyboardInterrupt:
        if shown.started:
            note("Interrupted; the same command goes on.")
        raise


def print_tuned(tuned: "Tuned", as_json: bool) -> None:
    """Print the curve of a search and the figures of its run; or all figures as JSON."""
    if as_json:
        echo(json.dumps(tuned.to_dict(), indent=2))
        return
    terminal = console()
    if tuned.failed:
        terminal.print(
            f"{len(tuned.failed)} of {len(tuned.trials)} trials have no figures, for the reasons above."
        )
    print_table(tuned.headings, tuned.table(), "The best of each code size")
    for _, sentence in tuned.sentences:
        terminal.print(sentence)
    print_evaluation(tuned.evaluation)
    print_paths(Run=tuned.run.folder, Page=tuned.run.report_path, **tuned.logged)
