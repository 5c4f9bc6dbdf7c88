"""train: one model into the folder of a run, and its evaluation."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasae.data import Data
from kerasae.keras_classes import Strategy
from kerasae.recipe import Recipe
from kerasae.remote import check_free as check_place
from kerasae.remote import is_address, kept, stored
from kerasae.runs import RESUMABLE, Run, Unfinished, run_recipe
from kerasae.trackers import Tracker
from kerasae.training.distribution import MANY_HOSTS, is_first
from kerasae.workflows.application.which_rows import begins_with_training
from kerasae.workflows.evaluation import Evaluation, evaluate
from kerasae.workflows.tracking import logging_of_run


@dataclasses.dataclass(frozen=True)
class Trained:
    """What came of a training.

    Args:
        run: The finished run.
        evaluation: Figures of the model on the test split.
        logged: Where a user finds the run in each tracker, by its name. Defaults to none.
    """

    run: Run
    evaluation: Evaluation
    logged: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def skipped(self) -> Sequence[str]:
        """What could not be read and was left out, one sentence each."""
        return self.run.data.skipped


def train(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    callbacks: Sequence[keras.callbacks.Callback | str] = (),
    strategy: Strategy | None = None,
    log_to: Sequence[str | Tracker] = (),
    on_data: Callable[[Data], None] | None = None,
    on_run: Callable[[Run], None] | None = None,
) -> Trained | None:
    """Train a model and evaluate it on the test split.

    The folder of the run holds the model, its encoder and decoder as plain Keras models, the recipe, the
    history, the figures on the test split, and a page with pictures.

    Args:
        recipe: What to train; to resume, that of `resumed`.
        out: Folder of the run. It must not exist, unless the training resumes. At an address, such as
            `s3://bucket/run`, there must be nothing yet; the run is stored there when it is whole.
        resume: Whether to go on from the checkpoint of an interrupted training. Defaults to no.
        callbacks: Callbacks of Keras, or their import paths, in addition to those of the recipe. Unlike
            those, they are not stored: a resumed training needs them again. Defaults to none.
        strategy: Strategy of `kerasae.training.distribution`, to train on many devices. Defaults to none.
        log_to: Trackers into which the run is logged: names such as `"mlflow"` or `"wandb"`, with or without
            arguments (`"mlflow(experiment=pumps)"`), or trackers. Defaults to none; a resumed training logs
            where it was logged before.
        on_data: Function called with the data once they are read. Defaults to none.
        on_run: Function called with the run once its model is stored, before it is evaluated. Defaults to
            none.

    Returns:
        The run and its figures; `None` on any host but the first.

    Raises:
        FileExistsError: If the folder exists, or if there is something at the address.
        FileNotFoundError: If there is nothing to resume.
        ImportError: If a tracker, or the package for an address, is not installed.
        OSError: If a tracker or an address cannot be reached. At the end of the training the run is kept.
        ValueError: If the recipe does not suit the data, or a callback cannot be made.

    Warns:
        UserWarning: If nothing could be stored at the address: where the folder is kept.

    Example:
        >>> from kerasae import Recipe
        >>> from kerasae.workflows import train
        >>> trained = train(Recipe.of("variational", train={"epochs": 20}), "runs/vae")
        >>> trained.evaluation.sentences
    """
    if resume:
        _check_folder(out, "a training that resumes")
    if isinstance(strategy, MANY_HOSTS):
        _check_folder(out, "a training on several hosts")
    address = str(out) if is_address(out) else None
    with (
        stored(out, last="model.keras") as folder,
        logging_of_run(log_to, folder, address, resume=resume, writes=is_first(strategy)) as log,
    ):
        run = run_recipe(
            recipe,
            folder,
            resume=resume,
            callbacks=[*callbacks, *log.callbacks],
            strategy=strategy,
            on_data=on_data,
        )
        if run is None:
            return None
        if on_run is not None:
            on_run(run)
        evaluation = evaluate(run)
        log.finish(run)
    return Trained(run, evaluation, log.places)


def _check_folder(out: str | Path, what: str) -> None:
    if is_address(out):
        raise ValueError(f"Expected a folder of this machine for {what}, received the address {out}.")


def check_free(out: str | Path, strategy: Strategy | None = None) -> None:
    """Find out whether a new run can be made in a folder, before any work is done for it.

    Args:
        out: Folder or address of the run.
        strategy: Strategy of the training. The first of several hosts makes the folder, perhaps before
            another one looks, so that only the first one checks. Defaults to none.

    Raises:
        FileExistsError: If it is there already.
        OSError: If it cannot be made, or the address cannot be reached.
    """
    if is_first(strategy):
        check_place(out)


def resumed(out: str | Path, settings: Mapping[str, Any] | None = None) -> Recipe:
    """Return the recipe of the interrupted training in a folder.

    Args:
        out: Folder of the run.
        settings: Settings that are to be others from now on, of those in `kerasae.runs.RESUMABLE`.

    Raises:
        FileNotFoundError: If there is nothing to resume.
        ValueError: For a setting that cannot change, or an address.
    """
    _check_folder(out, "a training that resumes")
    settings = {} if settings is None else dict(settings)
    for key in settings:
        if key not in RESUMABLE:
            raise ValueError(
                "--resume repeats the interrupted recipe; expected no more than --out, --learning-rate, "
                f"--callback and --set train.clip_norm=VALUE, received {key}."
            )
    return Unfinished(out).recipe.override(settings)


def repeats_rows(recipe: Recipe) -> bool:
    """Return whether the file of a training that goes on begins with the rows of the earlier training."""
    path = recipe.data.get("path")
    if recipe.start is None or path is None:
        return False
    return begins_with_training(Run.open(recipe.start), path)


def has_checkpoint(out: str | Path) -> bool:
    """Return whether an interrupted training has left a checkpoint; it begins again without one."""
    return Unfinished(out).checkpoint.exists()


def is_unfinished(out: str | Path) -> bool:
    """Return whether a training in a folder can be resumed, or in the folder that is kept for an address."""
    return Unfinished(kept(out)).exists()
