"""`kerasae evaluate`: the figures of a run on its test split."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerasae.backend import import_tensorflow

if TYPE_CHECKING:
    from kerasae.runs import Run


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--likelihood",
    type=click.Choice(["x", "raw", "bits"]),
    help="Unit in which the negative log-likelihood of the test rows under a variational model is printed, "
    "too: nats of x (the scaled data), nats of raw units, or bits per number of raw units.",
)
@click.option(
    "--samples", type=click.IntRange(1), default=100, show_default=True, help="Draws per row of --likelihood."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
def command(run: Path, likelihood: str | None, samples: int, as_json: bool) -> None:
    """Evaluate a finished RUN on its test split, with PCA of the same size beside it.

    Writes metrics.json and report.html into the run.
    """
    import_tensorflow()
    from kerasae.runs import Run

    opened = Run.open(run)
    found = None if likelihood is None else likelihood_of(opened, likelihood, samples)
    result = evaluate_run(opened)
    if found is not None:
        result["likelihood"] = found
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        print_evaluation(result)


def likelihood_of(run: "Run", unit: Any, samples: int) -> dict[str, Any]:
    """The mean negative log-likelihood of the test rows of a run, with what it is a number of.

    Raises:
        ValueError: If the model has no likelihood, or raw units have no meaning for it.
    """
    from kerasae.models.variational import VariationalAutoencoder

    model = run.model
    if not isinstance(model, VariationalAutoencoder):
        raise ValueError(
            f"Expected a variational model for --likelihood, received {run.recipe.model['name']} in "
            f"{run.folder}: only a variational model has a likelihood of examples."
        )
    rows = run.data.test.examples
    mean = float(model.nll(rows, samples, unit=unit).mean())
    return {"nll": mean, "unit": model.nll_unit(unit), "samples": samples, "rows": len(rows)}


def evaluate_run(run: "Run") -> dict[str, Any]:
    """The comparison of a run with PCA, written into the run."""
    from kerasae.workflows.comparison.families import compare_runs
    from kerasae.workflows.comparison.page import write_report

    entries, data = compare_runs([run])
    entries[-1].name = run.recipe.model["name"]
    write_report(run.folder, entries, data, f"{run.recipe.model['name']} on {data.name}")
    return json.loads(run.metrics_path.read_text())


def print_evaluation(result: dict[str, Any]) -> None:
    """Prints the table and the verdict."""
    from kerasae.cli._output import console, print_table

    labels = {
        **{key: heading for key, heading in result["columns"].items() if key != "seconds"},
        "latent_dim": "code size",
    }
    names = [entry["name"] for entry in result["entries"]]
    rows = []
    for key, label in labels.items():
        values = [entry["seeds"][0].get(key) for entry in result["entries"]]
        rows.append(
            [
                label,
                *("–" if v is None else f"{v:,}" if isinstance(v, int) else f"{v:.5f}" for v in values),
            ]
        )
    print_table(["", *names], rows, f"{result['data']}, {result['test_rows']} test rows")
    for sentence in result["verdicts"]:
        console().print(sentence)
    if found := result.get("likelihood"):
        console().print(
            f"Negative log-likelihood: {found['nll']:.5g} {found['unit']}, at most: the mean of "
            f"{found['rows']:,} test rows, {found['samples']:,} importance samples each."
        )
