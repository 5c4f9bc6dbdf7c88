"""Spaces: from the hyperparameters that a tuner draws to settings of a recipe."""

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import Any

import keras_tuner

from kerasae import registry
from kerasae.networks import default as default_network
from kerasae.recipe import Recipe
from kerasae.spec import Spec

#: Share of a layer's nodes that the next one has.
_RATIOS = (0.3, 0.95)
_LEARNING_RATES = (3e-4, 1e-2)
_ACTIVATIONS = ("relu", "elu", "tanh", "silu")
#: What can be searched beside code size, depth and node counts.
ALSO = ("activation", "learning_rate", "weights")


@dataclasses.dataclass(frozen=True)
class Space:
    """What is searched: code size, depth and node counts, and more when asked.

    The hidden layers fall towards the code: the widest is drawn, and for each further one the share
    of the nodes before it, so that no combination is out of order and a deeper network shares what
    was learned of the shallower. The decoder is the encoder's mirror image.

    Args:
        latent_dims: the code sizes that are tried; by default the powers of two from 2 to 64 that
            are smaller than an example.
        depths: least and most hidden layers on each side.
        widest: least and most nodes of the first hidden layer; by default 16 to four times the
            example, at most 1,024.
        families: the families that are tried; by default the recipe's own.
        also: any of `activation`, `learning_rate`, and `weights`, the family's own arguments.

    Raises:
        ValueError: for bounds out of order, or an unknown name.
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

    def draw(self, hp: keras_tuner.HyperParameters, recipe: Recipe, spec: Spec) -> dict[str, Any]:
        """Settings for `Recipe.override`, from what a tuner draws.

        Args:
            hp: of a trial.
            recipe: that is searched around.
            spec: of the examples.
        """
        sizes = self.latent_dims or code_sizes(spec)
        latent_dim = int(hp.Choice("latent_dim", [int(size) for size in sizes], ordered=True))
        found: dict[str, Any] = {"network.latent_dim": latent_dim}
        name = recipe.network.get("name") or default_network(spec)
        known = registry.parameters(registry.resolve("network", name))
        if "widths" in known:
            found["network.widths"] = self._falling(hp, spec, latent_dim)
        elif "filters" in known:
            found["network.filters"] = self._rising(hp, spec)
        elif {"hidden", "blocks"} <= set(known):
            found["network.blocks"] = _int(hp, "blocks", 1, 3)
            found["network.hidden"] = _int(hp, "hidden", 128, 1024, doubled=True)
        else:
            raise ValueError(
                f"Expected a network with `widths`, `filters`, or `hidden` and `blocks`, received '{name}'."
            )
        if "activation" in self.also:
            found["network.activation"] = hp.Choice("activation", list(_ACTIVATIONS))
        if "learning_rate" in self.also:
            found["train.learning_rate"] = hp.Float("learning_rate", *_LEARNING_RATES, sampling="log")
        family = recipe.model["name"]
        if self.families:
            family = hp.Choice("family", list(self.families))
            if family != recipe.model["name"]:
                found["model.name"] = family
        if "weights" in self.also:
            for one in self.families or [family]:
                with hp.conditional_scope("family", [one]) if self.families else contextlib.nullcontext():
                    drawn = _weights(hp, one)
                if one == family:
                    found.update(drawn)
        return found

    def _falling(self, hp: Any, spec: Spec, latent_dim: int) -> list[int]:
        depth = _int(hp, "depth", *self.depths)
        low, high = self.widest or (16, max(16, min(1024, 4 * spec.size)))
        width = _int(hp, "width", low, high, doubled=True)
        widths = [max(width, latent_dim)]
        for number in range(2, self.depths[1] + 1):
            with hp.conditional_scope("depth", list(range(number, self.depths[1] + 1))):
                ratio = hp.Float(f"ratio_{number}", *_RATIOS)
            if number <= depth:
                widths.append(max(round(widths[-1] * ratio), latent_dim))
        return widths[:depth]

    def _rising(self, hp: Any, spec: Spec) -> list[int]:
        # As many levels as leave something to halve.
        most = max(1, min(self.depths[1], (max(spec.shape[:2]) - 1).bit_length()))
        levels = _int(hp, "depth", min(max(1, self.depths[0]), most), most)
        first = _int(hp, "width", 8, 64, doubled=True)
        return [min(first * 2**level, 256) for level in range(levels)]


def code_sizes(spec: Spec) -> list[int]:
    """The powers of two from 2 to 64 that are smaller than an example; 1 where none is."""
    words = spec.kind == "text"
    return [size for size in (2, 4, 8, 16, 32, 64) if words or size < spec.size] or [1]


def _int(hp: Any, name: str, low: int, high: int, *, doubled: bool = False) -> int:
    """A whole number from one bound to the other, or one of those got by doubling the lower bound.

    KerasTuner's GridSearch gives 32.0 for such a number.
    """
    if low == high:
        # Known to the tuner all the same: what depends on it would be drawn by nobody.
        return int(hp.Fixed(name, low))
    return int(hp.Int(name, low, high, **({"step": 2, "sampling": "log"} if doubled else {})))


def _weights(hp: Any, family: str) -> dict[str, Any]:
    """The family's own arguments, from `searched` of its class."""
    searched: dict[str, tuple[float, float]] = registry.resolve("model", family).searched  # type: ignore[attr-defined]
    return {
        f"model.{name}": hp.Float(f"{family}_{name}", low, high, sampling="log")
        for name, (low, high) in searched.items()
    }
