"""`kerasae train`: one model into one run folder."""

from pathlib import Path
from typing import Any

import click

from kerasae.backend import import_tensorflow, quiet
from kerasae.cli._options import make_recipe, recipe_options


@click.command("train")
@click.argument("source", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the run; must not exist.",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted training in --out, perhaps with another --learning-rate.",
)
@click.option(
    "--strategy",
    "strategy_name",
    type=click.Choice(["mirrored", "multi-worker"]),
    help="Train on all GPUs of this host, or on all hosts in TF_CONFIG, each of which runs this command.",
)
@recipe_options()
def command(
    source: str | None,
    settings: dict[str, Any],
    recipe_path: Path | None,
    out: Path,
    resume: bool,
    strategy_name: str | None,
) -> None:
    """Train an autoencoder on SOURCE: a name (digits), a path, or tfds:NAME.

    The run folder holds the model, its encoder and decoder as plain Keras models, the recipe, the
    history, the figures on the test split, and a page with pictures.
    """
    strategy = open_strategy(strategy_name) if strategy_name else None
    import_tensorflow()
    from kerasae.cli._output import (
        console,
        epoch_callback,
        print_paths,
        print_readings,
        print_skipped,
        progress_bar,
        typed,
    )
    from kerasae.cli.evaluate import evaluate_run, print_evaluation
    from kerasae.distribution import is_first
    from kerasae.runs import RESUMABLE, check_new, run_recipe, unfinished_recipe

    if resume:
        fixed = [key for key in settings if key not in RESUMABLE]
        if source is not None or recipe_path is not None or fixed:
            received = source or recipe_path or fixed[0]
            raise click.UsageError(
                "--resume repeats the interrupted recipe; expected no more than --out, --learning-rate and "
                f"--set train.clip_norm=VALUE, received {received}."
            )
        recipe = unfinished_recipe(out).override(settings)
        if not (out / "checkpoint" / "state.json").is_file():
            console(stderr=True).print(
                "No checkpoint had been written yet; the training begins again at the first epoch."
            )
    else:
        # The first of several hosts makes it, perhaps before another one looks.
        if is_first(strategy):
            check_new(out)
        recipe = make_recipe(source, settings, recipe_path)

    def say_columns(data: Any) -> None:
        bar.stop()
        print_readings(data)
        bar.start()

    with progress_bar() as bar:
        task = bar.add_task(recipe.model["name"], total=None, state="reading data")
        try:
            run = run_recipe(
                recipe,
                out,
                resume=resume,
                callbacks=[epoch_callback(bar, task)],
                strategy=strategy,
                on_data=say_columns,
            )
        except KeyboardInterrupt:
            if (out / "unfinished.json").is_file():
                again = typed("kerasae", "train", "--resume", "--out", out)
                bar.console.print(f"Interrupted; {again} goes on.", soft_wrap=True)
            raise
    if run is None:
        console().print("Done; the host with index 0 in TF_CONFIG has the run.")
        return
    try:
        result = evaluate_run(run)
    except Exception:
        console(stderr=True).print(
            f"The model is trained and kept; `kerasae evaluate {out}` goes on from here.",
            markup=False,
            soft_wrap=True,
        )
        raise
    print_evaluation(result)
    print_skipped(run.data.skipped)
    print_paths(Run=run.folder, Page=run.report_path)


def open_strategy(name: str) -> Any:
    """A strategy of `tf.distribute`, made before TensorFlow runs anything."""
    from kerasae.cli._output import console

    with quiet():
        from kerasae import distribution
    if name == "multi-worker":
        index, count = distribution.cluster()
        console(stderr=True).print(f"Host {index} of {count}, counted from 0; waiting for all.")
    with quiet(show_failure=False):
        return distribution.strategy(name)
