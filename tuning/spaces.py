"""Spaces: from the hyperparameters that a tuner draws to settings of a recipe."""

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import keras_tuner

from kerasae import registry
from kerasae.kinds import kind_of
from kerasae.recipe import Recipe
from kerasae.spec import Spec

#: Least and greatest ratio of the nodes of a layer to those of the one before.
_RATIOS = (0.05, 1.0)
_LEARNING_RATES = (3e-4, 1e-2)
_ACTIVATIONS = ("relu", "elu", "tanh", "silu")
#: What can be searched beside code size, depth and node counts.
ALSO = ("activation", "learning_rate", "loss", "noise", "weights")


@dataclasses.dataclass(frozen=True)
class Space:
    """The space that is searched: code size, depth and node counts, and more when asked.

    The hidden layers fall towards the code: the widest is drawn, and for each further one the share
    of the nodes before it, so that no combination is out of order and a deeper network shares what
    was learned of the shallower. The decoder is the encoder's mirror image.

    Args:
        latent_dims: Code sizes to try. Defaults to the powers of two from 2 to 64 that are smaller than an
            example.
        depths: Least and greatest number of hidden layers on each side. Defaults to 1 and 4.
        widest: Least and greatest number of nodes of the first hidden layer. Defaults to 16 and four times
            the example, at least 64 and at most 1,024; for tables to 16 and 512.
        families: Families to try. Defaults to the recipe's own.
        also: Names of what else is searched: `activation`; `learning_rate`; `loss`, among those that can take
            the data; `noise`, the level of the corruption; `weights`, the family's other arguments. Defaults
            to nothing.

    Raises:
        ValueError: For bounds out of order, or an unknown name.
    """

    latent_dims: Sequence[int] | None = None
    depths: tuple[int, int] = (1, 4)
    widest: tuple[int, int] | None = None
    families: Sequence[str] = ()
    also: Sequence[str] = ()

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

    def sizes(self, spec: Spec) -> list[int]:
        """Return the code sizes to try, in order."""
        return sorted({int(size) for size in self.latent_dims or code_sizes(spec)})

    def draw(self, hp: keras_tuner.HyperParameters, recipe: Recipe, spec: Spec) -> dict[str, Any]:
        """Draw the hyperparameters of a trial, and return them as settings for `Recipe.override`.

        Args:
            hp: Hyperparameters of a trial.
            recipe: Recipe that is searched around.
            spec: Spec of the examples.
        """
        latent_dim = int(hp.Choice("latent_dim", self.sizes(spec), ordered=True))
        found: dict[str, Any] = {"network.latent_dim": latent_dim}
        shape = _shape(recipe, spec)
        if shape == "widths":
            found["network.widths"] = self._falling(hp, spec, latent_dim)
        elif shape == "filters":
            found["network.filters"] = self._rising(hp, spec)
        else:
            found["network.blocks"] = _int(hp, "blocks", 1, 3)
            found["network.hidden"] = _int(hp, "hidden", 128, 1024, log=True)
        if "activation" in self.also:
            own = recipe.network.get("activation", _ACTIVATIONS[0])
            found["network.activation"] = hp.Choice(
                "activation", list(dict.fromkeys([own, *_ACTIVATIONS])), default=own
            )
        if "learning_rate" in self.also:
            found["train.learning_rate"] = _log_float(
                hp, "learning_rate", _LEARNING_RATES, recipe.train.get("learning_rate", 1e-3)
            )
        family = recipe.model["name"]
        if self.families:
            first = family if family in self.families else self.families[0]
            family = hp.Choice("family", list(self.families), default=first)
            if family != recipe.model["name"]:
                found["model.name"] = family
        if "loss" in self.also:
            found["loss.name"] = hp.Choice("loss", losses(spec, recipe))
        self._draw_arguments(hp, recipe, family, found)
        return found

    def _draw_arguments(self, hp: Any, recipe: Recipe, family: str, found: dict[str, Any]) -> None:
        """The arguments of each family, in a scope of its own."""
        noisy = False
        for one in self.families or [family]:
            with hp.conditional_scope("family", [one]) if self.families else contextlib.nullcontext():
                drawn = {}
                for name, bounds in _searched(recipe, one).items():
                    is_noise = name.split(".")[-1] == "level"
                    noisy |= is_noise
                    if ("noise" if is_noise else "weights") in self.also:
                        drawn[f"model.{name}"] = _log_float(
                            hp, f"{one}_{name.split('.')[-1]}", bounds, _own(recipe, one, name)
                        )
            if one == family:
                found.update(drawn)
        if "noise" in self.also and not noisy:
            raise ValueError(
                "Expected a model with noise to search its level, received none; take --model denoising, or "
                "--set model.corruption=masking."
            )

    def _falling(self, hp: Any, spec: Spec, latent_dim: int) -> list[int]:
        depth = _int(hp, "depth", *self.depths)
        width = _int(hp, "width", *self._widest(spec), log=True)
        widths = [max(width, latent_dim)]
        for number in range(2, self.depths[1] + 1):
            with hp.conditional_scope("depth", list(range(number, self.depths[1] + 1))):
                ratio = hp.Float(f"ratio_{number}", *_RATIOS)
            if number <= depth:
                widths.append(max(round(widths[-1] * ratio), latent_dim))
        return widths[:depth]

    def _widest(self, spec: Spec) -> tuple[int, int]:
        return self.widest or (16, kind_of(spec).widest)

    def _rising(self, hp: Any, spec: Spec) -> list[int]:
        levels = _int(hp, "depth", *self._levels(spec))
        first = _int(hp, "width", 8, 64, log=True)
        return [min(first * 2**level, 256) for level in range(levels)]

    def _levels(self, spec: Spec) -> tuple[int, int]:
        # As many levels as leave something to halve.
        most = max(1, min(self.depths[1], (max(spec.shape[:2]) - 1).bit_length()))
        return min(max(1, self.depths[0]), most), most

    def start(self, recipe: Recipe, spec: Spec, latent_dim: int) -> dict[str, Any]:
        """Return hyperparameters with which `draw` gives the recipe's own network, if the space allows.

        What is not among them has the recipe's value as its default.

        Args:
            recipe: Recipe that is searched around.
            spec: Spec of the examples.
            latent_dim: Size of the code.
        """
        values: dict[str, Any] = {"latent_dim": latent_dim}
        shape = _shape(recipe, spec)
        if shape == "widths":
            widths = _own_widths(recipe, spec, latent_dim, self.depths)
            low, high = self._widest(spec)
            values |= {"depth": len(widths), "width": min(max(widths[0], low), high) if widths else low}
            wider = values["width"]
            for number, width in enumerate(widths[1:], 2):
                values[f"ratio_{number}"] = min(max(width / wider, _RATIOS[0]), _RATIOS[1])
                wider = width
        elif shape == "filters":
            low, high = self._levels(spec)
            usual = math.ceil(math.log2(max(max(spec.shape[:2]) / 4, 2)))
            filters = recipe.network.get("filters") or [32] * usual
            values |= {"depth": min(max(len(filters), low), high), "width": min(max(filters[0], 8), 64)}
        else:
            parameters = registry.parameters(registry.resolve("network", _network(recipe, spec)))
            for name, low, high in (("blocks", 1, 3), ("hidden", 128, 1024)):
                values[name] = min(max(recipe.network.get(name, parameters[name].default), low), high)
        return values


def code_sizes(spec: Spec) -> list[int]:
    """Return the powers of two from 2 to 64 that are smaller than an example, or 1 if none is."""
    largest = kind_of(spec).largest_code
    return [size for size in (2, 4, 8, 16, 32, 64) if largest is None or size <= largest] or [1]


def losses(spec: Spec, recipe: Recipe) -> list[str]:
    """Return the losses that can take examples of a spec, the recipe's own first."""
    own = recipe.fill(spec).loss["name"]
    found = [own]
    for name in registry.names("loss"):
        member: Any = registry.resolve("loss", name)
        free = math.isinf(member.low) and math.isinf(member.high)
        # Whole ranges become [0, 1]; of other data nothing is known.
        ranged = spec.low is not None and spec.high is not None and not recipe.preprocessing.get("name")
        if name != own and spec.kind in member.kinds and (free or (ranged and member.low <= 0)):
            found.append(name)
    return found


def _network(recipe: Recipe, spec: Spec) -> str:
    return recipe.network.get("name") or kind_of(spec).network


def _shape(recipe: Recipe, spec: Spec) -> str:
    """What of a network is searched: `widths`, `filters`, or `hidden` and its `blocks`."""
    name = _network(recipe, spec)
    known = registry.parameters(registry.resolve("network", name))
    for shape, needed in (("widths", {"widths"}), ("filters", {"filters"}), ("hidden", {"hidden", "blocks"})):
        if needed <= set(known):
            return shape
    raise ValueError(
        f"Expected a network with `widths`, `filters`, or `hidden` and `blocks`, received '{name}'."
    )


def _own_widths(recipe: Recipe, spec: Spec, latent_dim: int, depths: tuple[int, int]) -> list[int]:
    """Nodes of the hidden layers that the recipe's network has by itself, as many as are allowed."""
    section = {key: value for key, value in recipe.fill(spec).network.items() if key != "name"}
    given = section.pop("widths", None)
    depth = len(given) if given is not None else section.pop("depth", 2)
    section |= {"depth": min(max(depth, depths[0]), depths[1]), "latent_dim": latent_dim}
    if given is not None and section["depth"] == len(given):
        return [int(width) for width in given]
    network: Any = registry.resolve("network", _network(recipe, spec))
    encoder = network(spec, **section).encoder
    return [int(layer.units) for layer in encoder.layers if isinstance(layer, keras.layers.Dense)]


def _int(hp: Any, name: str, low: int, high: int, *, log: bool = False) -> int:
    """A whole number from one bound to the other; KerasTuner's GridSearch gives floats for some."""
    if low == high:
        # Known to the tuner all the same: what depends on it would be drawn by nobody.
        return int(hp.Fixed(name, low))
    # From the upper end of a log scale it makes the bound plus 1.
    return min(int(hp.Int(name, low, high, sampling="log" if log else "linear")), high)


def _log_float(hp: Any, name: str, bounds: tuple[float, float], own: Any) -> float | None:
    """A number on a log scale, the recipe's own by default; `None` in a scope that is not active."""
    low, high = bounds
    default = float(own) if isinstance(own, int | float) and low <= own <= high else math.sqrt(low * high)
    value: float | None = hp.Float(name, low, high, sampling="log", default=default)
    return value


def _searched(recipe: Recipe, family: str) -> dict[str, tuple[float, float]]:
    """The arguments of a family that can be searched, with their bounds."""
    found: dict[str, tuple[float, float]] = dict(registry.resolve("model", family).searched)  # type: ignore[attr-defined]
    if "level" not in found and family == recipe.model["name"] and recipe.model.get("corruption"):
        found["corruption.level"] = (0.02, 0.5)
    return found


def _own(recipe: Recipe, family: str, name: str) -> Any:
    """The recipe's value of a family's argument, or its default."""
    if family == recipe.model["name"]:
        value: Any = recipe.model
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if value is not None:
            return value
    parameter = registry.parameters(registry.resolve("model", family)).get(name)
    return None if parameter is None else parameter.default
