"""Run: a folder with a trained model, its recipe and its results."""

import csv
import dataclasses
from functools import cached_property
from pathlib import Path
from typing import Any

from kerasae.data import Data, Source
from kerasae.files import check_run, numbered, put_back, read_json, unnumbered, write_json
from kerasae.models import Autoencoder, load_model
from kerasae.recipe import Recipe
from kerasae.remote import fetched
from kerasae.training import History

#: Number of the format of `training.json`.
FORMAT = 1


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
        folder = self.application_folder("anomaly")
        put_back(folder)
        detector = folder / "detector.keras"
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
        """Open the run in a folder, or a copy of the run at an address such as `s3://bucket/run`.

        What is written into a copy stays on this machine and goes with the process.

        Raises:
            FileNotFoundError: If the folder contains no finished run.
        """
        run = cls(fetched(folder))
        check_run(run.folder, folder)
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
        recipe = self.recipe
        if recipe.start is not None:
            # This run has the same preprocessing, and the other one may be gone.
            recipe = dataclasses.replace(recipe, start=str(self.folder))
        data = recipe.as_trained(recipe.load(self.source))
        return dataclasses.replace(data, preprocessor=self.model.preprocessor)

    @cached_property
    def source(self) -> Source | None:
        """Source of the data of this run; `None` if it is not known."""
        return Source.read(self.source_path)

    @cached_property
    def training(self) -> dict[str, Any]:
        """Duration in seconds, number of epochs and best epoch of the training.

        Raises:
            ValueError: If the file is damaged, or a newer kerasae wrote it.
        """
        values = unnumbered(read_json(self.training_path), FORMAT, self.training_path)
        if not isinstance(values, dict) or not {"seconds", "epochs", "best_epoch"} <= {*values}:
            raise ValueError(
                f"Expected seconds, epochs and best_epoch in {self.training_path}, received something else; "
                "restore the file."
            )
        return values

    def epochs(self) -> list[dict[str, float]]:
        """Return the terms of the loss in each epoch of the training, one dict for each.

        Raises:
            ValueError: If the file is damaged.
        """
        try:
            with self.history_path.open(newline="") as file:
                return [{k: float(v) for k, v in row.items() if k != "epoch"} for row in csv.DictReader(file)]
        except (ValueError, TypeError, csv.Error) as error:
            raise ValueError(
                f"Expected a number in every cell of {self.history_path}, received a damaged file ({error}); "
                "restore it."
            ) from None

    def write(
        self, recipe: Recipe, model: Autoencoder, history: History, source: Source | None = None
    ) -> None:
        """Store a finished training. `model.keras` is written last, because it completes the run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if source is not None:
            source.save(self.source_path)
        recipe.complete().save(self.recipe_path)
        trained = {
            "seconds": history.seconds,
            "epochs": len(history.epochs),
            "best_epoch": history.best_epoch,
        }
        write_json(self.training_path, numbered(trained, FORMAT))
        _write_csv(self.history_path, history.epochs)
        model.plain_encoder().save(self.encoder_path)
        model.plain_decoder().save(self.decoder_path)
        new = self.folder / "new.keras"
        try:
            model.save(new)
            new.replace(self.model_path)
        finally:
            new.unlink(missing_ok=True)


def _write_csv(path: Path, rows: list[dict[str, float]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["epoch", *rows[0]])
        writer.writeheader()
        for number, row in enumerate(rows, 1):
            writer.writerow({"epoch": number, **row})
