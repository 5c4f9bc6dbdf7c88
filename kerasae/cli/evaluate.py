"""`kerasae evaluate`: the figures of a run on its test split."""

import json
from pathlib import Path
from typing import Any

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._named import RUN
from kerasae.cli._options import given_beside, log_option


@click.command("evaluate", short_help="Evaluate a finished run on its test split, with PCA beside it.")
@click.argument("run", type=RUN)
@click.option(
    "--likelihood",
    type=click.Choice(["x", "raw", "bits"]),
    help="Unit of the negative log-likelihood, which is printed too for a variational model: nats of x (the "
    "scaled data), nats of raw units, or bits per number of raw units.",
)
@click.option(
    "--samples",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Number of importance samples for each row of --likelihood.",
)
@log_option
@click.option("--json", "as_json", is_flag=True, help="JSON in place of a table, for machines.")
def command(run: Path, likelihood: Any, samples: int, log_to: tuple[str, ...], as_json: bool) -> None:
    """Evaluate a finished RUN on its test split, with PCA of the same size beside it.

    Writes metrics.json and report.html into the run. With --log-to, a run that was logged before gets the new
    figures and page; any other run is logged as a whole.
    """
    if likelihood is None and "samples" in given_beside():
        raise click.UsageError("--samples belongs to --likelihood; name its unit, or leave --samples out.")
    import_tensorflow()
    from kerasae.cli._evaluation import print_evaluation
    from kerasae.cli._output import print_paths
    from kerasae.cli._results import echo
    from kerasae.workflows import evaluate

    evaluation = evaluate(run, likelihood=likelihood, samples=samples, log_to=log_to)
    if as_json:
        echo(json.dumps(evaluation.to_dict(), indent=2))
    else:
        print_evaluation(evaluation)
        if evaluation.logged:
            print_paths(**evaluation.logged)
