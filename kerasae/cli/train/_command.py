"""`kerasae train`: one model into one run folder."""

from pathlib import Path
from typing import Any

import click

from kerasae.backend import import_tensorflow
from kerasae.cli._named import RUN, Source
from kerasae.cli._options import log_option, recipe_options
from kerasae.cli._paths import PathOrAddress


@click.command("train", short_help="Train an autoencoder on a source.")
@click.argument("source", required=False, type=Source())
@click.option(
    "--out",
    type=PathOrAddress(),
    required=True,
    help="Folder of the run, or an address such as s3://bucket/run; nothing may be there yet.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with the interrupted training in --out, with another --learning-rate if one is given.",
)
@click.option(
    "--from",
    "start",
    type=RUN,
    metavar="RUN",
    help="Go on from the weights of RUN with the rows of SOURCE, which have the same columns. Scalings, "
    "categories and vocabulary stay as they were fitted in RUN; --set changes the sections data and train.",
)
@click.option(
    "--strategy",
    "strategy_name",
    type=click.Choice(["mirrored", "multi-worker"]),
    help="Train on all GPUs of this host (mirrored), or on all hosts in TF_CONFIG (multi-worker), each of "
    "which runs this command. Without it, train on one device.",
)
@log_option
@recipe_options()
def command(
    source: str | None,
    settings: dict[str, Any],
    recipe_path: Path | None,
    out: Path | str,
    resume: bool,
    start: Path | None,
    strategy_name: str | None,
    log_to: tuple[str, ...],
) -> None:
    """Train an autoencoder on SOURCE: a name (digits), a path, or tfds:NAME.

    The folder of the run contains the model, its encoder and decoder as plain Keras models, the recipe,
    the history, the metrics on the test split, and a page with pictures.
    """
    from kerasae.cli.train._show import print_start, print_trained, train
    from kerasae.cli.train._strategy import open_strategy
    from kerasae.remote import check_free as check_place

    strategy = open_strategy(strategy_name) if strategy_name else None
    if not (resume or strategy):  # before seconds go by for TensorFlow
        check_place(out)
    import_tensorflow()
    from kerasae.cli._options import recipe_of
    from kerasae.cli.train._recipe import continued_recipe, resumed_recipe
    from kerasae.workflows.training import check_free

    if resume:
        recipe = resumed_recipe(out, settings, source, recipe_path, start)
    elif start is not None:
        check_free(out, strategy)
        recipe = continued_recipe(start, source, settings, recipe_path)
        print_start(recipe)
    else:
        check_free(out, strategy)
        recipe = recipe_of(source, settings, recipe_path)
    print_trained(train(recipe, out, resume, strategy, log_to))
