"""Settings: what a search is, in the file that chief and workers share."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from kerasae.tuning.hypermodel import AutoencoderHyperModel
from kerasae.tuning.objectives import Objective, objective
from kerasae.tuning.spaces import Space

from kerasae.data import Data, Source
from kerasae.files import read_json, write_json
from kerasae.recipe import Recipe

#: What the data of a search were read from, in its folder.
DATA = "data.json"
TUNERS = ("bayesian", "random")
PRECISIONS = {"float32": 4.0, "float16": 2.0, "dynamic": 1.0, "int8": 1.0}


@dataclasses.dataclass(frozen=True)
class Budget:
    """What the exported TFLite file may cost; `None` where it may cost anything.

    Args:
        parameters: of the model.
        bytes: of the file with all its signatures.
        latency_ms: of a row on one thread, measured on the machine that runs the trial.
        precision: of the file.

    Raises:
        ValueError: for a bound that is not positive, or an unknown precision.
    """

    parameters: int | None = None
    bytes: int | None = None
    latency_ms: float | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(
                f"`precision` must be one of {', '.join(PRECISIONS)}, received {self.precision!r}."
            )
        for name, bound in self.bounds().items():
            if not bound > 0:
                raise ValueError(f"The budget for `{name}` must be positive, received {bound!r}.")

    def bounds(self) -> dict[str, float]:
        """The bounds that there are, by the name of a trial's figure."""
        found = {"parameters": self.parameters, "bytes": self.bytes, "latency_ms": self.latency_ms}
        return {name: bound for name, bound in found.items() if bound is not None}

    @property
    def converts(self) -> bool:
        """Whether a trial must be converted to know its cost."""
        return self.bytes is not None or self.latency_ms is not None

    @property
    def most_parameters(self) -> float:
        """More than so many fit in no case: a file holds them all."""
        # The scales of a quantised file come on top; biases stay in float32.
        by_bytes = float("inf") if self.bytes is None else self.bytes / PRECISIONS[self.precision]
        return min(by_bytes, float("inf") if self.parameters is None else self.parameters)

    def excess(self, costs: dict[str, float]) -> str:
        """What is over the budget, in words, or nothing."""
        return "; ".join(
            f"{name} {_plain(costs[name])} of at most {_plain(bound)}"
            for name, bound in self.bounds().items()
            if name in costs and costs[name] > bound
        )


def _plain(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a search is.

    Args:
        recipe: that is searched around; its `train.seed` is the seed of the search too.
        space: what is searched.
        trials: how many.
        objective: what they are compared by, a name of `kerasae.tuning.objective`; `None` takes
            `reconstruction`, and `error` where losses with different units are compared.
        tuner: `bayesian`, draws guided by the results so far, or `random`.
        budget: what the exported model may cost.
        tensorboard: whether TensorBoard's logs are written, with its HParams view.

    Raises:
        ValueError: for a number out of range or an unknown name.
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
        """Of the draws, and of the weights of every trial."""
        return int(self.recipe.train.get("seed", 0))

    def objective_for(self, data: Data) -> Objective:
        """What trials are compared by, for these data."""
        if self.objective is not None:
            found = objective(self.objective, data)
            if found.name == "reconstruction" and len(self._losses(data)) > 1:
                raise ValueError(
                    f"The objective 'reconstruction' has no common unit over the losses "
                    f"{', '.join(self._losses(data))}; take --objective error."
                )
            return found
        return objective("error" if len(self._losses(data)) > 1 else "reconstruction", data)

    def _losses(self, data: Data) -> list[str]:
        from kerasae.tuning.spaces import losses

        found = set(losses(data.spec, self.recipe)) if "loss" in self.space.also else set()
        for family in self.space.families or [self.recipe.model["name"]]:
            found.add(self.recipe.override({"model.name": family}).fill(data).loss["name"])
        return sorted(found)

    def load(self, folder: Path) -> Data:
        """The data of the search in a folder, the same in all its trials.

        Raises:
            ValueError: if they have changed since the search began.
        """
        return self.recipe.load(Source.read(folder / DATA))

    def hypermodel(self, data: Data | None = None) -> AutoencoderHyperModel:
        """The hypermodel of the search; loads the data unless they are given."""
        data = self.recipe.load() if data is None else data
        name = self.objective_for(data).name
        return AutoencoderHyperModel(self.recipe, data, space=self.space, objective=name)

    # Files ---------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        values = dataclasses.asdict(self) | {"recipe": self.recipe.to_dict()}
        return json.loads(json.dumps(values))

    def save(self, path: Path) -> None:
        """Writes the settings as JSON."""
        write_json(path, self.to_dict())

    @classmethod
    def read(cls, path: Path) -> "Settings":
        """The inverse of `save`.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is damaged.
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
