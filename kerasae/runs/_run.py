"""Run: a folder with a trained model, its recipe and its results."""

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kerasae.data import Data, Source
from kerasae.files import alone, read_json, read_sealed, write_json, write_sealed
from kerasae.models import Autoencoder, load_model
from kerasae.recipe import Recipe
from kerasae.training import History, train
from kerasae.training.checkpoint import Checkpoint
from kerasae.training.distribution import MANY_HOSTS, is_first

#: Settings that a resumed training may change, because its checkpoint does not depend on them.
RESUMABLE = ("train.learning_rate", "train.clip_norm")


@dataclasses.dataclass(frozen=True)
class Run:
    """Paths and contents of a run folder.

    Args:
        folder: Folder of the run.
    """

    folder: Path

    @property
    def recipe_path(self) -> Path:
        """Path of the recipe, with every default written out."""
        return self.folder / "recipe.json"

    @property
    def model_path(self) -> Path:
        """Path of the whole model with its preprocessor, a `.keras` file."""
        return self.folder / "model.keras"

    @property
    def encoder_path(self) -> Path:
        """Path of the encoder from raw examples to codes, made only of Keras's layers."""
        return self.folder / "encoder.keras"

    @property
    def decoder_path(self) -> Path:
        """Path of the decoder from codes to raw units, made only of Keras's layers."""
        return self.folder / "decoder.keras"

    @property
    def history_path(self) -> Path:
        """Path of the history, a CSV file with one row per epoch."""
        return self.folder / "history.csv"

    @property
    def source_path(self) -> Path:
        """Path of the source of the data: files, their checksums, and the rows of each split."""
        return self.folder / "data.json"

    @property
    def training_path(self) -> Path:
        """Path of the duration of the training and its best epoch."""
        return self.folder / "training.json"

    @property
    def metrics_path(self) -> Path:
        """Path of the figures of `evaluate`."""
        return self.folder / "metrics.json"

    @property
    def detector_path(self) -> Path:
        """Path of the fitted anomaly score and its threshold, a `.keras` file."""
        detector = self.application_folder("anomaly") / "detector.keras"
        earlier = self.folder / "detector.keras"  # where runs before November 2026 hold it
        return earlier if earlier.is_file() and not detector.is_file() else detector

    def application_folder(self, name: str) -> Path:
        """Return the path of the folder that holds a fitted application."""
        return self.folder / "applications" / name

    @property
    def report_path(self) -> Path:
        """Path of the HTML report."""
        return self.folder / "report.html"

    @classmethod
    def open(cls, folder: str | Path) -> "Run":
        """Open the run in a folder.

        Raises:
            FileNotFoundError: If the folder contains no finished run.
        """
        run = cls(Path(folder))
        if not run.recipe_path.is_file() or not run.model_path.is_file():
            raise FileNotFoundError(
                f"Expected a finished run (recipe.json, model.keras) in {folder}, found none; "
                "`kerasae train` makes one."
            )
        return run

    @cached_property
    def recipe(self) -> Recipe:
        """Recipe of this run."""
        return Recipe.read(self.recipe_path)

    @cached_property
    def model(self) -> Autoencoder:
        """Trained model of this run."""
        return load_model(self.model_path)

    @cached_property
    def data(self) -> Data:
        """Data of this run as they were in training, with the preprocessor of the model.

        After a training with `hold_out=false` the validation rows are in the training split.

        Raises:
            FileNotFoundError: If the data no longer exist.
            ValueError: If the data have changed since the training.
        """
        data = self.recipe.as_trained(self.recipe.load(self.source))
        return dataclasses.replace(data, preprocessor=self.model.preprocessor)

    @cached_property
    def source(self) -> Source | None:
        """Source of the data of this run; `None` if it is not known."""
        return Source.read(self.source_path)

    @cached_property
    def training(self) -> dict[str, Any]:
        """Duration in seconds, number of epochs and best epoch of the training.

        Raises:
            ValueError: If the file is damaged.
        """
        values = read_json(self.training_path)
        if not isinstance(values, dict) or not {"seconds", "epochs", "best_epoch"} <= {*values}:
            raise ValueError(
                f"Expected seconds, epochs and best_epoch in {self.training_path}, received something else; "
                "restore the file."
            )
        return values

    def write(
        self, recipe: Recipe, model: Autoencoder, history: History, source: Source | None = None
    ) -> None:
        """Store a finished training. `model.keras` is written last, because it completes the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if source is not None:
            source.save(self.source_path)
        recipe.complete().save(self.recipe_path)
        write_json(
            self.training_path,
            {
                "seconds": history.seconds,
                "epochs": len(history.epochs),
                "best_epoch": history.best_epoch,
            },
        )
        _write_csv(self.history_path, history.epochs)
        model.plain_encoder().save(self.encoder_path)
        model.plain_decoder().save(self.decoder_path)
        new = self.folder / "new.keras"
        try:
            model.save(new)
            new.replace(self.model_path)
        finally:
            new.unlink(missing_ok=True)


def run_recipe(
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    source: Source | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    strategy: tf.distribute.Strategy | None = None,
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
        callbacks: Additional callbacks of Keras. Defaults to `()`.
        strategy: Strategy of `kerasae.training.distribution`, to train on many devices. With several hosts,
            each host calls this function and the first one writes; `resume` then needs a folder that all
            hosts can read. Defaults to `None`.
        on_data: Function that is called with the data before the training. Defaults to `None`.

    Returns:
        The run; `None` on any host but the first.

    Raises:
        FileExistsError: If the folder exists, or another process resumes the training in it.
        FileNotFoundError: If there is nothing to resume.
        ValueError: If the checkpoint to resume is damaged.
        ConnectionError: If another host ended. The checkpoint is kept for `resume`.
    """
    folder = Path(out)
    unfinished, checkpoint = folder / "unfinished.json", Checkpoint(folder / "checkpoint")
    writes = is_first(strategy)
    if resume:
        source = _unfinished_source(folder)
        checkpoint.check()
    elif writes:
        check_new(folder)
    data = recipe.load(source)
    if on_data is not None:
        on_data(data)
    recipe = recipe.fill(data)
    with strategy.scope() if strategy is not None else contextlib.nullcontext():
        model = recipe.build(data)
    arguments: dict[str, Any] = {**recipe.train, "folder": folder, "resume": resume, "callbacks": callbacks}
    if not writes:
        with _hosts_lost(folder):
            train(model, data, **arguments)
        return None
    if not resume:
        make_new(folder)
    with alone(folder / ".lock", folder):
        try:
            read_from = None if data.source is None else data.source.to_dict()
            write_sealed(unfinished, {"recipe": recipe.complete().to_dict(), "source": read_from})
            with _hosts_lost(folder) if isinstance(strategy, MANY_HOSTS) else contextlib.nullcontext():
                history = train(model, data, **arguments)
            run = Run(folder)
            # The data are kept, so that an evaluation does not read them again.
            run.__dict__["data"] = dataclasses.replace(
                recipe.as_trained(data), preprocessor=model.preprocessor
            )
            run.write(recipe, model, history, data.source)
            if data.skipped:
                lines = "".join(f"{line}\n" for line in data.skipped)
                (folder / "skipped.txt").write_text(lines, encoding="utf-8", errors="backslashreplace")
        except ConnectionError:
            raise
        except Exception as error:
            if checkpoint.exists():
                raise_again(error, _how_to_go_on(error, recipe, folder))
            elif not resume:
                shutil.rmtree(folder)
            raise
        # This order matters: an unfinished training without a checkpoint would start again.
        unfinished.unlink()
        checkpoint.remove()
    return run


def unfinished_recipe(folder: str | Path) -> Recipe:
    """Return the recipe of the unfinished training in a folder.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If its file is damaged.
    """
    return Recipe(**_unfinished(folder)["recipe"])


def _unfinished_source(folder: Path) -> Source | None:
    source = _unfinished(folder)["source"]
    return None if source is None else Source.from_dict(source)


def _unfinished(folder: str | Path) -> dict[str, Any]:
    path = Path(folder) / "unfinished.json"
    if not path.is_file():
        raise FileNotFoundError(
            f"Expected an unfinished training in {folder}, found none; `kerasae train` begins one."
        )
    return read_sealed(path)


def _how_to_go_on(error: Exception, recipe: Recipe, folder: Path) -> str:
    again = f"kerasae train --resume --out {folder}"
    if isinstance(error, FloatingPointError):
        rate = recipe.complete().train["learning_rate"] / 10
        return (
            "The checkpoint before that is kept: with the same settings a resumed training ends here again; "
            f"`{again} --learning-rate {rate:g}` goes on with another one."
        )
    return f"The training stopped before its end, and its checkpoint is kept: `{again}` goes on."


def raise_again(error: Exception, sentence: str) -> None:
    """Raise an error of a known type again, with one more sentence; do nothing for any other type."""
    for kind in (OSError, FloatingPointError, MemoryError, ValueError):
        if isinstance(error, kind):
            raise kind(f"{error!s:.500} {sentence}") from error


@contextlib.contextmanager
def _hosts_lost(folder: Path) -> Iterator[None]:
    """Raise a ConnectionError that explains how to continue if one of several hosts has ended."""
    try:
        yield
    except tf.errors.OpError as error:
        raise ConnectionError(
            f"Expected all hosts until the end, received: {' '.join(str(error.message).split())[:200]}; "
            f"`kerasae train --resume --out {folder}`, on all of them, goes on."
        ) from error


def check_new(folder: str | Path) -> None:
    """Check that a new folder can be created, before any work is done for it.

    Raises:
        FileExistsError: If the folder exists.
        OSError: If the folder cannot be created.
    """
    folder = Path(folder)
    if os.path.lexists(folder):
        raise _taken(folder)
    parent = next(path for path in folder.absolute().parents if path.exists())
    try:
        tempfile.TemporaryDirectory(dir=parent).cleanup()
    except OSError as error:
        raise OSError(
            f"Expected a folder that can be written for --out, received {folder}: nothing can be "
            f"made in {parent} ({error.strerror})."
        ) from None


def make_new(folder: Path) -> None:
    """Create a new folder and its parents.

    Raises:
        FileExistsError: If the folder exists, perhaps only since `check_new`.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise _taken(folder) from None


def _taken(folder: Path) -> FileExistsError:
    return FileExistsError(
        f"Expected a folder that does not exist yet for --out, received {folder}, which is kept "
        "as it is; choose another."
    )


def _write_csv(path: Path, rows: list[dict[str, float]]) -> None:
    import csv

    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["epoch", *rows[0]])
        writer.writeheader()
        for number, row in enumerate(rows, 1):
            writer.writerow({"epoch": number, **row})


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder, which is renamed to `path` after everything in it is written.

    Raises:
        FileExistsError: If the folder exists, or another process is writing it.
    """
    check_new(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with alone(path.with_name(f".{path.name}.lock"), path):
        hidden = path.with_name(f".{path.name}.unfinished")
        # This is the folder of a killed process; a running one would hold the lock.
        shutil.rmtree(hidden, ignore_errors=True)
        hidden.mkdir()
        try:
            yield hidden
            check_new(path)
            hidden.rename(path)
        finally:
            shutil.rmtree(hidden, ignore_errors=True)
