"""`kerasae tune`: how small a code will do, how deep, how wide."""

from pathlib import Path
from typing import Any

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._named import Source
from kerasae.cli._options import given_beside, recipe_options
from kerasae.cli._paths import LocalFolder
from kerasae.cli.tune._hosts import Address, role, run_worker
from kerasae.cli.tune._options import search_options


@click.command("tune")
@click.argument("source", required=False, type=Source())
@click.option(
    "--out",
    type=LocalFolder(),
    required=True,
    help="Folder of the search and of the run of the best recipe. An interrupted search goes on.",
)
@search_options
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    help="Number of trials at a time here. By default one a core (at most 4; 1 on a GPU), none with --chief.",
)
@click.option(
    "--chief",
    type=Address(),
    help="Address at which workers on other hosts ask for trials; with --worker, the address of the chief. "
    "Messages are neither encrypted nor authenticated. Without it, all trials run on this host.",
)
@click.option("--worker", is_flag=True, help="Run trials for the --chief, which knows the settings.")
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

    The result is a curve of the error over the code size, beside PCA, and the code size at which it bends.
    The best recipe of that size is trained on the training and the validation split, as a run in --out.

    \b
    kerasae tune digits --model sparse --trials 30 --out runs/tuned

    On several hosts that share a folder, one command is the chief and the others are workers. KerasTuner's
    variables (KERASTUNER_TUNER_ID, _ORACLE_IP, _ORACLE_PORT) can replace --chief and --worker.

    \b
    kerasae tune digits --trials 300 --out /shared/tuned --chief 10.0.0.1:8000
    kerasae tune --worker --chief 10.0.0.1:8000 --out /shared/tuned
    """
    host = role(chief, worker)
    if jobs == 0 and (host.chief is None or host.worker):
        raise click.UsageError("Expected --jobs of at least 1 without --chief, and on a worker; received 0.")
    if worker and given_beside("worker", "chief", "out", "jobs"):
        raise click.UsageError("A worker has its settings from the chief; expected --chief, --out, --jobs.")
    import_tensorflow(hide_gpus=True)  # The trials have the GPU: each runs in a worker process.
    if host.worker:
        run_worker(out, host, jobs)
        return
    from kerasae.cli._options import recipe_of
    from kerasae.cli.tune._settings import settings_of
    from kerasae.cli.tune._show import print_tuned, tune

    size = settings.get("network.latent_dim")
    searched = settings_of(recipe_of(source, settings, recipe_path), search, size)
    print_tuned(tune(searched, out, jobs, host.chief, as_json, search["log_to"]), as_json)
