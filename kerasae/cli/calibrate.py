"""`kerasae calibrate`: a new threshold for a bundle or a run, from fresh normal rows."""

import json
from pathlib import Path

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._named import RUN_OR_BUNDLE, Source


@click.command("calibrate", short_help="Set the threshold of a bundle or a run again, without training.")
@click.argument("folder", metavar="BUNDLE|RUN", type=RUN_OR_BUNDLE)
@click.argument("source", metavar="ROWS", type=Source())
@click.option(
    "--false-alarms",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    help="Share of new normal rows that may be flagged. It needs at least 1 / share - 1 rows, and windows of "
    "a log two blocks.  [default: 0.05; 0.02 for a log]",
)
@click.option("--json", "as_json", is_flag=True, help="JSON in place of a table, for machines.")
def command(folder: Path, source: str, false_alarms: float | None, as_json: bool) -> None:
    """Set the threshold of BUNDLE or RUN from ROWS, fresh normal rows of another site. No weight moves.

    In a bundle every artifact with a detector gets a threshold by its own scores, and is proved again. The
    old bundle stays until the new one is whole; a server gets the next version beside the old ones.

    \b
    kerasae calibrate ship site.csv --false-alarms 0.01
    """
    import_tensorflow(threads=1, hide_gpus=True)
    from kerasae.cli._output import console, print_table
    from kerasae.cli._results import echo
    from kerasae.workflows import calibrate

    done = calibrate(folder, source, false_alarms=false_alarms)
    if as_json:
        thresholds = {name: {"threshold": new, "former": old} for name, (new, old) in done.thresholds.items()}
        values = {"rows": done.rows, "false_alarms": done.false_alarms, "thresholds": thresholds}
        values |= {"block": done.block, "promised": max(done.promised, done.false_alarms)}
        echo(json.dumps(values, indent=2))
        return
    cells = [
        [name, f"{new:.6g}", "" if former is None else f"{former:.6g}"]
        for name, (new, former) in done.thresholds.items()
    ]
    print_table(["", "threshold", "before"], cells, f"{done.folder}, by {done.rows:,} normal rows")
    said = f"Of new normal rows at most {done.false_alarms:.2%} are flagged on average."
    if done.promised > done.false_alarms * (1 + 1e-9):
        said = (
            f"Of new normal rows at most {done.promised:.2%} are promised to be flagged on average, "
            f"because {done.block} neighbours share readings or an image; {done.false_alarms:.2%} is an "
            "estimate by the tail of the scores."
        )
    console().print(said, soft_wrap=True)
