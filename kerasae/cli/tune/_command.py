"""`kerasae tune`: how small a code will do, how deep, how wide."""

from pathlib import Path
from typing import Any

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._options import recipe_options
from kerasae.cli.tune._hosts import Address, role, run_worker
from kerasae.cli.tune._options import search_options


@click.command("tune")
@click.argument("source", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the search and of the run that comes of it; one that was interrupted goes on.",
)
@search_options
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    help="Number of trials at a time on this machine; one for each core by default, none beside --chief.",
)
@click.option(
    "--chief",
    type=Address(),
    help="Address at which workers on other hosts ask for trials; with --worker, address of the chief. What "
    "goes over it is neither encrypted nor authenticated.",
)
@click.option("--worker", is_flag=True, help="Run trials for the --chief, which has the settings.")
@click.option("--json", "as_json", is_flag=True, help="JSON in place of tables, for machines.")
@recipe_options()
def command(
    source: str | None,
    settings: dict[str, Any],
    recipe_path: Path | None,
    out: Path,
    jobs: int | None,
    chief: str | None,
    worker: bool,
    as_json: bool,
    **search: Any,
) -> None:
    """Search code size, depth and node counts on SOURCE, and train the best recipe.

    Trials are spread over the code sizes. The answer is the trade-off curve beside PCA and the code
    size where it bends; the best recipe of that size is trained on the training and the validation
    split, as an ordinary run in --out. The same command goes on with a search that was interrupted.

    \b
    kerasae tune digits --model sparse --trials 30 --out runs/tuned

    On several hosts that share a folder, one command is the chief, the others are workers; the variables
    KERASTUNER_TUNER_ID, KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT say the same.

    \b
    kerasae tune digits --trials 300 --out /shared/tuned --chief 10.0.0.1:8000
    kerasae tune --worker --chief 10.0.0.1:8000 --out /shared/tuned
    """
    host = role(chief, worker)
    if jobs == 0 and (host.chief is None or host.worker):
        raise click.UsageError("Expected --jobs of at least 1 without --chief, and on a worker; received 0.")
    if worker and (source is not None or settings or recipe_path is not None):
        raise click.UsageError("A worker has its settings from the chief; expected --chief, --out, --jobs.")
    # The trials have the GPU: each runs in a worker process.
    import_tensorflow(hide_gpus=True)
    if host.worker:
        run_worker(out, host, jobs)
        return
    from kerasae.cli._options import recipe_of
    from kerasae.cli.tune._settings import settings_of
    from kerasae.cli.tune._show import print_tuned, tune

    recipe = recipe_of(source, settings, recipe_path)
    searched = settings_of(recipe, search, settings.get("network.latent_dim"))
    print_tuned(tune(searched, out, jobs, host.chief, as_json), as_json)
