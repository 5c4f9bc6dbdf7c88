"""`kerasae compare`: the families beside each other and PCA, or finished runs."""

from pathlib import Path
from typing import Any

import click

from kerasae import registry
from kerasae.backend import import_tensorflow
from kerasae.cli._named import Source
from kerasae.cli._options import Names, given_beside, log_option, recipe_options
from kerasae.cli._paths import LocalFolder


@click.command("compare", short_help="Compare all families on a source, or finished runs, with PCA.")
@click.argument("sources", nargs=-1, required=True, type=Source(names=False))
@click.option(
    "--out",
    type=LocalFolder(),
    help="Folder for the page and the runs; a comparison that was interrupted goes on.",
)
@click.option("--models", type=Names(registry.names("model")), help="Families to train; all by default.")
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="Number of trainings of each family.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Number of trainings at a time; one for each core by default, at most 4.",
)
@click.option("--json", "as_json", is_flag=True, help="JSON in place of a table, for machines.")
@log_option
@recipe_options(model=False)
def command(
    sources: tuple[str, ...],
    settings: dict[str, Any],
    recipe_path: Path | None,
    out: Path | None,
    models: tuple[str, ...] | None,
    seeds: int,
    jobs: int | None,
    as_json: bool,
    log_to: tuple[str, ...],
) -> None:
    """Train every family on a source, or compare finished RUNS, with PCA of the same size.

    \b
    kerasae compare digits --out runs/first
    kerasae compare runs/a runs/b
    """
    if len(sources) == 1:
        Source().convert(sources[0], None, None)
    import_tensorflow()
    from kerasae.cli._options import recipe_of
    from kerasae.cli.compare._show import compare, print_comparison
    from kerasae.remote import copied, is_address
    from kerasae.workflows import compare_runs

    # One address is that of data; several ones can only be those of runs.
    paths = {source: copied(source) for source in sources if len(sources) > 1 or not is_address(source)}
    finished = [one for one in sources if one in paths and (paths[one] / "recipe.json").is_file()]
    if finished and len(finished) == len(sources):
        if given_beside("sources", "out", "as_json"):
            raise click.UsageError(
                "Finished runs are compared as they are; expected no options but --out and --json."
            )
        print_comparison(compare_runs(sources, out), as_json)
    elif len(sources) > 1:
        missing = next(source for source in sources if source not in finished)
        raise click.UsageError(
            f"Expected one source, or finished runs, received {len(sources)} arguments of which "
            f"{missing!r} is no finished run."
        )
    else:
        recipe = recipe_of(sources[0], settings, recipe_path)
        print_comparison(compare(recipe, models, seeds, jobs, out, as_json, log_to), as_json)
