"""Settings: the definition of a search, in a file that its chief and its workers share."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from kerasae.tuning.budget import Budget
from kerasae.tuning.hypermodel import AutoencoderHyperModel
from kerasae.tuning.objectives import Objective, objective
from kerasae.tuning.spaces import Space
from kerasae.tuning.windows import OBJECTIVES, with_common_splits

from kerasae.data import Data, Source
from kerasae.files import numbered, read_json, unnumbered, write_json
from kerasae.recipe import Recipe

#: Name of the file in the folder of a search that identifies the source of the data.
DATA = "data.json"
#: Number of the format of `tuning.json` and of all files of its search.
FORMAT = 1
TUNERS = ("bayesian", "random")


@dataclasses.dataclass(frozen=True)
class Settings:
    """Definition of a search.

    Args:
        recipe: Recipe that is searched around. Its `train.seed` is also the seed of the search.
        space: Space of the search. Defaults to `Space()`: code size, depth and node counts.
        trials: Number of trials. Defaults to 30.
        objective: Name of an objective of `kerasae.tuning.objective`, by which trials are compared. Defaults
            to `None`: `reconstruction`, or `error` if losses with different units are compared.
        tuner: Method that chooses trials: `"bayesian"` for Bayesian optimisation, or `"random"`. Defaults to
            `"bayesian"`.
        budget: Bounds on the cost of the exported model. Defaults to `Budget()`: no bounds.
        tensorboard: Whether to write logs for TensorBoard, with its HParams view. It needs the extra
            `tensorboard`. Defaults to False.

    Raises:
        ValueError: If a number is out of range or a name is unknown.
    """

    recipe: Recipe
    space: Space = dataclasses.field(default_factory=Space)
    trials: int = 30
    objective: str | None = None
    tuner: str = "bayesian"
    budget: Budget = dataclasses.field(default_factory=Budget)
    tensorboard: bool = False

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise ValueError(f"`trials` must be a positive integer, received {self.trials!r}.")
        if self.tuner not in TUNERS:
            raise ValueError(f"`tuner` must be one of {', '.join(TUNERS)}, received {self.tuner!r}.")

    @property
    def common(self) -> Recipe:
        """Recipe that is searched around, with splits that suit all windows of the space.

        Raises:
            ValueError: If the space has windows, but the examples are none of a log.
        """
        return with_common_splits(self.recipe, self.space.windows)

    @property
    def seed(self) -> int:
        """Seed of the draws and of the weights of every trial."""
        return int(self.recipe.train.get("seed", 0))

    def objective_for(self, data: Data) -> Objective:
        """Return the objective by which trials on these data are compared."""
        if self.space.windows and self.objective not in (None, *OBJECTIVES):
            raise ValueError(
                f"The objective '{self.objective}' has no common unit over several windows; take --objective "
                "error."
            )
        if self.objective is not None:
            chosen = objective(self.objective, data)
            if chosen.name == "reconstruction" and len(self._losses(data)) > 1:
                raise ValueError(
                    f"The objective 'reconstruction' has no common unit over the losses "
                    f"{', '.join(self._losses(data))}; take --objective error."
                )
            return chosen
        mixed = self.space.windows or len(self._losses(data)) > 1
        return objective("error" if mixed else "reconstruction", data)

    def _losses(self, data: Data) -> list[str]:
        from kerasae.tuning.spaces import losses

        names = set(losses(data.spec, self.recipe)) if "loss" in self.space.also else set()
        for family in self.space.families or [self.recipe.model["name"]]:
            names.add(self.recipe.override({"model.name": family}).fill(data).loss["name"])
        return sorted(names)

    def load(self, folder: Path) -> Data:
        """Return the data of the search in a folder, the same for all its trials.

        Raises:
            ValueError: If they have changed since the search began.
        """
        source = Source.read(folder / DATA)
        if source is not None and self.space.windows:
            # The best recipe, which lies in the same folder, may have other windows.
            source = Source(source.files)
        return self.common.load(source)

    def hypermodel(self, data: Data | None = None) -> AutoencoderHyperModel:
        """Return the hypermodel of the search. Without `data`, the data are loaded."""
        data = self.common.load() if data is None else data
        name = self.objective_for(data).name
        return AutoencoderHyperModel(self.common, data, space=self.space, objective=name)

    # Files ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as values of JSON."""
        values = dataclasses.asdict(self) | {"recipe": self.recipe.to_dict()}
        return json.loads(json.dumps(values))

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_json(path, numbered(self.to_dict(), FORMAT))

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read the file of `save`.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If the file is damaged, or a newer kerasae wrote it.
        """
        if not path.is_file():
            raise FileNotFoundError(f"Expected a search, with its tuning.json, found none at {path}.")
        values = unnumbered(read_json(path), FORMAT, path)
        try:
            space = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in values["space"].items()
            }
            return cls(
                **{
                    **values,
                    "recipe": Recipe(**values["recipe"]),
                    "space": Space(**space),
                    "budget": Budget(**values["budget"]),
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Expected the settings of a search in {path}, received something else ({error}); restore "
                "the file."
            ) from None
