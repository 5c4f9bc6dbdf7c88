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
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
def command(run: Path, as_json: bool) -> None:
    """Evaluate a finished RUN on its test split, with PCA of the same size beside it.

    Writes metrics.json and report.html into the run.
    """
    import_tensorflow()
    from kerasae.runs import Run

    result = evaluate_run(Run.open(run))
    if as_json:
        click.echo(json.dumps(result, indent=2))
    else:
        print_evaluation(result)


def evaluate_run(run: "Run") -> dict[str, Any]:
    """The comparison of a run with PCA, written into the run."""
    from kerasae.comparison import compare_runs
    from kerasae.comparison_page import write_report

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
