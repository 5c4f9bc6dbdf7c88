"""A training in the terminal: what is said while it runs, and what came of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasae.cli._data import print_readings, print_skipped
from kerasae.cli._evaluation import print_evaluation
from kerasae.cli._output import console, print_paths, typed
from kerasae.cli._streams import note

if TYPE_CHECKING:
    from kerasae.recipe import Recipe
    from kerasae.workflows import Trained


def train(
    recipe: "Recipe", out: Path | str, resume: bool, strategy: Any, log_to: Sequence[str]
) -> "Trained | None":
    """Train, and say how to go on where it does not end; see `kerasae.workflows.train`."""
    from kerasae import workflows
    from kerasae.remote import kept
    from kerasae.workflows.training import has_checkpoint, is_unfinished

    if resume and not has_checkpoint(out):
        note("No checkpoint had been written yet; the training begins again at the first epoch.")
    runs: list[Any] = []
    try:
        return workflows.train(
            recipe,
            out,
            resume=resume,
            strategy=strategy,
            log_to=log_to,
            on_data=print_readings,
            on_run=runs.append,
        )
    except KeyboardInterrupt:
        if is_unfinished(out):
            note(f"Interrupted; {typed('kerasae', 'train', '--resume', '--out', kept(out))} goes on.")
        raise
    except Exception:
        if runs:
            again = typed("kerasae", "evaluate", runs[0].folder)
            note(f"The model is trained and kept; {again} goes on from here.")
        raise


def print_start(recipe: "Recipe") -> None:
    """Say from where a training goes on, and warn if its new test rows may be old training rows."""
    from kerasae.workflows.training import repeats_rows

    note(
        f"Going on from {recipe.start}: its weights, scalings, categories and vocabulary are kept; the "
        "optimizer begins anew."
    )
    if repeats_rows(recipe):
        note(
            f"kerasae: {recipe.data['path']} begins with the rows of the earlier training, so some are "
            "test rows now, which look better than new rows; give the new rows alone."
        )


def print_trained(trained: "Trained | None") -> None:
    """Print what came of a training on this host."""
    if trained is None:
        console().print("Done; the host with index 0 in TF_CONFIG has the run.")
        return
    print_evaluation(trained.evaluation)
    print_skipped(trained.skipped)
    from kerasae.remote import shown

    folder, page = (shown(str(path)) for path in (trained.run.folder, trained.run.report_path))
    print_paths(Run=folder, Page=page, **trained.logged)
