"""refit: the best recipe, trained on the training and the validation split, as an ordinary run."""

import shutil
from pathlib import Path

from kerasae.tuning.search import start_process
from kerasae.tuning.settings import Settings
from kerasae.tuning.trials import Trial

from kerasae.recipe import Recipe
from kerasae.runs import Run


def winning_recipe(settings: Settings, trial: Trial) -> Recipe:
    """The recipe of a trial with the epochs that it found, to be trained without a validation split."""
    return settings.recipe.override(
        {
            **trial.settings,
            "train.epochs": int(trial.figures["epochs"]),
            "train.reduce_at": list(trial.reductions),
            "train.hold_out": False,
        }
    )


def refit(folder: Path, recipe: Recipe) -> Run:
    """Trains a recipe in a process of its own and puts the run into the folder of its search.

    What an interrupted one left is taken up. A run that is there already is replaced unless it is of
    the same recipe.

    Args:
        folder: of the search's output.
        recipe: what to train.

    Raises:
        RuntimeError: if the training fails.
    """
    wanted = folder / "search" / "winner.json"
    recipe.save(wanted.with_suffix(".json.new"))
    same = wanted.is_file() and wanted.read_text() == wanted.with_suffix(".json.new").read_text()
    wanted.with_suffix(".json.new").replace(wanted)
    if same and (folder / "model.keras").is_file():
        return Run.open(folder)
    hidden = folder / ".unfinished"
    finished = (hidden / "model.keras").is_file() and not (hidden / "unfinished.json").is_file()
    if not same or not (finished or (hidden / "unfinished.json").is_file()):
        shutil.rmtree(hidden, ignore_errors=True)
        finished = False
    if not finished:
        log = folder / "search" / "refit.log"
        process = start_process(["train", wanted, hidden], log)
        try:
            status = process.wait()
        finally:
            process.terminate()
        if status:
            lines = log.read_text(errors="replace").strip().splitlines()
            raise RuntimeError(f"The best recipe failed: {lines[-1] if lines else 'no message'}")
    # The model, which makes a run complete, comes last.
    for path in sorted(hidden.iterdir(), key=lambda path: path.name == "model.keras"):
        target = folder / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
    hidden.rmdir()
    return Run.open(folder)
