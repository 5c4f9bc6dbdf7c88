"""Space: the code sizes, networks and settings that a search tries."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras_tuner
from kerasae.tuning.arguments import draw_arguments
from kerasae.tuning.ranges import draw_log_float
from kerasae.tuning.shape import DEPTHS
from kerasae.tuning.shapes import Shape, shape_of
from kerasae.tuning.windows import code_of

from kerasae import registry
from kerasae.recipe import Recipe
from kerasae.spec import Spec

_LEARNING_RATES = (3e-4, 1e-2)
_ACTIVATIONS = ("relu", "elu", "tanh", "silu")
#: Names of what can be searched in addition to code size, depth and node counts.
ALSO = ("activation", "learning_rate", "loss", "noise", "weights")


@dataclasses.dataclass(frozen=True)
class Space:
    """Space of a search: code size, depth and node counts, and more on request.

    The widths of the hidden layers fall towards the code. The decoder mirrors the encoder.

    Args:
        latent_dims: Code sizes to try. If the code is a map: numbers to try for each place of the recipe's
            map; the code size counts all places, and a map with fewer places has more numbers for each.
            Defaults to `None`: the powers of two from 2 to 64 that are smaller than an example, and from 1 to
            16 for each place of a map.
        depths: Smallest and largest number of hidden layers on each side, or of blocks. Defaults to (1, 4),
            which stands for 1 to 3 blocks.
        widest: Smallest and largest number of nodes of the first hidden layer or of each block, or of filters
            of the first level. Defaults to `None`: from 16 to four times the size of an example, with 64 to
            1,024 as limits; for tables from 16 to 512; for blocks from 128 to 1,024; for filters from 8 to
            64.
        families: Names of the families to try. Defaults to `()`: the family of the recipe.
        windows: Lengths of windows to try for a log of sensors, in steps. The code sizes are those for the
            window of the recipe; the code of another window has as many numbers per reading. Trials are
            compared by the error per reading of the same validation rows, in which each reading counts once.
            Rows in stretches that are shorter than a window are left out. Defaults to `()`: the window of
            the recipe.
        also: Names of what else is searched. `activation` and `learning_rate` are settings of network and
            training, `loss` is any loss that can take the data, `noise` the level of the corruption, and
            `weights` stands for the other arguments of the family. Defaults to `()`.

    Raises:
        ValueError: If bounds are out of order, or a name is unknown.
    """

    latent_dims: Sequence[int] | None = None
    depths: tuple[int, int] = DEPTHS
    widest: tuple[int, int] | None = None
    families: Sequence[str] = ()
    also: Sequence[str] = ()
    windows: Sequence[int] = ()

    def __post_init__(self) -> None:
        for name in self.also:
            if name not in ALSO:
                raise ValueError(f"Unknown name {name!r} in `also`; {registry.did_you_mean(name, [*ALSO])}")
        for name in self.families:
            registry.resolve("model", name)
        for key, least in (("depths", 0), ("widest", 1)):
            bounds = getattr(self, key)
            if bounds is not None and not least <= bounds[0] <= bounds[1]:
                raise ValueError(f"`{key}` must be two numbers from {least} on, in order; received {bounds}.")
        if self.latent_dims is not None and (not self.latent_dims or min(self.latent_dims) < 1):
            raise ValueError(f"`latent_dims` must be positive, received {list(self.latent_dims)}.")
        if self.windows and min(self.windows) < 2:
            raise ValueError(f"`windows` must be at least 2 steps, received {list(self.windows)}.")

    def sizes(self, recipe: Recipe, spec: Spec) -> list[int]:
        """Return the code sizes to try, in order.

        Args:
            recipe: Recipe that is searched around.
            spec: Description of the examples.
        """
        return self._shape(recipe, spec).sizes(self.latent_dims)

    def draw(self, hp: keras_tuner.HyperParameters, recipe: Recipe, spec: Spec) -> dict[str, Any]:
        """Draw the hyperparameters of a trial, and return them as settings for `Recipe.override`.

        Args:
            hp: Hyperparameters of a trial.
            recipe: Recipe that is searched around.
            spec: Description of the examples.
        """
        shape = self._shape(recipe, spec)
        latent_dim = int(hp.Choice("latent_dim", shape.sizes(self.latent_dims), ordered=True))
        settings: dict[str, Any] = {"network.latent_dim": latent_dim}
        settings |= shape.draw(hp, latent_dim)
        if self.windows:
            window = int(hp.Choice("window", sorted({*self.windows}), ordered=True))
            settings["data.window"] = window
            settings["network.latent_dim"] = code_of(latent_dim, window, spec)
        if "activation" in self.also:
            own = recipe.network.get("activation", _ACTIVATIONS[0])
            choices = list(dict.fromkeys([own, *_ACTIVATIONS]))
            settings["network.activation"] = hp.Choice("activation", choices, default=own)
        if "learning_rate" in self.also:
            own = recipe.train.get("learning_rate", 1e-3)
            settings["train.learning_rate"] = draw_log_float(hp, "learning_rate", _LEARNING_RATES, own)
        family = recipe.model["name"]
        if self.families:
            first = family if family in self.families else self.families[0]
            family = hp.Choice("family", list(self.families), default=first)
            if family != recipe.model["name"]:
                settings["model.name"] = family
        if "loss" in self.also:
            settings["loss.name"] = hp.Choice("loss", losses(spec, recipe))
        return settings | draw_arguments(hp, recipe, family, self.families, self.also)

    def start(self, recipe: Recipe, spec: Spec, latent_dim: int) -> dict[str, Any]:
        """Return hyperparameters with which `draw` gives the recipe's own network, if the space allows it.

        Hyperparameters that are not among them have the recipe's value as their default.

        Args:
            recipe: Recipe that is searched around.
            spec: Description of the examples.
            latent_dim: Code size.
        """
        values = {"latent_dim": latent_dim, **self._shape(recipe, spec).start(latent_dim)}
        if self.windows:
            values["window"] = min(self.windows, key=lambda window: abs(window - spec.shape[0]))
        return values

    def _shape(self, recipe: Recipe, spec: Spec) -> Shape:
        return shape_of(recipe, spec, self.depths, self.widest)


def losses(spec: Spec, recipe: Recipe) -> list[str]:
    """Return the names of the losses that can take the examples, that of the recipe first."""
    own = recipe.fill(spec).loss["name"]
    suitable = [own]
    # A known range is rescaled to [0, 1]. The range of other data is unknown.
    ranged = spec.low is not None and spec.high is not None and not recipe.preprocessing.get("name")
    for name in registry.names("loss"):
        member: Any = registry.resolve("loss", name)
        free = math.isinf(member.low) and math.isinf(member.high)
        if name != own and spec.kind in member.kinds and (free or (ranged and member.low <= 0)):
            suitable.append(name)
    return suitable
