"""`kerasae monitor`: whether new rows still look like those on which a detector was calibrated."""

import json
from pathlib import Path

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._named import RUN_OR_BUNDLE, Source
from kerasae.cli._paths import LocalFolder


@click.command("monitor", short_help="Watch new rows for drift from the calibration rows.")
@click.argument("folder", metavar="RUN|BUNDLE", type=RUN_OR_BUNDLE)
@click.argument("source", metavar="EXAMPLES", type=Source())
@click.option(
    "--out",
    type=LocalFolder(),
    required=True,
    help="Folder of the monitor: the page, drift.json, and the history, which grows by a line in each call.",
)
@click.option(
    "--reference",
    type=Source(),
    help="Rows to compare with: a path or a name. Without it, the calibration rows of RUN are used. "
    "A BUNDLE needs it, and a RUN after `kerasae calibrate`.",
)
@click.option(
    "--significance",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Largest probability of an alarm without drift.",
)
@click.option(
    "--smallest",
    type=click.FloatRange(0, 1, max_open=True),
    default=0.1,
    show_default=True,
    help="Smallest distance of two distributions that counts as drift, in [0, 1).",
)
@click.option("--json", "as_json", is_flag=True, help="JSON in place of sentences, for machines.")
def command(
    folder: Path,
    source: str,
    out: Path,
    reference: str | None,
    significance: float,
    smallest: float,
    as_json: bool,
) -> int:
    """Compare EXAMPLES with the rows on which the detector of RUN or BUNDLE was calibrated.

    Scores, columns and the promised rate of false alarms are tested together. `kerasae apply anomaly` stores
    the detector in RUN; an export carries it. Exit status 0 without drift, 3 with drift.
    """
    import_tensorflow()
    from kerasae.cli._output import console, print_paths
    from kerasae.cli._results import echo
    from kerasae.workflows import monitor

    monitored = monitor(
        folder, source, out, reference=reference, significance=significance, smallest=smallest
    )
    if as_json:
        echo(json.dumps(monitored.to_dict(), indent=2))
    else:
        terminal = console()
        for _, sentence in monitored.sentences:
            terminal.print(sentence, soft_wrap=True)
        terminal.print("Drift." if monitored.drift else "No drift.")
        print_paths(History=out / "history.jsonl", Page=out / "report.html")
    return 3 if monitored.drift else 0
