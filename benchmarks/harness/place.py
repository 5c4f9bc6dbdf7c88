"""The folders of a measurement: data to read, and runs that several rows share."""

import dataclasses
import json
from pathlib import Path
from typing import Any


@dataclasses.dataclass
class Place:
    """Folders of a measurement, and the split that it reports.

    Args:
        data: Folder of the data (`../shared/data`).
        runs: Folder of runs. A finished run is opened, and an interrupted one goes on.
        validation: Whether figures are of validation rows. Choices are made on those; the figures of the
            tables are of test rows. Defaults to False.
        earlier: Seconds of the trainings whose runs were opened here, which belong to the figures too.
    """

    data: Path
    runs: Path
    validation: bool = False
    earlier: float = 0.0

    def recipe(self, family: str, epochs: int, **sections: Any) -> Any:
        """Return a recipe of so many epochs, with a cosine schedule.

        For figures of test rows the model is trained on the training and the validation rows, since the
        epochs are fixed; for those of validation rows it is trained on the training rows.

        Args:
            family: Name of the family.
            epochs: Number of epochs.
            **sections: Sections of the recipe; `train` adds to these settings. Without `data` it is MNIST.
        """
        from kerasae import Recipe

        train = {"epochs": epochs, "schedule": "cosine", "hold_out": self.validation}
        sections = {**sections, "train": {**train, **sections.get("train", {})}}
        data = sections.pop("data", None) or self.mnist()
        return Recipe.of(family, source=data.pop("path"), data=data, **sections)

    def reported(self, data: Any) -> Any:
        """Return data whose test split is the one that is reported."""
        return dataclasses.replace(data, test=data.validation) if self.validation else data

    def fitted(self, data: Any) -> Any:
        """Return data for baselines, which are fitted on training and validation rows.

        They are fitted on the training rows alone if the validation rows are reported.
        """
        if not self.validation:
            return data
        return dataclasses.replace(data, validation=data.validation.rows(slice(0)))

    def run(self, name: str, recipe: Any) -> Any:
        """Return the run of a recipe, and train it if it does not exist.

        Args:
            name: Name of its folder.
            recipe: `kerasae.Recipe`.

        Raises:
            ValueError: If the folder holds the run of another recipe.
        """
        from kerasae.runs import Run, run_recipe
        from kerasae.workflows.training import is_unfinished

        name = f"{name}-validation" if self.validation else name
        folder, asked = self.runs / name, self.runs / f"{name}.json"
        text = json.dumps(recipe.to_dict(), indent=1, sort_keys=True)
        if folder.exists() and (not asked.is_file() or asked.read_text() != text):
            raise ValueError(
                f"Expected in {folder} the run of the recipe that this result has now, received another one; "
                "remove the folder."
            )
        if not folder.exists() or is_unfinished(folder):
            self.runs.mkdir(parents=True, exist_ok=True)
            asked.write_text(text)
            return run_recipe(recipe, folder, resume=folder.exists())
        run = Run.open(folder)
        self.earlier += run.training["seconds"]
        return run

    def mnist(self) -> dict[str, Any]:
        """Return the section `data` of a recipe on MNIST.

        The last tenth of a seeded order of the 60,000 training images is for validation; the 10,000 test
        images are the published ones.
        """
        folder = self.data / "mnist"
        return {
            "path": str(folder / "train-images-idx3-ubyte.gz"),
            "labels": str(folder / "train-labels-idx1-ubyte.gz"),
            "test_path": str(folder / "t10k-images-idx3-ubyte.gz"),
            "test_labels": str(folder / "t10k-labels-idx1-ubyte.gz"),
            "validation": 0.1,
            "calibration": 0.0,
        }
