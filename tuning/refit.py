"""refit: a run of the best recipe, trained on the training and the validation split."""

import hashlib
import shutil
from pathlib import Path

from kerasae.tuning.cluster import start_process
from kerasae.tuning.settings import DATA, Settings
from kerasae.tuning.trials import Trial

from kerasae.data import Source
from kerasae.recipe import Recipe
from kerasae.runs import Run, Unfinished


def winning_recipe(settings: Settings, trial: Trial) -> Recipe:
    """Return the recipe of a trial with its number of epochs, for a training without a validation split.

    With the cosine schedule it has all epochs.
    """
    recipe = settings.common.override({**trial.settings, "train.hold_out": False})
    if recipe.complete().train["schedule"] == "cosine":
        # The schedule belongs to the whole number of epochs: with fewer it would be another one.
        return recipe
    return recipe.override(
        {"train.epochs": int(trial.figures["epochs"]), "train.reduce_at": list(trial.reductions)}
    )


def refit(folder: Path, recipe: Recipe, source: Source | None = None) -> Run:
    """Train a recipe in a separate process, and move the run into the folder of its search.

    An interrupted training goes on. An earlier run is replaced, unless it has the same recipe.

    Args:
        folder: Folder of the search.
        recipe: Recipe to train.
        source: What its data were read from. Defaults to `None`, what those of the search were read from.

    Raises:
        ValueError: If the training fails, or the data have changed since the search began.
    """
    done, wanted = folder / "search" / "winner.json", folder / "search" / "refit.json"
    recipe.save(wanted)
    text = wanted.read_bytes()
    if done.is_file() and done.read_bytes() == text and (folder / "model.keras").is_file():
        return Run.open(folder)
    # The name depends on the recipe, so that the checkpoint of another recipe is not used.
    hidden = folder / f".unfinished-{hashlib.sha256(text).hexdigest()[:12]}"
    for other in folder.glob(".unfinished-*"):
        if other != hidden:
            shutil.rmtree(other)
    if not _finished(hidden):
        if not Unfinished(hidden).exists():
            shutil.rmtree(hidden, ignore_errors=True)
        read_from = folder / DATA if source is None else folder / "search" / DATA
        if source is not None:
            source.save(read_from)
        _train(wanted, hidden, read_from, folder / "search" / "refit.log")
    # These files belong to the replaced model.
    Run(folder).detector_path.unlink(missing_ok=True)
    for name in ("applications", "sections"):
        shutil.rmtree(folder / name, ignore_errors=True)
    # The model is last, because it makes a run complete.
    for path in sorted(hidden.iterdir(), key=lambda path: path.name == "model.keras"):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    hidden.rmdir()
    wanted.replace(done)
    return Run.open(folder)


def _finished(hidden: Path) -> bool:
    return (hidden / "model.keras").is_file() and not Unfinished(hidden).exists()


def _train(recipe: Path, out: Path, data: Path, log: Path) -> None:
    with start_process(["train", recipe, out, data], log) as process:
        try:
            status = process.wait()
        finally:
            process.terminate()
    if status:
        lines = log.read_text(errors="replace").strip().splitlines()
        raise ValueError(f"The best recipe failed: {lines[-1] if lines else 'no message'}")
