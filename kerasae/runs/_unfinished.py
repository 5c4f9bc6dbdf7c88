"""Unfinished: what a training leaves in the folder of its run until it has ended."""

from functools import cached_property
from pathlib import Path
from typing import Any

from kerasae.data import Source
from kerasae.files import read_sealed, write_sealed
from kerasae.recipe import Recipe
from kerasae.training.checkpoint import Checkpoint

#: Number of the format of `unfinished.json`.
FORMAT = 1


class Unfinished:
    """Recipe, source and checkpoint of a training that has not ended.

    Args:
        folder: Folder of the run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder: Path = Path(folder)
        self.path: Path = self.folder / "unfinished.json"
        self.checkpoint: Checkpoint = Checkpoint(self.folder / "checkpoint")

    def exists(self) -> bool:
        """Return whether a training can be resumed."""
        return self.path.is_file()

    @property
    def recipe(self) -> Recipe:
        """Recipe of the training.

        Raises:
            FileNotFoundError: If there is no unfinished training.
            ValueError: If its file is damaged, or a newer kerasae wrote it.
        """
        return Recipe(**self._values["recipe"])

    @property
    def source(self) -> Source | None:
        """Source of the data; `None` if it is not known. The errors are those of `recipe`."""
        source = self._values["source"]
        return None if source is None else Source.from_dict(source)

    @cached_property
    def _values(self) -> dict[str, Any]:
        if not self.exists():
            raise FileNotFoundError(
                f"Expected an unfinished training in {self.folder}, found none; `kerasae train` begins one."
            )
        return read_sealed(self.path, FORMAT)

    def write(self, recipe: Recipe, source: Source | None) -> None:
        """Store the recipe and the source before the training."""
        read_from = None if source is None else source.to_dict()
        write_sealed(self.path, {"recipe": recipe.complete().to_dict(), "source": read_from}, FORMAT)

    def end(self) -> None:
        """Remove everything after the run is stored."""
        # This order matters: an unfinished training without a checkpoint would start again.
        self.path.unlink()
        self.checkpoint.remove()
