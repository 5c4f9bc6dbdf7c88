"""run_recipe: a training whose result is a run."""

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from kerasae.data import Data, Source
from kerasae.files import alone, check_new, make_new
from kerasae.keras_classes import Strategy
from kerasae.recipe import Recipe
from kerasae.runs._errors import hosts_lost, how_to_go_on, raise_again
from kerasae.runs._run import Run
from kerasae.runs._unfinished import Unfinished
from kerasae.training import callbacks_of, train
from kerasae.training.distribution import MANY_HOSTS, is_first

#: Settings that a resumed training may change, because its checkpoint does not depend on them.
RESUMABLE = ("train.learning_rate", "train.clip_norm", "train.callbacks")


def run_recipe(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    source: Source | None = None,
    callbacks: Sequence[keras.callbacks.Callback | str] = (),
    strategy: Strategy | None = None,
    on_data: Callable[[Data], None] | None = None,
) -> Run | None:
    """Train a recipe, and store the result in a new run folder.

    The folder is created after the data are read and the model is built. A training that ends early leaves
    its checkpoint for `resume`. If there is no checkpoint yet, an error removes the folder. The checkpoint is
    removed after the model is stored.

    Args:
        recipe: Recipe to train. To resume, pass the recipe of the interrupted training; it may have new
            values of the settings in `RESUMABLE`.
        out: Run folder, which must not exist unless `resume` is True.
        resume: Whether to continue from the checkpoint in the folder; without one the training starts again.
            Defaults to False.
        source: Source of an earlier run, to train on the same rows. A resumed training uses its own.
            Defaults to `None`.
        callbacks: Callbacks of Keras, or their import paths, in addition to those of the recipe. Unlike
            those, they are not stored: a resumed training needs them again. Defaults to `()`.
        strategy: Strategy of `kerasae.training.distribution`, to train on many devices. With several hosts,
            each host calls this function and the first one writes; `resume` then needs a folder that all
            hosts can read. Defaults to `None`.
        on_data: Function that is called with the data before the training. Defaults to `None`.

    Returns:
        The run; `None` on any host but the first.

    Raises:
        FileExistsError: If the folder exists, or another process resumes the training in it.
        FileNotFoundError: If there is nothing to resume.
        ValueError: If the checkpoint to resume is damaged, or a callback cannot be made.
        ConnectionError: If another host ended. The checkpoint is kept for `resume`.
    """
    folder = Path(out)
    unfinished, writes = Unfinished(folder), is_first(strategy)
    made = callbacks_of([*recipe.train.get("callbacks", ()), *callbacks])
    if resume:
        source = unfinished.source
        unfinished.checkpoint.check()
    elif writes:
        check_new(folder)
    data = recipe.load(source)
    if on_data is not None:
        on_data(data)
    recipe = recipe.fill(data)
    with strategy.scope() if strategy is not None else contextlib.nullcontext():
        model = recipe.build(data)
    arguments: dict[str, Any] = {**recipe.train, "folder": folder, "resume": resume, "callbacks": made}
    if not writes:
        with hosts_lost(folder):
            train(model, data, **arguments)
        return None
    if not resume:
        make_new(folder)
    # Windows removes no folder with an open file, so the lock is released before.
    with contextlib.ExitStack() as afterwards, alone(folder / ".lock", folder):
        try:
            unfinished.write(recipe, data.source)
            with hosts_lost(folder) if isinstance(strategy, MANY_HOSTS) else contextlib.nullcontext():
                history = train(model, data, **arguments)
            run = Run(folder)
            # The data are kept, so that an evaluation does not read them again.
            run.__dict__["data"] = dataclasses.replace(
                recipe.as_trained(data), preprocessor=model.preprocessor
            )
            run.write(recipe, model, history, data.source)
            _write_skipped(folder, data)
        except ConnectionError:
            raise
        except Exception as error:
            if unfinished.checkpoint.exists():
                raise_again(error, how_to_go_on(error, recipe, folder))
            elif not resume:
                afterwards.callback(shutil.rmtree, folder)
            raise
        unfinished.end()
    return run


def _write_skipped(folder: Path, data: Data) -> None:
    if data.skipped:
        lines = "".join(f"{line}\n" for line in data.skipped)
        (folder / "skipped.txt").write_text(lines, encoding="utf-8", errors="backslashreplace")
