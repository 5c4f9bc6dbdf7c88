"""ComparisonFolder: where the trainings of a comparison go, each as soon as it is finished."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from kerasae.data import Source
from kerasae.files import alone, check_new, make_new, read_sealed, write_sealed
from kerasae.recipe import Recipe
from kerasae.runs import Run

#: Number of the format of `comparison.json`.
FORMAT = 1


class ComparisonFolder:
    """The folder of a comparison, from which one that was interrupted goes on.

    The run of a family and the first seed lies under the name of the family and stays. Runs of the other
    seeds lie in `other_seeds` until the comparison is complete. So does `comparison.json`, with the recipe
    and what the data were read from.

    Args:
        path: Path of the folder. `begin` makes it.
        first_seed: Seed whose runs stay.
    """

    def __init__(self, path: Path, first_seed: int) -> None:
        self.path = path
        self.first_seed = first_seed
        self._begins = self._goes_on = False
        #: Holds the folder from `begin` to the end, so that no other command writes it.
        self._held = contextlib.ExitStack()

    @property
    def unfinished(self) -> bool:
        """Whether a comparison was interrupted here."""
        return self._begun.is_file()

    def check(self, recipe: Recipe) -> Source | None:
        """Find out whether a comparison can begin or go on here.

        Args:
            recipe: What all trainings share.

        Returns:
            What the data of an interrupted comparison were read from; `None` where none was.

        Raises:
            FileExistsError: if the folder holds something else.
            ValueError: if the interrupted comparison has another recipe, or its file is damaged.
        """
        self._begins = not self.unfinished
        if self._begins:
            check_new(self.path)
            return None
        stored = read_sealed(self._begun, FORMAT)
        if stored["recipe"] != _values(recipe):
            raise ValueError(
                f"Expected the settings of the interrupted comparison in {self.path}, received others; "
                "repeat the command as it was, with any --models and --seeds, or choose another --out."
            )
        return None if stored["source"] is None else Source.from_dict(stored["source"])

    def begin(self, recipe: Recipe, source: Source | None) -> None:
        """Make the folder, unless a comparison goes on.

        Raises:
            FileExistsError: if another command has made it since `check`, or goes on in it.
        """
        if self._begins:
            make_new(self.path)
        whole = self.path.resolve()
        self._held.enter_context(alone(whole.with_name(f".{whole.name}.lock"), self.path))
        self._goes_on = True
        if self._begins:
            read_from = None if source is None else source.to_dict()
            write_sealed(self._begun, {"recipe": _values(recipe), "source": read_from}, FORMAT)

    def run(self, family: str, seed: int) -> Run:
        """Return the run of a family and a seed, finished or not."""
        return Run(self.path / family if seed == self.first_seed else self._others / str(seed) / family)

    def give_up(self) -> int:
        """Leave a comparison that ended early; without a finished training its folder goes.

        Returns:
            Number of finished trainings that are kept; 0 for a comparison that could not begin.
        """
        if not self._goes_on:
            return 0
        kept = len([*self.path.glob("*/model.keras"), *self._others.glob("*/*/model.keras")])
        if not kept:
            shutil.rmtree(self.path)
        self._held.close()
        return kept

    def complete(self) -> None:
        """Leave what a finished comparison keeps."""
        shutil.rmtree(self._others, ignore_errors=True)
        self._begun.unlink()
        self._held.close()

    @property
    def _begun(self) -> Path:
        return self.path / "comparison.json"

    @property
    def _others(self) -> Path:
        return self.path / "other_seeds"


def _values(recipe: Recipe) -> Any:
    """A recipe as it is read from JSON, in which there are no tuples."""
    return json.loads(json.dumps(recipe.complete().to_dict()))
