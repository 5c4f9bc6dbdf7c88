"""A training in the terminal: its epochs while it runs, and what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae.backend import quiet
from kerasae.cli._data import print_skipped, readings_beside
from kerasae.cli._evaluation import print_evaluation
from kerasae.cli._output import console, print_paths, typed
from kerasae.cli._progress import epoch_callback, progress_bar

if TYPE_CHECKING:
    from kerasae.recipe import Recipe
    from kerasae.workflows import Trained


def open_strategy(name: str) -> Any:
    """Return a strategy of `tf.distribute`, made before TensorFlow runs anything."""
    with quiet():
        from kerasae.training import distribution
    if name == "multi-worker":
        index, count = distribution.cluster()
        console(stderr=True).print(f"Host {index} of {count}, counted from 0; waiting for all.")
    with quiet(show_failure=False):
        return distribution.strategy(name)


def train(recipe: "Recipe", out: Path, resume: bool, strategy: Any) -> "Trained | None":
    """Train and show how far it is; see `kerasae.workflows.train`."""
    from kerasae import workflows
    from kerasae.workflows.training import has_checkpoint, is_unfinished

    if resume and not has_checkpoint(out):
        console(stderr=True).print(
            "No checkpoint had been written yet; the training begins again at the first epoch."
        )
    runs: list[Any] = []
    with progress_bar() as bar:
        task = bar.add_task(recipe.model["name"], total=None, state="reading data")
        try:
            return workflows.train(
                recipe,
                out,
                resume=resume,
                callbacks=[epoch_callback(bar, task)],
                strategy=strategy,
                on_data=readings_beside(bar),
                on_run=runs.append,
            )
        except KeyboardInterrupt:
            if is_unfinished(out):
                again = typed("kerasae", "train", "--resume", "--out", out)
                bar.console.print(f"Interrupted; {again} goes on.", soft_wrap=True)
            raise
        except Exception:
            if runs:
                again = typed("kerasae", "evaluate", out)
                bar.console.print(
                    f"The model is trained and kept; {again} goes on from here.", soft_wrap=True
                )
            raise


def print_start(recipe: "Recipe") -> None:
    """Print from where a training goes on, and warn if its new test rows may be old training rows."""
    from kerasae.workflows.training import repeats_rows

    terminal = console(stderr=True)
    terminal.print(
        f"Going on from {recipe.start}: its weights, scalings, categories and vocabulary are kept; the "
        "optimizer begins anew.",
        soft_wrap=True,
    )
    if repeats_rows(recipe):
        terminal.print(
            f"kerasae: {recipe.data['path']} begins with the rows of the earlier training, so some are "
            "test rows now, which look better than new rows; give the new rows alone.",
            soft_wrap=True,
        )


def print_trained(trained: "Trained | None") -> None:
    """Print what came of a training on this host."""
    if trained is None:
        console().print("Done; the host with index 0 in TF_CONFIG has the run.")
        return
    print_evaluation(trained.evaluation)
    print_skipped(trained.skipped)
    print_paths(Run=trained.run.folder, Page=trained.run.report_path)
