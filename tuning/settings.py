"""Settings: all that defines a search, in the file that its chief and its workers share."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from kerasae.tuning.budget import Budget
from kerasae.tuning.hypermodel import AutoencoderHyperModel
from kerasae.tuning.objectives import Objective, objective
from kerasae.tuning.spaces import Space

from kerasae.data import Data, Source
from kerasae.files import read_json, write_json
from kerasae.recipe import Recipe

#: Name of the file, in the folder of a search, that says what its data were read from.
DATA = "data.json"
TUNERS = ("bayesian", "random")


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that defines a search.

    Args:
        recipe: Recipe that is searched around; its `train.seed` is the seed of the search too.
        space: Space that is searched. Defaults to code size, depth and node counts.
        trials: Number of trials. Defaults to 30.
        objective: Name of the figure by which trials are compared, as `kerasae.tuning.objective` takes it.
            Defaults to `reconstruction`, and to `error` where losses with different units are compared.
        tuner: `bayesian` for draws that results guide, or `random`. Defaults to `bayesian`.
        budget: Bounds on the cost of the exported model. Defaults to none.
        tensorboard: Whether TensorBoard's logs are written, with its HParams view. Defaults to no.

    Raises:
        ValueError: For a number out of range or an unknown name.
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
    def seed(self) -> int:
        """Seed of the draws, and of the weights of every trial."""
        return int(self.recipe.train.get("seed", 0))

    def objective_for(self, data: Data) -> Objective:
        """Return what trials on these data are compared by."""
        if self.objective is not None:
            chosen = objective(self.objective, data)
            if chosen.name == "reconstruction" and len(self._losses(data)) > 1:
                raise ValueError(
                    f"The objective 'reconstruction' has no common unit over the losses "
                    f"{', '.join(self._losses(data))}; take --objective error."
                )
            return chosen
        return objective("error" if len(self._losses(data)) > 1 else "reconstruction", data)

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
        return self.recipe.load(Source.read(folder / DATA))

    def hypermodel(self, data: Data | None = None) -> AutoencoderHyperModel:
        """Return the hypermodel of the search; it loads the data unless they are given."""
        data = self.recipe.load() if data is None else data
        name = self.objective_for(data).name
        return AutoencoderHyperModel(self.recipe, data, space=self.space, objective=name)

    # Files ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        values = dataclasses.asdict(self) | {"recipe": self.recipe.to_dict()}
        return json.loads(json.dumps(values))

    def save(self, path: Path) -> None:
        """Write the settings as JSON."""
        write_json(path, self.to_dict())

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """Read what `save` wrote.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is damaged.
        """
        if not path.is_file():
            raise FileNotFoundError(f"Expected a search, with its tuning.json, found none at {path}.")
        values = read_json(path)
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
